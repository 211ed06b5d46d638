"""Tasks of a project, in a tree of a few levels that every list shows flat."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import refused, violated
from sandbox.entities.base import ASSIGNEE, CREATED, ID, TENANT, UPDATED, computed
from sandbox.entities.projects import progress
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import CUID
from sandbox.scene import Row, Scene, known
from sandbox.states import States

_STATES = States(
    "status",
    {
        "TODO": ("IN_PROGRESS", "BLOCKED", "DONE"),
        "IN_PROGRESS": ("TODO", "REVIEW", "BLOCKED", "DONE"),
        "REVIEW": ("IN_PROGRESS", "BLOCKED", "DONE"),
        "BLOCKED": ("TODO", "IN_PROGRESS"),
        "DONE": ("TODO", "IN_PROGRESS"),
    },
)
DEEPEST = 5


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["status"] = "TODO"
        if row["sortIndex"] is None:
            row["sortIndex"] = len(scene.rows("project_task", "c_projectId = ?", row["projectId"]))
    if None not in {row["startDate"], row["dueDate"]} and row["dueDate"] < row["startDate"]:
        raise violated("dueDate", "must not be before startDate")
    if body.get("parentId") is not None:
        _check_parent(row, scene)
    step = _STATES.step(before, body) if before is not None else None
    if step is not None:
        row["status"] = step
        row["completedAt"] = scene.now if step == "DONE" else None


def _check_parent(row: Row, scene: Scene) -> None:
    parent = known(scene, "project_task", row["parentId"])
    if parent["projectId"] != row["projectId"]:
        raise refused("parent_elsewhere", {"parentId": ["is a task of another project"]})
    above, level = parent, 2
    while above["parentId"] is not None and above["id"] != row["id"]:
        above, level = known(scene, "project_task", above["parentId"]), level + 1
    if above["id"] == row["id"]:
        raise refused("parent_cycle", {"parentId": ["is the task itself or beneath it"]})
    if level + _height(row, scene) > DEEPEST:
        raise refused("parent_depth", {"parentId": [f"would make more than {DEEPEST} levels"]})


def _height(row: Row, scene: Scene) -> int:
    """How many levels there are beneath the task."""
    children = scene.rows("project_task", "c_parentId = ?", row["id"])
    return max((_height(child, scene) + 1 for child in children), default=0)


def _effects(before: Row | None, after: Row | None, scene: Scene) -> None:
    """Projects and parents know what is beneath them."""
    project = scene.row("project", (after or before or {})["projectId"])
    if project is not None:
        tasks = scene.rows("project_task", "c_projectId = ?", project["id"])
        done = sum(task["status"] == "DONE" for task in tasks)
        counts = {"tasksTotal": len(tasks), "tasksDone": done, "progressPct": progress(done, len(tasks))}
        scene.change("project", project, **counts)
    if before is not None and after is not None and before["parentId"] == after["parentId"]:
        return
    for key in {row["parentId"] for row in (before, after) if row is not None} - {None}:
        parent = scene.row("project_task", key)
        if parent is not None:
            scene.change("project_task", parent, childCount=len(scene.rows("project_task", "c_parentId = ?", key)))


PROJECT_TASKS = Entity(
    name="project_task",
    plural="project_tasks",
    path="/api/projects/{projectId}/tasks",
    key=CUID,
    fields=(
        ID,
        TENANT,
        computed("projectId", Kind.REFERENCE, refers="project", owner=True),
        Field("parentId", Kind.REFERENCE, refers="project_task", owner=True),
        Field("name", Kind.TEXT, required=True, longest=255),
        Field("details", Kind.LONG_TEXT, longest=50_000),
        computed("status", Kind.CHOICE, choices=("TODO", "IN_PROGRESS", "REVIEW", "BLOCKED", "DONE")),
        Field("priority", Kind.CHOICE, choices=("LOW", "MEDIUM", "HIGH", "CRITICAL"), default="MEDIUM"),
        ASSIGNEE,
        Field("startDate", Kind.DATE),
        Field("dueDate", Kind.DATE),
        Field("estimateMinutes", Kind.INTEGER, most=600_000),
        computed("loggedMinutes", Kind.INTEGER, default=0),
        computed("childCount", Kind.INTEGER, default=0),
        Field("sortIndex", Kind.INTEGER, least=-1_000_000_000),
        Field("labels", Kind.LIST, most=20),
        computed("completedAt", Kind.INSTANT),
        computed("createdById", Kind.REFERENCE, refers="user"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "name", "dueDate", "sortIndex"),
    documented_update=("status", "assigneeId", "startDate", "dueDate"),
    list_filters=("parentId", "status", "priority", "assigneeId"),
    searched=("name", "details"),
    operations={"list": True, "create": True, "get": False, "update": True, "delete": False},
    style="offset",
    creator="createdById",
    settle=_settle,
    effects=_effects,
)
