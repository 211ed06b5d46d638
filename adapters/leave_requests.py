"""Leave requests: who wants to be away, when and why, and what was decided. The unit is the day; dates are never edited."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Date, Line, Moment, Number, Prose, Text
from adapters.core.declare.record import Dated, Fixed, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Op, Resource, States, Upstream, renamed
from adapters.core.declare.rules import not_before, of_one_day, within_days
from adapters.core.declare.text_patterns import NAME
from adapters.core.words import Action, Move
from adapters.ids import LEAVE_REQUEST, EmployeeId, LeaveRequestId, UserId

TYPES = "annual=EARNED sick=SICK casual=CASUAL unpaid=LOP maternity=MATERNITY paternity=PATERNITY"
Type = Annotated[str, Choice.of(f"{TYPES} bereavement=BEREAVEMENT other=OTHER")]
Part = Annotated[str, Choice.of("full=FULL morning=FIRST_HALF afternoon=SECOND_HALF")]
Status = Annotated[str, Choice.of("pending=PENDING approved=APPROVED rejected=DECLINED cancelled=WITHDRAWN")]
DECIDES = ("approval.write",)
NOTED = {"note": "actionNote"}
TOLD = renamed("employee_id=employeeId type=leaveType start_date=fromDate end_date=toDate decided_by_id=actionedBy")


class LeaveRequest(Dated):
    """A request to be away."""

    id: ReadOnly[LeaveRequestId] = required("The request's id.", "leave_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    employee_id: Fixed[EmployeeId | None] = optional(
        "Who is away; the acting user when left out.", "emp_3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    )
    type: Type = required("What kind of leave.", "annual")
    start_date: Date = required("The first day.", "2027-03-08")
    end_date: Date = required("The last day.", "2027-03-08")
    day_part: Part = optional("Which part of it; half days are of one day only.", "morning", "full")
    days: ReadOnly[Annotated[str, Number(3, 1)] | None] = optional("How many working days it is.", "0.5")
    reason: Annotated[str, Prose(2_000)] | None = optional("Why.", "A family matter.")
    status: ReadOnly[Status] = required("How it stands.", "pending")
    decided_by_id: ReadOnly[UserId | None] = optional("Who decided.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    decided_at: ReadOnly[Moment | None] = optional("When.", "2027-03-01T09:00:00Z")
    decision_note: ReadOnly[Line | None] = optional("What was said to it.", "Enjoy.")


class Approval(Record):
    """What is said to it."""

    note: Annotated[str, Text(500, 1, NAME)] | None = optional("A word to go with it.", "Enjoy.")


class Refusal(Record):
    """Why not."""

    note: Annotated[str, Text(500, 1, NAME)] = required("Why.", "Everybody is away that day.")


leave_requests = Resource(
    model=LeaveRequest,
    id=LEAVE_REQUEST,
    path="leave_requests",
    singular="leave request",
    scope="leave_request",
    group="People",
    upstream=Upstream(
        "hr", "/api/hr/leave", ListQuery(("employee_id", "type", "status"), ranges={"start_date": ("from", "to")})
    ),
    rename=renamed(
        "type=leaveType start_date=fromDate end_date=toDate day_part=session days=dayCount decided_by_id=actionedBy "
        "decided_at=actionedAt decision_note=actionNote"
    ),
    sorts=("created_at", "updated_at", "start_date"),
    headline=("employee_id", "type", "start_date", "end_date", "status"),
    operations=Op.GET | Op.SEARCH | Op.CREATE,
    words=(
        Move("approve", Approval, "Approve a leave request", {"status": "approved"}, DECIDES, NOTED),
        Move("reject", Refusal, "Reject a leave request", {"status": "rejected"}, DECIDES, NOTED),
        Action("cancel", {"status": "cancelled"}, "Cancel a leave request"),
    ),
    rules=(
        not_before("end_date", "start_date"),
        within_days("end_date", "start_date", 366),
        of_one_day("day_part", "start_date", "end_date"),
    ),
    states=States.of("pending → approve reject cancel; approved → cancel; rejected; cancelled"),
    events=(
        Event("leave_request.approved", "Leave was granted.", internal="leave.approved", facts=TOLD),
        Event("leave_request.rejected", "Leave was refused.", internal="leave.rejected", facts=TOLD),
    ),
)
