"""Expenses: what somebody paid for the firm. Somebody else decides whether it is paid back."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Currency, Date, Line, Moment, Money, Text
from adapters.core.declare.record import Dated, Fixed, Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import ListQuery, Resource, States, Upstream, renamed
from adapters.core.declare.rules import part_of
from adapters.core.declare.text_patterns import HTTPS, NAME
from adapters.core.words import Action, Move
from adapters.ids import EXPENSE, AccountId, EmployeeId, ExpenseId, ProjectId, UserId

Status = Annotated[str, Choice.of("submitted=PENDING approved=APPROVED rejected=REJECTED reimbursed=PAID")]
PaidWith = Annotated[str, Choice.of("personal=PERSONAL company_card=CORPORATE")]
LISTED = ListQuery(
    ("status", "category", "currency", "employee_id", "project_id"), "offset", ranges={"spent_on": ("from", "to")}
)
DECIDES = ("approval.write",)


class Expense(Dated):
    """A claim, and what was decided of it."""

    id: ReadOnly[ExpenseId] = required("The claim's id.", "exp_000123")
    status: ReadOnly[Status] = required("How it stands.", "submitted")
    description: Annotated[str, Text(500, 1, NAME)] = required("What it was for.", "Train to Pune")
    category: Annotated[str, Text(100, 1, NAME)] = required("What kind of cost it is.", "Travel")
    amount: Annotated[str, Money(least="positive")] = required("What was paid, tax included.", "1180.00")
    tax_amount: Annotated[str, Money(least="zero")] | None = optional("The tax in it.", "180.00")
    currency: Fixed[Currency] = required("ISO 4217 code of both.", "INR")
    spent_on: Date = required("The day it was paid.", "2026-06-01")
    merchant: Foreign[Line | None] = optional("Who was paid.", "Indian Railways")
    employee_id: Fixed[EmployeeId | None] = optional(
        "Whose claim it is; the acting user's when left out.", "emp_3f2504e0-4f89-41d3-9a0c-0305e82c3301"
    )
    paid_with: PaidWith = optional("Whose money it was; only one's own is paid back.", "personal", "personal")
    account_id: AccountId | None = optional("The account it is booked to.", "acct_0a1b2c3d")
    project_id: ProjectId | None = optional("The project it was for.", "proj_clx0a1b2c3d4e5f6g7h8i9j0k")
    receipt_url: Annotated[str, Text(2048, 9, HTTPS, "uri")] | None = optional(
        "Where the receipt is.", "https://files.example.com/receipt.pdf"
    )
    decided_by_id: ReadOnly[UserId | None] = optional("Who decided.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    decided_at: ReadOnly[Moment | None] = optional("When.", "2026-06-02T09:00:00Z")
    decision_note: ReadOnly[Line | None] = optional("What was said to it.", "No receipt.")
    reimbursed_at: ReadOnly[Moment | None] = optional("When it was paid back.", "2026-06-05T00:00:00Z")


class Rejection(Record):
    """Why not."""

    note: Annotated[str, Text(500, 1, NAME)] = required("Why.", "No receipt.")


class Reimbursement(Record):
    """When it was paid back."""

    reimbursed_on: Date | None = optional("The day; now when left out.", "2026-06-05")


expenses = Resource(
    model=Expense,
    id=EXPENSE,
    path="expenses",
    singular="expense",
    scope="expense",
    group="Finance",
    upstream=Upstream("finance", "/api/finance/expenses", listing=LISTED),
    rename=renamed(
        "status=state description=purpose amount=total tax_amount=taxPart spent_on=date merchant=vendor "
        "account_id=ledgerAccountId decided_by_id=reviewedBy decided_at=reviewedAt decision_note=reviewNote "
        "reimbursed_at=settledAt"
    ),
    sorts=("created_at", "updated_at", "amount", "spent_on"),
    headline=("status", "description", "amount", "currency", "spent_on", "employee_id"),
    searched=("description", "merchant", "category"),
    words=(
        Action("approve", {"status": "approved"}, "Approve an expense", DECIDES),
        Move("reject", Rejection, "Reject an expense", {"status": "rejected"}, DECIDES, {"note": "reviewNote"}),
        Move("reimburse", Reimbursement, "Pay an expense back", {"status": "reimbursed"}, final=True),
    ),
    rules=(part_of("tax_amount", "amount"),),
    states=States.of("submitted → approve reject; approved → reimburse reject; rejected; reimbursed"),
)
