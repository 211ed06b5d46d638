"""Payroll runs: what all employees, or those of one department, are paid for a period. Only totals are told, nobody's own pay."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Currency, Date, Line, Moment, Money, Whole
from adapters.core.declare.record import Dated, Fixed, ReadOnly, optional, required
from adapters.core.declare.resource import ListQuery, Op, Resource, States, Upstream, renamed
from adapters.core.declare.rules import not_before, within_days
from adapters.core.words import Action
from adapters.ids import PAYROLL_RUN, DepartmentId, PayrollRunId, UserId

STATUSES = Choice.of("draft=DRAFT processing=RUNNING processed=DONE paid=PAID failed=FAILED")
Total = ReadOnly[Annotated[str, Money(form="minor")] | None]


class PayrollRun(Dated):
    """One run, and what it comes to. Always send an Idempotency-Key with what makes or pays one."""

    id: ReadOnly[PayrollRunId] = required("The run's id.", "prun_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    name: ReadOnly[Line] = required("What it is called.", "Payroll 2027-03-01 to 2027-03-31")
    type: Fixed[Annotated[str, Choice.upper("regular", "off_cycle")]] = optional(
        "The run of a period, of which there is one, or one beside it.", "off_cycle", "regular"
    )
    period_start: Date = required("The first day that is paid.", "2027-03-01")
    period_end: Date = required("The last day that is paid.", "2027-03-31")
    pay_date: Date = required("The day on which people have the money.", "2027-03-31")
    department_id: Fixed[DepartmentId | None] = optional("Whose people are paid; everybody when left out.", "dept_4")
    status: ReadOnly[Annotated[str, STATUSES]] = required("How it stands.", "processed")
    currency: ReadOnly[Currency] = required("ISO 4217 code of the totals.", "INR")
    employee_count: ReadOnly[Whole] = required("How many people are paid.", 61)
    gross_total: Total = optional("Before anything is held back; null before it is processed.", "5100000.00")
    deduction_total: Total = optional("What is held back.", "1122000.00")
    net_total: Total = optional("What people get.", "3978000.00")
    employer_cost_total: Total = optional("What the firm pays on top.", "663000.00")
    processed_at: ReadOnly[Moment | None] = optional("When it was worked out.", "2027-03-29T09:00:00Z")
    paid_at: ReadOnly[Moment | None] = optional("When it was paid.", "2027-03-31T09:00:00Z")
    created_by_id: ReadOnly[UserId | None] = optional("The user who made it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")


payroll_runs = Resource(
    model=PayrollRun,
    id=PAYROLL_RUN,
    path="payroll_runs",
    singular="payroll run",
    scope="payroll",
    group="People",
    upstream=Upstream(
        "hr",
        "/api/payroll/runs",
        ListQuery(("type", "status"), style="offset", ranges={"period_start": ("from", "to")}),
    ),
    rename=renamed(
        "name=label period_start=periodFrom period_end=periodTo pay_date=payoutDate employee_count=headcount "
        "gross_total=grossMinor deduction_total=deductionMinor net_total=netMinor employer_cost_total=employerMinor "
        "created_by_id=initiatedBy"
    ),
    sorts=("created_at", "updated_at", "period_start", "pay_date"),
    headline=("name", "period_start", "period_end", "status", "currency", "net_total"),
    operations=Op.GET | Op.SEARCH | Op.CREATE,
    words=(
        Action("process", {"status": "processing"}, "Process a payroll run"),
        Action("mark_paid", {"status": "paid"}, "Mark a payroll run as paid", final=True),
    ),
    rules=(
        not_before("period_end", "period_start"),
        within_days("period_end", "period_start", 62),
        not_before("pay_date", "period_start"),
    ),
    states=States.of("draft → process; processing; processed → mark_paid; failed → process; paid"),
)
