"""Tasks: what somebody has to do, until when, and about whom."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, LongText, Moment, Name
from adapters.core.declare.resource import Dated, Event, ListQuery, ReadOnly, Resource, Upstream, optional, required
from adapters.core.words import Action
from adapters.ids import TASK, CompanyId, ContactId, DealId, TaskId, UserId

STATUS = Choice(("open", "completed"), held_as={"open": False, "completed": True})


class Task(Dated):
    """Something to do."""

    id: ReadOnly[TaskId] = required("The task's id.", "task_5f2b8c1d9e3a7b6c4d5e6f75")
    title: Name = required("What is to be done.", "Send the proposal")
    description: LongText | None = optional("More about it.", "With the drawings of the mill.")
    status: ReadOnly[Annotated[str, STATUS]] = required("Changed by complete and reopen.", "open")
    priority: Annotated[str, Choice(("low", "normal", "high", "urgent"))] = optional(
        "How much it matters.", "high", "normal"
    )
    due_at: Moment | None = optional("Until when.", "2026-07-01T17:00:00Z")
    assignee_id: UserId | None = optional("The user who has to do it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    contact_id: ContactId | None = optional("The contact it is about.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is about.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it is about.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    completed_at: ReadOnly[Moment | None] = optional("When it was completed.", "2026-06-30T11:00:00Z")


tasks = Resource(
    model=Task,
    id=TASK,
    path="tasks",
    singular="task",
    scope="task",
    group="CRM",
    upstream=Upstream(
        "crm",
        "/api/crm/tasks",
        listing=ListQuery(("status", "priority", "assignee_id", "contact_id", "company_id", "deal_id")),
    ),
    rename={"status": "done", "due_at": "dueDate"},
    sorts=("created_at", "updated_at", "title", "due_at"),
    headline=("title", "status", "priority", "due_at", "assignee_id"),
    searched=("title", "description"),
    words=(
        Action("complete", {"status": "completed"}, "Complete a task"),
        Action("reopen", {"status": "open"}, "Reopen a task"),
    ),
    events=(Event("task.completed", "A task was completed.", facts={"title": "title"}, lacking="projectId"),),
)
