"""Time spent on a task of a project, in whole minutes of one day."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import refused, violated
from sandbox.entities.base import CREATED, NUMBER_ID, TENANT, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import NUMBER
from sandbox.scene import Row, Scene, known

_MAY_LOG_FOR_OTHERS = {"owner", "admin", "manager"}


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    row["workerId"] = row["workerId"] or scene.user_id
    acting = scene.user_id
    if acting not in {None, row["workerId"]} and scene.role_of(str(acting)) not in _MAY_LOG_FOR_OTHERS:
        raise refused("not_allowed", message="Members log their own time only.")
    if not 1 <= row["durationMinutes"] <= 1440:
        raise violated("durationMinutes", "must be from 1 to 1440")
    if row["isBillable"] is None:
        row["isBillable"] = known(scene, "project", row["projectId"])["isBillable"]


def _effects(before: Row | None, after: Row | None, scene: Scene) -> None:
    """Tasks know how much was logged on them."""
    task = scene.row("project_task", (after or before or {})["taskId"])
    if task is not None:
        logged = sum(one["durationMinutes"] for one in scene.rows("time_log", "c_taskId = ?", task["id"]))
        scene.change("project_task", task, loggedMinutes=logged)


TIME_LOGS = Entity(
    name="time_log",
    plural="time_logs",
    path="/api/projects/{projectId}/tasks/{taskId}/timelogs",
    key=NUMBER,
    fields=(
        NUMBER_ID,
        TENANT,
        computed("projectId", Kind.REFERENCE, refers="project", owner=True),
        computed("taskId", Kind.REFERENCE, refers="project_task", owner=True),
        Field("workerId", Kind.REFERENCE, refers="user"),
        Field("durationMinutes", Kind.INTEGER, required=True),
        Field("workDate", Kind.DATE, required=True),
        Field("startedAt", Kind.INSTANT),
        Field("comment", Kind.LONG_TEXT, longest=2000),
        Field("isBillable", Kind.FLAG),
        CREATED,
    ),
    sorts=("createdAt",),
    list_filters=(),
    searched=(),
    operations={"list": False, "create": True, "delete": False},
    style="cursor",
    settle=_settle,
    effects=_effects,
)
