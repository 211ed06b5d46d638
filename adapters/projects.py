"""Projects: work for a customer or for oneself, with a plan, a budget and an end."""

from typing import Annotated

from adapters.core.declare.kinds import (
    Amount,
    Boolean,
    Choice,
    Currency,
    CustomFields,
    Date,
    Integer,
    Moment,
    Name,
    Prose,
    Text,
    Whole,
)
from adapters.core.declare.record import Dated, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Resource, States, Upstream, renamed
from adapters.core.declare.rules import in_currency, not_before
from adapters.core.words import Move, Related
from adapters.ids import PROJECT, CompanyId, DealId, ProjectId, UserId

Status = Annotated[str, Choice.of("planned=PLANNING active=ACTIVE on_hold=PAUSED completed=DONE cancelled=DROPPED")]
LISTED = ("code", "status", "owner_id", "company_id", "deal_id")


class Project(Dated):
    """A piece of work with a beginning and an end."""

    id: ReadOnly[ProjectId] = required("The project's id.", "proj_clx0a1b2c3d4e5f6g7h8i9j0k")
    name: Name = required("What it is called.", "New web site")
    code: Annotated[str, Text(20)] | None = optional("A short name that no other project has.", "WEB-1")
    description: Annotated[str, Prose(20_000)] | None = optional("What it is about.", "A site that sells.")
    status: ReadOnly[Status] = required("How it stands; changed with the action `status`.", "active")
    start_date: Date | None = optional("When it begins.", "2026-06-01")
    due_date: Date | None = optional("When it should be done.", "2026-09-30")
    owner_id: UserId | None = optional("The user who leads it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    company_id: CompanyId | None = optional("The company it is for.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it came from.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    budget: Amount | None = optional("What it may cost, with the minor digits of its currency.", "250000.00")
    currency: Currency | None = optional("ISO 4217 code; needed with a budget.", "INR")
    billable: Boolean = optional("Whether its time is billed.", example=True, default=False)
    task_count: ReadOnly[Whole] = required("How many tasks it has.", 16)
    completed_task_count: ReadOnly[Whole] = required("How many of them are done.", 9)
    progress: ReadOnly[Annotated[int, Integer(0, 100)] | None] = optional("How far it has come, in percent.", 56)
    completed_at: ReadOnly[Moment | None] = optional("When it was completed.", "2026-09-12T10:00:00Z")
    custom: CustomFields = optional("The workspace's own fields.", {"phase": "two"}, {})


class ProjectStatus(Record):
    """How a project stands from now on."""

    status: Status = required("The status to go to.", "active")


projects = Resource(
    model=Project,
    id=PROJECT,
    path="projects",
    singular="project",
    scope="project",
    group="Projects",
    upstream=Upstream("projects", "/api/projects", listing=ListQuery(LISTED)),
    rename=renamed(
        "name=title code=key description=summary start_date=startsOn due_date=endsOn owner_id=leadId "
        "company_id=clientCompanyId billable=isBillable task_count=tasksTotal completed_task_count=tasksDone "
        "progress=progressPct custom=customFields"
    ),
    sorts=("created_at", "updated_at", "name", "due_date"),
    headline=("name", "status", "due_date", "owner_id", "company_id", "progress"),
    searched=("name", "code", "description"),
    words=(
        Move("status", ProjectStatus, "Change the status of a project"),
        Related("tasks", by="project_id", of="project_tasks"),
    ),
    rules=(not_before("due_date", "start_date"), in_currency("budget")),
    states=States.of(
        "planned → active on_hold cancelled; active → on_hold completed cancelled; on_hold → active cancelled; "
        "completed → active; cancelled → planned"
    ),
)
