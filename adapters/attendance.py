"""Attendance: who was there on which day, and for how long. Read-only: devices and people write it in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Date, LongText, Moment, Whole
from adapters.core.declare.record import Dated, ReadOnly, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import ATTENDANCE, AttendanceId, EmployeeId

STATUSES = Choice.of("present=P absent=A half_day=HD on_leave=L holiday=H week_off=WO")


class AttendanceRecord(Dated):
    """One person's day."""

    id: ReadOnly[AttendanceId] = required("The record's id.", "att_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    employee_id: EmployeeId = required("Whose day.", "emp_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    date: Date = required("Which day.", "2026-05-14")
    status: Annotated[str, STATUSES] = required("How it was spent.", "present")
    check_in_at: Moment | None = optional("When they came.", "2026-05-14T03:32:00Z")
    check_out_at: Moment | None = optional("When they left.", "2026-05-14T12:41:00Z")
    worked_minutes: Whole | None = optional("How long they worked.", 549)
    late_minutes: Whole | None = optional("How late they came.", 2)
    source: Annotated[str, Choice.upper("device", "web", "manual", "import")] | None = optional(
        "How it was noted.", "device"
    )
    note: LongText | None = optional("What was said to it.", "Forgot to check out.")


attendance = Resource(
    model=AttendanceRecord,
    id=ATTENDANCE,
    path="attendance",
    singular="attendance record",
    scope="attendance",
    group="People",
    upstream=Upstream(
        "hr",
        "/api/hrms/attendance",
        ListQuery(("employee_id", "status"), style="cursor", items="items", ranges={"date": ("from", "to")}),
    ),
    rename=renamed(
        "date=day check_in_at=inAt check_out_at=outAt worked_minutes=minutesWorked late_minutes=lateBy note=remark"
    ),
    sorts=("created_at", "updated_at", "date"),
    headline=("employee_id", "date", "status", "worked_minutes"),
    operations=Op.GET | Op.SEARCH,
)
