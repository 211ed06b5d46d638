"""Project tasks: what is to be done in a project, on several levels. Its service has them beneath the project; here they are flat."""

from typing import Annotated

from adapters.beneath.time_logs import time_logs
from adapters.core.declare.kinds import Choice, Date, Integer, Moment, Name, Prose, TextList, Whole
from adapters.core.declare.record import Dated, Fixed, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Resource, States, Upstream, renamed
from adapters.core.declare.rules import not_before, same_parent
from adapters.core.words import Child, Move
from adapters.ids import PROJECT_TASK, ProjectId, ProjectTaskId, UserId

STATUSES = {"todo": "TODO", "in_progress": "IN_PROGRESS", "in_review": "REVIEW", "blocked": "BLOCKED", "done": "DONE"}
Status = Annotated[str, Choice(tuple(STATUSES), STATUSES)]
Priority = Annotated[str, Choice.of("low=LOW normal=MEDIUM high=HIGH urgent=CRITICAL")]


class ProjectTask(Dated):
    """Something to do in a project. Lists hold the tasks of all levels, each with its `parent_id`."""

    id: ReadOnly[ProjectTaskId] = required(
        "The task's id.", "ptask_clx0a1b2c3d4e5f6g7h8i9j0k.clx1a1b2c3d4e5f6g7h8i9j0k"
    )
    project_id: Fixed[ProjectId] = required("The project it is a part of, for good.", "proj_clx0a1b2c3d4e5f6g7h8i9j0k")
    parent_id: ProjectTaskId | None = optional(
        "The task of the same project that it is a part of.",
        "ptask_clx0a1b2c3d4e5f6g7h8i9j0k.clx2a1b2c3d4e5f6g7h8i9j0k",
    )
    title: Name = required("What is to be done.", "Draw the pages")
    description: Annotated[str, Prose(50_000)] | None = optional("In full.", "All of them, for phones too.")
    status: ReadOnly[Status] = required("How it stands; changed with the action `status`.", "in_progress")
    priority: Priority = optional("How urgent it is.", "high", "normal")
    assignee_id: UserId | None = optional("The user who does it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    start_date: Date | None = optional("When it begins.", "2026-06-01")
    due_date: Date | None = optional("When it should be done.", "2026-06-30")
    estimate_minutes: Annotated[int, Integer(0, 600_000)] | None = optional("How long it may take.", 960)
    logged_minutes: ReadOnly[Whole] = required("How long it has taken so far.", 480)
    subtask_count: ReadOnly[Whole] = required("How many tasks are directly beneath it.", 2)
    position: Annotated[int, Integer(-1_000_000_000, 1_000_000_000)] | None = optional("Its place among others.", 3)
    labels: Annotated[list[str], TextList(most=20)] = optional("Labels.", ["design"], [])
    completed_at: ReadOnly[Moment | None] = optional("When it was done.", "2026-06-28T16:00:00Z")
    created_by_id: ReadOnly[UserId | None] = optional("The user who made it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")


class ProjectTaskStatus(Record):
    """How a task stands from now on."""

    status: Status = required("The status to go to.", "in_progress")


project_tasks = Resource(
    model=ProjectTask,
    id=PROJECT_TASK,
    path="project_tasks",
    singular="project task",
    scope="project_task",
    group="Projects",
    upstream=Upstream(
        "projects",
        "/api/projects/{project_id}/tasks",
        ListQuery(("parent_id", "status", "priority", "assignee_id"), style="offset"),
        patched=("status", "assignee_id", "start_date", "due_date"),
    ),
    rename=renamed("title=name description=details subtask_count=childCount position=sortIndex"),
    sorts=("created_at", "updated_at", "title", "due_date", "position"),
    headline=("project_id", "title", "status", "priority", "assignee_id", "due_date"),
    searched=("title", "description"),
    words=(Move("status", ProjectTaskStatus, "Change the status of a project task"), Child(time_logs)),
    rules=(not_before("due_date", "start_date"), *same_parent("parent_id", "project_id")),
    states=States.of(
        "todo → in_progress blocked done; in_progress → todo in_review blocked done; "
        "in_review → in_progress blocked done; blocked → todo in_progress; done → todo in_progress"
    ),
    events=(
        Event(
            "project_task.completed",
            "A task of a project was done.",
            internal="task.completed",
            id=("projectId", "id"),
            facts=renamed("project_id=projectId title=name completed_at=completedAt"),
            having="projectId",
        ),
    ),
)
