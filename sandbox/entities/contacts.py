"""Contacts: people."""

import re
from collections.abc import Mapping
from typing import Any

from sandbox.entities.base import ASSIGNEE, COMPANY, CREATED, CUSTOM, ID, TENANT, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row, Scene


def _settle(row: Row, before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    row["name"] = f"{row['firstName']} {row['lastName']}" if row["lastName"] else row["firstName"]
    row["tags"] = list(dict.fromkeys(row["tags"]))
    row["ownerRole"] = scene.role_of(row["assigneeId"]) if row["assigneeId"] else None
    row["searchVector"] = CONTACTS.search_text(row)
    if before is None:
        row["leadScore"] = 0


CONTACTS = Entity(
    name="contact",
    plural="contacts",
    fields=(
        ID,
        TENANT,
        Field("firstName", Kind.TEXT, required=True),
        Field("lastName", Kind.TEXT),
        Field("name", Kind.TEXT, writable=False),
        Field(
            "email",
            Kind.TEXT,
            pattern=re.compile(r"[^@\s]+@[^@\s]+"),
            complaint="is not an e-mail address",
        ),
        Field("phoneNumbers", Kind.LIST),
        Field("jobTitle", Kind.TEXT),
        COMPANY,
        ASSIGNEE,
        Field("source", Kind.TEXT),
        Field("lifecycleStage", Kind.TEXT),
        Field("leadScore", Kind.INTEGER, writable=False),
        Field("tags", Kind.LIST),
        CUSTOM,
        Field("lastContactedAt", Kind.INSTANT, writable=False),
        Field("ownerRole", Kind.INTERNAL, writable=False),
        Field("searchVector", Kind.INTERNAL, writable=False),
        Field("internalNotes", Kind.INTERNAL, writable=False),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name", "firstName", "lastName", "leadScore", "lastContactedAt"),
    list_filters=("email", "companyId", "assigneeId", "lifecycleStage", "source", "tags"),
    searched=("name", "email", "phoneNumbers", "jobTitle"),
    operations={"list": True, "create": True, "get": True, "update": True, "delete": True, "search": False},
    prefixes=("name", "email"),
    settle=_settle,
)
