"""Invoices: what was sold to whom. The service numbers them and adds them up."""

from __future__ import annotations

from typing import Annotated

from adapters.beneath.payments import payments
from adapters.core.declare.kinds import (
    Amount,
    Boolean,
    Choice,
    Currency,
    CustomFields,
    Date,
    Email,
    Line,
    Moment,
    Number,
    Percent,
    Prose,
    Text,
    TextList,
)
from adapters.core.declare.kinds.text import EMAIL
from adapters.core.declare.resource import (
    Between,
    Dated,
    Event,
    Fixed,
    Foreign,
    Kept,
    ListQuery,
    ReadOnly,
    Record,
    Resource,
    RowId,
    States,
    Upstream,
    optional,
    renamed,
    required,
)
from adapters.core.declare.rules import not_before, one_of
from adapters.core.declare.text_patterns import NAME
from adapters.core.words import Action, Child, Post
from adapters.ids import INVOICE, AccountId, CompanyId, ContactId, DealId, InvoiceId, InvoiceLineId, ProductId

TOLD = {"number": "number", "total": "amount", "currency": "currency", "customer_name": "clientName"}
STATUSES = {"draft": "DRAFT", "sent": "SENT", "partially_paid": "PARTIAL", "paid": "PAID", "void": "CANCELLED"}


class LineItem(Record):
    """One line of an invoice."""

    id: RowId[InvoiceLineId | None] = optional("The line's id: sent back in a PATCH, the line keeps it.", "line_7Hq2")
    description: Annotated[str, Text(1_000, 1)] = required("What was sold.", "Consulting")
    product_id: ProductId | None = optional("The product.", "prod_42")
    quantity: Annotated[str, Number(9, 4, "positive")] = optional("How many.", "2.5", "1")
    unit_price: Annotated[str, Number(12, 6)] = required("What one costs, in the invoice's currency.", "1999.5")
    discount_percent: Percent = optional("Taken off before tax.", "10", "0")
    tax_rate: Percent | None = optional("In percent; the workspace's when left out.", "18")
    tax_code: Annotated[str, Text(16)] | None = optional("HSN or SAC code.", "998311")
    account_id: AccountId | None = optional("The income account it is booked to.", "acct_0a1b2c3d")
    amount: ReadOnly[Amount] = required("Quantity times price less discount.", "4498.88")
    tax_amount: ReadOnly[Amount] = required("The tax on it.", "809.80")


class Tax(Record):
    """What is owed at one rate of tax."""

    name: Line = required("What it is called.", "GST 18%")
    rate: Annotated[str, Number(3, 4)] = required("In percent.", "18")
    amount: Amount = required("How much it is.", "809.80")


class Invoice(Dated):
    """What a customer owes, and has paid of it."""

    id: ReadOnly[InvoiceId] = required("The invoice's id.", "inv_8Zk3")
    number: Kept[Annotated[str, Text(40, 1, NAME)]] = optional("Its number; the next one when left out.", "INV-00042")
    status: ReadOnly[Annotated[str, Choice(tuple(STATUSES), STATUSES)]] = required("How it stands.", "draft")
    overdue: ReadOnly[Boolean] = required("Whether it is owed and past due.", example=False)
    contact_id: ContactId | None = optional("The contact it is for.", "con_5f2b8c1d9e3a7b6c4d5e6f70")
    company_id: CompanyId | None = optional("The company it is for.", "cmp_5f2b8c1d9e3a7b6c4d5e6f71")
    deal_id: DealId | None = optional("The deal it came from.", "deal_5f2b8c1d9e3a7b6c4d5e6f72")
    customer_name: ReadOnly[Foreign[Line | None]] = optional("Who it is for.", "Acme Ltd")
    customer_email: Email | None = optional("Where it is sent.", "accounts@example.com")
    issue_date: Date = required("The day it is dated.", "2026-06-01")
    due_date: Kept[Date] = optional("When it is due; 30 days later when left out.", "2026-07-01")
    currency: Fixed[Currency] = required("ISO 4217 code of all its amounts.", "INR")
    prices_include_tax: Boolean = optional("Whether prices include tax.", example=True, default=False)
    line_items: Annotated[list[LineItem], Between(1, 200)] = required(
        "What was sold; a PATCH replaces all of it, in the order sent.",
        [{"description": "Consulting", "quantity": "2.5", "unit_price": "1999.5", "tax_rate": "18"}],
    )
    subtotal: ReadOnly[Amount] = required("Without tax.", "4498.88")
    discount_total: ReadOnly[Amount] = required("What was taken off.", "499.87")
    tax_total: ReadOnly[Amount] = required("All tax.", "809.80")
    total: ReadOnly[Amount] = required("With tax.", "5308.68")
    amount_paid: ReadOnly[Amount] = required("What was paid of it.", "0.00")
    amount_due: ReadOnly[Amount] = required("What is still owed.", "5308.68")
    taxes: ReadOnly[list[Tax]] = required("By rate.", [{"name": "GST 18%", "rate": "18", "amount": "809.80"}])
    reference: Foreign[Annotated[str, Text(100)] | None] = optional("The customer's order number.", "PO-1187")
    notes: Annotated[str, Prose(5_000)] | None = optional("What it says beneath.", "Thank you.")
    custom: CustomFields = optional("The workspace's own fields.", {"region": "south"}, {})
    sent_at: ReadOnly[Moment | None] = optional("When it was first sent.", "2026-06-01T10:00:00Z")
    paid_at: ReadOnly[Moment | None] = optional("When it was paid in full.", "2026-06-20T10:00:00Z")
    voided_at: ReadOnly[Moment | None] = optional("When it was made void.", "2026-06-02T10:00:00Z")


