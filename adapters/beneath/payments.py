"""Payments of an invoice: booked once, never changed; a wrong one is put right in the product."""

from typing import Annotated

from adapters.core.declare.kinds import Choice, Currency, Date, Moment, Money, Text
from adapters.core.declare.record import Foreign, ReadOnly, Record, optional, required
from adapters.core.declare.resource import Event, ListQuery, Op, Resource, Upstream, renamed
from adapters.ids import PAYMENT, InvoiceId, PaymentId, UserId

METHODS = Choice.upper("bank_transfer", "upi", "cheque", "cash", "card", "other")


class Payment(Record):
    """Money that came in for an invoice. The invoice itself says what is still due."""

    id: ReadOnly[PaymentId] = required("The payment's id.", "pay_4Tn9")
    invoice_id: ReadOnly[InvoiceId] = required("The invoice it is for.", "inv_8Zk3")
    amount: Annotated[str, Money(least="positive")] = required("How much, in the invoice's currency.", "2500.00")
    currency: ReadOnly[Currency] = required("The invoice's.", "INR")
    paid_on: Date = required("The day it came in.", "2026-06-15")
    method: Annotated[str, METHODS] = optional("How it came.", "upi", "bank_transfer")
    reference: Foreign[Annotated[str, Text(100)] | None] = optional("The bank's reference.", "UTR-99120")
    note: Annotated[str, Text(1_000)] | None = optional("A remark.", "First half.")
    recorded_by_id: ReadOnly[UserId | None] = optional("Who booked it.", "usr_clx0a1b2c3d4e5f6g7h8i9j0k")
    created_at: ReadOnly[Moment] = required("When it was booked.", "2026-06-15T14:30:00Z")


payments = Resource(
    model=Payment,
    id=PAYMENT,
    path="payments",
    singular="payment",
    scope="payment",
    group="Finance",
    upstream=Upstream("finance", "/api/finance/invoices/{id}/payments", ListQuery()),
    rename=renamed("paid_on=paymentDate method=mode reference=txnRef note=remarks recorded_by_id=receivedBy"),
    operations=Op.SEARCH | Op.CREATE,
    events=(
        Event(
            "payment.received",
            "A payment was booked.",
            facts=renamed("invoice_id=invoiceId amount=amount currency=currency method=mode paid_on=paymentDate"),
        ),
    ),
)
