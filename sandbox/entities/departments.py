"""Departments, set up elsewhere and read here."""

from sandbox.entities.base import CREATED, NUMBER_ID, READ, TENANT, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Kind
from sandbox.ids import NUMBER

DEPARTMENTS = Entity(
    name="department",
    plural="departments",
    path="/api/hr/departments",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("title", Kind.TEXT),
        computed("code", Kind.TEXT),
        computed("parentId", Kind.REFERENCE, refers="department", number=True),
        computed("headEmployeeId", Kind.REFERENCE, refers="employee"),
        computed("headcount", Kind.INTEGER, default=0),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "title"),
    list_filters=(),
    searched=(),
    operations=READ,
    style="whole",
)
