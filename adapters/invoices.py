"""Invoices: what was sold to whom. The service numbers them and adds them up."""

from typing import Annotated

from adapters.beneath.invoice_lines import NAMES, LineItem, Tax
from adapters.beneath.invoice_mail import send
from adapters.beneath.payments import payments
from adapters.core.declare.kinds import Boolean, Choice, CustomFields, Date, Email, Line, Moment, Prose, Text
from adapters.core.declare.kinds.money import Amount, Currency
from adapters.core.declare.record import Between, Dated, Fixed, Foreign, Kept, ReadOnly, optional, required
from adapters.core.declare.resource import Event, ListQuery, Resource, States, Upstream, renamed
from adapters.core.declare.rules import not_before, one_of
from adapters.core.declare.text_patterns import NAME
from adapters.core.words import Action, Child
from adapters.ids import INVOICE, CompanyId, ContactId, DealId, InvoiceId

TOLD = {"number": "number", "total": "amount", "currency": "currency", "customer_name": "clientName"}
Status = Annotated[str, Choice.of("draft=DRAFT sent=SENT partially_paid=PARTIAL paid=PAID void=CANCELLED")]
LISTED = ListQuery(
    ("status", "overdue", "contact_id", "company_id", "deal_id", "currency", "number"),
    ranges={"issue_date": ("from", "to")},
)


class Invoice(Dated):
    """What a customer owes, and has paid of it."""

    id: ReadOnly[InvoiceId] = required("The invoice's id.", "inv_8Zk3")
    number: Kept[Annotated[str, Text(40, 1, NAME)]] = optional("Its number; the next one when left out.", "INV-00042")
    status: ReadOnly[Status] = required("How it stands.", "draft")
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


invoices = Resource(
    model=Invoice,
    id=INVOICE,
    path="invoices",
    singular="invoice",
    scope="invoice",
    group="Finance",
    upstream=Upstream("finance", "/api/finance/invoices", listing=LISTED, patched=("status",)),
    rename=renamed(
        NAMES + "overdue=isOverdue contact_id=clientContactId company_id=clientCompanyId customer_name=clientName "
        "customer_email=clientEmail issue_date=invoiceDate prices_include_tax=taxInclusive subtotal=subTotal total=amount "
        "amount_paid=paidAmount amount_due=balance reference=poNumber notes=clientNote custom=customFields voided_at=cancelledAt"
    ),
    sorts=("created_at", "updated_at", "number", "issue_date", "due_date", "total", "amount_due"),
    headline=("number", "status", "customer_name", "total", "currency", "due_date"),
    searched=("number", "customer_name", "reference"),
    words=(
        send,
        Action("mark_sent", {"status": "sent"}, "Mark an invoice as sent"),
        Action("void", {"status": "void"}, "Void an invoice", final=True),
        Child(payments),
    ),
    rules=(one_of("contact_id", "company_id"), not_before("due_date", "issue_date")),
    states=States.of("draft → send mark_sent void; sent → send void; partially_paid → send; paid; void"),
    events=(
        Event("invoice.created", "An invoice was made.", facts=TOLD),
        Event("invoice.paid", "An invoice was paid in full.", facts={**TOLD, "status": "status", "paid_at": "paidAt"}),
    ),
)
