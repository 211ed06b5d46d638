"""Projects: what is done for whom, until when; their progress follows from their tasks."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import violated
from sandbox.entities.base import CREATED, CUSTOM, DEAL, ID, TENANT, UNDOCUMENTED, UPDATED, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import CUID
from sandbox.money import CODES
from sandbox.scene import Row, Scene
from sandbox.states import States

_STATES = States(
    "status",
    {
        "PLANNING": ("ACTIVE", "PAUSED", "DROPPED"),
        "ACTIVE": ("PAUSED", "DONE", "DROPPED"),
        "PAUSED": ("ACTIVE", "DROPPED"),
        "DONE": ("ACTIVE",),
        "DROPPED": ("PLANNING",),
    },
)


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["status"] = "PLANNING"
    if None not in {row["startsOn"], row["endsOn"]} and row["endsOn"] < row["startsOn"]:
        raise violated("endsOn", "must not be before startsOn")
    if row["budget"] is not None and row["currency"] is None:
        raise violated("currency", "is needed beside a budget")
    step = _STATES.step(before, body) if before is not None else None
    if step is not None:
        row["status"] = step
        row["completedAt"] = scene.now if step == "DONE" else None


def progress(done: int, total: int) -> int:
    """Percent, rounded down: 100 only when everything is done."""
    return done * 100 // total if total else 0


PROJECTS = Entity(
    name="project",
    plural="projects",
    path="/api/projects",
    key=CUID,
    fields=(
        ID,
        TENANT,
        Field("title", Kind.TEXT, required=True, longest=255),
        Field("key", Kind.TEXT, longest=20, unique=True),
        Field("summary", Kind.LONG_TEXT, longest=20_000),
        computed("status", Kind.CHOICE, choices=("PLANNING", "ACTIVE", "PAUSED", "DONE", "DROPPED")),
        Field("startsOn", Kind.DATE),
        Field("endsOn", Kind.DATE),
        Field("leadId", Kind.REFERENCE, refers="user"),
        Field("clientCompanyId", Kind.REFERENCE, refers="company"),
        DEAL,
        Field("budget", Kind.MONEY, least=0),
        Field("currency", Kind.TEXT, pattern=CODES, complaint="must be a currency of ISO 4217"),
        Field("isBillable", Kind.FLAG, default=False),
        computed("tasksTotal", Kind.INTEGER, default=0),
        computed("tasksDone", Kind.INTEGER, default=0),
        computed("progressPct", Kind.INTEGER, default=0),
        computed("completedAt", Kind.INSTANT),
        CUSTOM,
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "title", "endsOn"),
    list_filters=("key", "status", "leadId", "clientCompanyId", "dealId"),
    searched=("title", "key", "summary"),
    operations={**UNDOCUMENTED, "list": True, "create": True},
    settle=_settle,
)
