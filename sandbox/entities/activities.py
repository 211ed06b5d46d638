"""Activities: what happened, logged once and never changed."""

from collections.abc import Mapping
from typing import Any

from sandbox.entities.base import COMPANY, CONTACT, CREATED, DEAL, ID, TENANT
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row, Scene


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    if row["happenedAt"] is None:
        row["happenedAt"] = scene.now


ACTIVITIES = Entity(
    name="activity",
    plural="activities",
    fields=(
        ID,
        TENANT,
        Field("kind", Kind.CHOICE, required=True, choices=("call", "email", "meeting", "note", "sms", "system")),
        Field("subject", Kind.TEXT),
        Field("description", Kind.LONG_TEXT),
        Field("direction", Kind.CHOICE, choices=("inbound", "outbound")),
        Field("outcome", Kind.TEXT),
        Field("durationSeconds", Kind.INTEGER),
        Field("happenedAt", Kind.INSTANT),
        CONTACT,
        COMPANY,
        DEAL,
        Field("userId", Kind.REFERENCE, refers="user", writable=False),
        CREATED,
    ),
    sorts=("createdAt", "happenedAt"),
    list_filters=("kind", "contactId", "companyId", "dealId", "userId"),
    searched=("subject", "description", "outcome"),
    operations={"list": False, "create": True, "get": False, "delete": False, "search": False},
    style="cursor",
    creator="userId",
    settle=_settle,
)
