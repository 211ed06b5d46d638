"""Canned responses, written elsewhere and read here."""

from sandbox.entities.base import CREATED, ID, READ, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import NANOID

CANNED_RESPONSES = Entity(
    name="canned_response",
    plural="canned_responses",
    path="/api/support/canned-responses",
    key=NANOID,
    fields=(
        ID,
        TENANT,
        computed("name", Kind.TEXT),
        computed("content", Kind.LONG_TEXT),
        computed("category", Kind.TEXT),
        computed("scope", Kind.CHOICE, choices=("ALL", "TEAM", "SELF")),
        computed("tags", Kind.LIST),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name"),
    list_filters=(),
    searched=(),
    operations=READ,
    style="whole",
)
