"""Expenses: what somebody paid for the firm. Somebody else decides whether it is paid back."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from adapters.core.declare.kinds import Choice, Currency, Date, Line, Moment, Money, Text
from adapters.core.declare.resource import (
    Dated,
    Fixed,
    Foreign,
    ListQuery,
    ReadOnly,
    Record,
    Resource,
    Rule,
    States,
    Upstream,
    optional,
    renamed,
    required,
)
from adapters.core.declare.text_patterns import HTTPS, NAME
from adapters.core.words import Action, Move
from adapters.ids import EXPENSE, AccountId, EmployeeId, ExpenseId, ProjectId, UserId

STATUSES = {"submitted": "PENDING", "approved": "APPROVED", "rejected": "REJECTED", "reimbursed": "PAID"}
PAID_WITH = {"personal": "PERSONAL", "company_card": "CORPORATE"}
DECIDES = ("approval.write",)


class Expense(Dated):
    """A claim, and what was decided of it."""

    id: ReadOnly[ExpenseId] = required("The claim's id.", "exp_000123")
    status: ReadOnly[Annotated[str, Choice(tuple(STATUSES), STATUSES)]] = required("How it stands.", "submitted")
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
    paid_with: Annotated[str, Choice(tuple(PAID_WITH), PAID_WITH)] = optional(
        "Whose money it was; only one's own is paid back.", "personal", "personal"
    )
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
    upstream=Upstream(
        "finance",
        "/api/finance/expenses",
        listing=ListQuery(
            ("status", "category", "currency", "employee_id", "project_id"),
            style="offset",
            ranges={"spent_on": ("from", "to")},
        ),
    ),
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
        Move("reimburse", Reimbursement, "Pay an expense back", {"status": "reimbursed"}),
    ),
    rules=(
        Rule(
            "exceeds_amount",
            "tax_amount",
            ("amount", "tax_amount"),
            lambda amount, tax: amount is None or tax is None or Decimal(tax) <= Decimal(amount),
            "The tax is more than the amount.",
        ),
    ),
    states=States(
        {
            "submitted": ("approve", "reject"),
            "approved": ("reimburse", "reject"),
            "rejected": (),
            "reimbursed": (),
        }
    ),
)
