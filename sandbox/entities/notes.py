"""Notes: free text about a contact, a company or a deal."""

from collections.abc import Mapping
from typing import Any

from sandbox.entities.base import COMPANY, CONTACT, CREATED, DEAL, ID, TENANT, UNDOCUMENTED, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row, Scene


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], _scene: Scene) -> None:
    row["pinned"] = bool(row["pinned"])


NOTES = Entity(
    name="note",
    plural="notes",
    fields=(
        ID,
        TENANT,
        Field("content", Kind.LONG_TEXT, required=True),
        Field("pinned", Kind.FLAG, default=False),
        CONTACT,
        COMPANY,
        DEAL,
        Field("authorId", Kind.REFERENCE, refers="user", writable=False),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt"),
    list_filters=("pinned", "contactId", "companyId", "dealId", "authorId"),
    searched=("content",),
    operations=UNDOCUMENTED,
    creator="authorId",
    settle=_settle,
)
