"""Tasks: something to do, perhaps about a contact, a company or a deal."""

from collections.abc import Mapping
from typing import Any

from sandbox.entities.base import ASSIGNEE, COMPANY, CONTACT, CREATED, DEAL, ID, TENANT, UNDOCUMENTED, UPDATED
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.scene import Row, Scene


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    for name in ("done", "priority"):
        if row[name] is None:
            row[name] = TASKS.by_name[name].default
    if not row["done"]:
        row["completedAt"] = None
    elif row["completedAt"] is None:
        row["completedAt"] = scene.now


TASKS = Entity(
    name="task",
    plural="tasks",
    fields=(
        ID,
        TENANT,
        Field("title", Kind.TEXT, required=True),
        Field("description", Kind.LONG_TEXT),
        Field("done", Kind.FLAG, default=False),
        Field("priority", Kind.CHOICE, choices=("low", "normal", "high", "urgent"), default="normal"),
        Field("dueDate", Kind.INSTANT),
        ASSIGNEE,
        CONTACT,
        COMPANY,
        DEAL,
        Field("completedAt", Kind.INSTANT, writable=False),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "title", "dueDate"),
    list_filters=("done", "priority", "assigneeId", "contactId", "companyId", "dealId"),
    searched=("title", "description"),
    operations=UNDOCUMENTED,
    prefixes=("title",),
    settle=_settle,
)
