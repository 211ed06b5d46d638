"""Employees: everybody who works or worked in the firm."""

from typing import Annotated

from adapters.core.declare.kinds import Amount, Choice, Currency, CustomFields, Date, Email, Line, Name, Phone, Text
from adapters.core.declare.record import Dated, Guarded, Kept, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Op, Resource, States, Upstream, renamed
from adapters.core.declare.rules import not_before, not_itself, with_currency
from adapters.core.words import Move, Related
from adapters.ids import EMPLOYEE, DepartmentId, EmployeeId, UserId

Type = Annotated[str, Choice.upper("full_time", "part_time", "contract", "intern")]
Status = Annotated[str, Choice.upper("active", "probation", "on_leave", "terminated")]
LISTED = ("employee_number", "email", "department_id", "manager_id", "employment_type", "status")
TOLD = renamed("name=fullName email=workEmail department_id=departmentId")
PAID = {"amount": "85000.00", "currency": "INR", "period": "monthly", "effective_from": "2026-04-01"}
Period = Annotated[str, Choice.upper("monthly", "annual", "hourly")]


class Compensation(Record):
    """What somebody is paid."""

    amount: Amount = required("How much, before anything is held back.", "85000.00")
    currency: Currency | None = optional("ISO 4217 code; needed with an amount.", "INR")
    period: Period = optional("For how long a time.", "monthly", "monthly")
    effective_from: Date | None = optional("Since when.", "2026-04-01")


class Employee(Dated):
    """Somebody who works in the firm. Whoever leaves stays in every list."""

    id: ReadOnly[EmployeeId] = required("The employee's id.", "emp_3f2504e0-4f89-41d3-9a0c-0305e82c3301")
    employee_number: Kept[Annotated[str, Text(32)] | None] = optional("A number that nobody else has.", "E1042")
    first_name: Name = required("First name.", "Ada")
    last_name: Line | None = optional("Last name.", "Lovelace")
    name: ReadOnly[Line] = required("First and last name.", "Ada Lovelace")
    email: Email = required("The work address, which nobody else has.", "ada.lovelace@example.com")
    phone: Phone | None = optional("The number at work.", "+44 20 7946 0018")
    job_title: Line | None = optional("What they do.", "Analyst")
    department_id: DepartmentId | None = optional("The department they work in.", "dept_4")
    manager_id: EmployeeId | None = optional("Whom they report to.", "emp_7d444840-9dc0-41d1-b245-5ffdce74fad2")
    user_id: UserId | None = optional("The user they sign in as.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    employment_type: Type = required("On what terms they work.", "full_time")
    status: ReadOnly[Status] = required("How they stand; ended with the action `terminate`.", "active")
    start_date: Date = required("Their first day.", "2026-04-01")
    probation_ends_on: Date | None = optional("The last day of their probation.", "2026-09-30")
    termination_date: ReadOnly[Date | None] = optional("Their last day.", "2027-03-31")
    location: Line | None = optional("Where they work.", "London")
    compensation: Annotated[Compensation | None, Guarded("compensation")] = optional("What they are paid.", PAID)
    custom: CustomFields = optional("The workspace's own fields.", {"badge": "A-17"}, {})


class Termination(Record):
    """The end of somebody's work."""

    termination_date: Date = required("Their last day, not before their first.", "2027-03-31")


employees = Resource(
    model=Employee,
    id=EMPLOYEE,
    path="employees",
    singular="employee",
    scope="employee",
    group="People",
    upstream=Upstream("hr", "/api/hr/employees", listing=ListQuery(LISTED, style="cursor", items="items")),
    rename=renamed(
        "employee_number=empCode first_name=givenName last_name=familyName name=fullName email=workEmail phone=mobile "
        "job_title=designation manager_id=reportsTo start_date=joiningDate probation_ends_on=probationEnd "
        "termination_date=exitDate location=workLocation compensation=pay compensation.effective_from=from custom=customFields"
    ),
    sorts=("created_at", "updated_at", "name", "start_date"),
    headline=("name", "email", "job_title", "department_id", "manager_id", "status"),
    searched=("name", "email", "employee_number", "job_title"),
    operations=Op.GET | Op.SEARCH | Op.CREATE | Op.UPDATE,
    words=(
        Move("terminate", Termination, "End the employment of an employee", {"status": "terminated"}, final=True),
        Related("leave_requests", by="employee_id"),
    ),
    rules=(
        not_before("probation_ends_on", "start_date"),
        not_before("termination_date", "start_date"),
        with_currency("compensation"),
        not_itself("manager_id"),
    ),
    states=States.of("active → terminate; probation → terminate; on_leave → terminate; terminated"),
    events=(Event("employee.created", "Somebody was hired.", facts=TOLD),),
)
