"""Payments of an invoice: booked once, never changed."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import Refused, state_invalid, violated
from sandbox.entities.base import CREATED, ID, TENANT, computed
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import RECEIPT
from sandbox.money import exact, number
from sandbox.scene import Row, Scene, known


def _settle(row: Row, _before: Row | None, _body: Mapping[str, Any], scene: Scene) -> None:
    invoice = known(scene, "invoice", row["invoiceId"])
    if invoice["status"] not in {"SENT", "PARTIAL"}:
        raise state_invalid(invoice["status"])
    row["currency"] = invoice["currency"]
    if row["amount"] <= 0:
        raise violated("amount", "must be more than 0")
    PAYMENTS.precise(row)
    if row["amount"] > invoice["balance"]:
        told = {"amount": [f"is more than the {invoice['balance']} that are due"]}
        members = {"balance": invoice["balance"], "currency": invoice["currency"]}
        raise Refused(400, "exceeds_balance", "The invoice owes less.", fields=told, members=members)


def _effects(_before: Row | None, after: Row | None, scene: Scene) -> None:
    if after is None:
        return
    invoice = known(scene, "invoice", after["invoiceId"])
    scene.change("invoice", invoice, **paid(invoice, after, scene.now), updatedAt=scene.now)


def paid(invoice: Row, payment: Row, now: str) -> Row:
    """What the payment changes in its invoice."""
    received = exact(invoice["paidAmount"]) + exact(payment["amount"])
    balance = exact(invoice["amount"]) - received
    changed = {"paidAmount": number(received), "balance": number(balance)}
    if balance:
        return {**changed, "status": "PARTIAL"}
    return {**changed, "status": "PAID", "paidAt": now, "isOverdue": False}


PAYMENTS = Entity(
    name="payment",
    plural="payments",
    path="/api/finance/invoices/{invoiceId}/payments",
    key=RECEIPT,
    fields=(
        ID,
        TENANT,
        computed("invoiceId", Kind.REFERENCE, refers="invoice", owner=True),
        Field("amount", Kind.MONEY, required=True),
        computed("currency", Kind.TEXT),
        Field("paymentDate", Kind.DATE, required=True),
        Field(
            "mode",
            Kind.CHOICE,
            choices=("BANK_TRANSFER", "UPI", "CHEQUE", "CASH", "CARD", "OTHER"),
            default="BANK_TRANSFER",
        ),
        Field("txnRef", Kind.TEXT, longest=100),
        Field("remarks", Kind.TEXT, longest=1000),
        computed("receivedBy", Kind.REFERENCE, refers="user"),
        CREATED,
    ),
    sorts=("createdAt",),
    list_filters=(),
    searched=(),
    operations={"list": False, "create": True},
    creator="receivedBy",
    settle=_settle,
    effects=_effects,
)
