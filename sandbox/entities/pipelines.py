"""Pipelines: set up by the workspace's owner elsewhere, read here."""

from sandbox.entities.base import CREATED, ID, TENANT, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind

PIPELINES = Entity(
    name="pipeline",
    plural="pipelines",
    fields=(
        ID,
        TENANT,
        Field("name", Kind.TEXT, writable=False),
        Field("isDefault", Kind.FLAG, writable=False),
        Field("stages", Kind.OBJECT, writable=False),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name"),
    list_filters=("name", "isDefault"),
    searched=("name",),
    operations={"list": False, "get": False},
)
