"""SLA policies, set up elsewhere and read here."""

from sandbox.entities.base import CREATED, ID, READ, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import CUID

SLA_POLICIES = Entity(
    name="sla_policy",
    plural="sla_policies",
    path="/api/support/sla-policies",
    key=CUID,
    fields=(
        ID,
        TENANT,
        computed("name", Kind.TEXT),
        computed("description", Kind.LONG_TEXT),
        computed("isDefault", Kind.FLAG, default=False),
        computed("isActive", Kind.FLAG, default=True),
        computed("businessHours", Kind.FLAG, default=False),
        computed("rules", Kind.ROWS),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name"),
    list_filters=(),
    searched=(),
    operations=READ,
    style="whole",
)
