"""Time logs: who worked on a project task, on which day, and for how long."""

from typing import Annotated

from adapters.core.declare.kinds import Boolean, Date, Integer, Moment, Prose
from adapters.core.declare.record import Fixed, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import TIME_LOG, ProjectId, ProjectTaskId, TimeLogId, UserId


class TimeLog(Record):
    """Time that somebody worked on a task. A longer day is two of them."""

    id: ReadOnly[TimeLogId] = required("The time log's id.", "tlog_512")
    project_id: ReadOnly[ProjectId] = required("The project.", "proj_clx0a1b2c3d4e5f6g7h8i9j0k")
    task_id: ReadOnly[ProjectTaskId] = required(
        "The task.", "ptask_clx0a1b2c3d4e5f6g7h8i9j0k.clx1a1b2c3d4e5f6g7h8i9j0k"
    )
    user_id: Fixed[UserId | None] = optional(
        "Who worked; the acting user when left out.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k"
    )
    minutes: Annotated[int, Integer(1, 1440)] = required("How long, in whole minutes.", 90)
    worked_on: Date = required("The day that counts.", "2026-06-17")
    started_at: Moment | None = optional("When it began, to say so: it changes no day.", "2026-06-17T09:00:00Z")
    note: Annotated[str, Prose(2_000)] | None = optional("What was done.", "Drew the start page.")
    billable: Boolean | None = optional("Whether it is billed; as the project when left out.", example=True)
    created_at: ReadOnly[Moment] = required("When it was logged.", "2026-06-17T17:00:00Z")


time_logs = Resource(
    model=TimeLog,
    id=TIME_LOG,
    path="time_logs",
    singular="time log",
    scope="time_log",
    group="Projects",
    upstream=Upstream(
        "projects", "/api/projects/{project_id}/tasks/{id}/timelogs", ListQuery(style="cursor", items="items")
    ),
    rename=renamed("user_id=workerId minutes=durationMinutes worked_on=workDate note=comment billable=isBillable"),
    operations=Op.SEARCH | Op.CREATE | Op.DELETE,
)
