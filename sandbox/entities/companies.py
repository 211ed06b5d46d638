"""Companies: what contacts work for and deals are made with."""

from sandbox.entities.base import CREATED, CUSTOM, ID, TENANT, UNDOCUMENTED, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind

COMPANIES = Entity(
    name="company",
    plural="companies",
    fields=(
        ID,
        TENANT,
        Field("name", Kind.TEXT, required=True),
        Field("domain", Kind.TEXT),
        Field("industry", Kind.TEXT),
        Field("employeeCount", Kind.INTEGER),
        Field("phone", Kind.TEXT),
        Field("website", Kind.TEXT),
        Field("address", Kind.OBJECT, members=("line1", "line2", "city", "state", "postalCode", "country")),
        Field("ownerId", Kind.REFERENCE, refers="user"),
        CUSTOM,
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name", "employeeCount"),
    list_filters=("domain", "industry", "ownerId"),
    searched=("name", "domain", "industry", "phone", "website"),
    operations={**UNDOCUMENTED, "list": True},
    prefixes=("name", "domain"),
)