Emails = Annotated[list[str], TextList(EMAIL, 10)]


class Sending(Record):
    """An e-mail with an invoice; what is left out is the workspace's own."""

    to: Annotated[list[str], TextList(EMAIL, 10, 1)] | None = optional("Whom it goes to.", ["accounts@example.com"])
    cc: Emails | None = optional("Who else gets it.", ["ada@example.com"])
    subject: Line | None = optional("Its subject.", "Invoice INV-00042")
    message: Annotated[str, Prose(10_000)] | None = optional("Its text.", "Please find the invoice attached.")


invoices = Resource(
    model=Invoice,
    id=INVOICE,
    path="invoices",
    singular="invoice",
    scope="invoice",
    group="Finance",
    upstream=Upstream(
        "finance",
        "/api/finance/invoices",
        listing=ListQuery(
            ("status", "overdue", "contact_id", "company_id", "deal_id", "currency", "number"),
            ranges={"issue_date": ("from", "to")},
        ),
    ),
    rename=renamed(
        "overdue=isOverdue contact_id=clientContactId company_id=clientCompanyId customer_name=clientName "
        "customer_email=clientEmail issue_date=invoiceDate prices_include_tax=taxInclusive line_items=items "
        "line_items.quantity=qty line_items.unit_price=rate line_items.discount_percent=discountPct "
        "line_items.tax_rate=gstRate line_items.tax_code=hsnCode line_items.account_id=ledgerAccountId "
        "line_items.amount=lineTotal line_items.tax_amount=taxValue subtotal=subTotal total=amount "
        "amount_paid=paidAmount amount_due=balance taxes=taxLines taxes.name=label taxes.rate=pct taxes.amount=value "
        "reference=poNumber notes=clientNote custom=customFields voided_at=cancelledAt"
    ),
    sorts=("created_at", "updated_at", "number", "issue_date", "due_date", "total", "amount_due"),
    headline=("number", "status", "customer_name", "total", "currency", "due_date"),
    searched=("number", "customer_name", "reference"),
    words=(
        Post(
            "send",
            "/email",
            Sending,
            "Send an invoice",
            renamed("to=recipients message=body"),
            "A draft is sent from then on; sending it again is a reminder. Always send an `Idempotency-Key`: it is an e-mail.",
            outward=True,
        ),
        Action("mark_sent", {"status": "sent"}, "Mark an invoice as sent"),
        Action("void", {"status": "void"}, "Void an invoice"),
        Child(payments),
    ),
    rules=(one_of("contact_id", "company_id"), not_before("due_date", "issue_date")),
    states=States(
        {
            "draft": ("send", "mark_sent", "void"),
            "sent": ("send", "void"),
            "partially_paid": ("send",),
            "paid": (),
            "void": (),
        }
    ),
    events=(
        Event(name="invoice.created", internal="invoice.created", why="An invoice was made.", facts=TOLD),
        Event(
            name="invoice.paid",
            internal="invoice.paid",
            why="An invoice was paid in full.",
            facts={**TOLD, "status": "status", "paid_at": "paidAt"},
        ),
    ),
)
