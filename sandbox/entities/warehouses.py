"""Warehouses, set up elsewhere and read here."""

from sandbox.entities.base import CREATED, NUMBER_ID, READ, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import NUMBER

WAREHOUSES = Entity(
    name="warehouse",
    plural="warehouses",
    path="/api/inventory/warehouses",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("shortCode", Kind.TEXT),
        computed("label", Kind.TEXT),
        computed("location", Kind.OBJECT, members=("street", "street2", "city", "state", "pincode", "country")),
        computed("primary", Kind.FLAG, default=False),
        computed("isActive", Kind.FLAG, default=True),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "shortCode", "label"),
    list_filters=(),
    searched=(),
    operations=READ,
    style="whole",
)
