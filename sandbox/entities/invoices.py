"""Invoices: what was sold to whom; the service adds up, numbers and keeps their state."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sandbox.answers import Complaints, invalid, state_invalid, violated
from sandbox.entities.base import (
    BOOKED_TO,
    CREATED,
    CURRENCY,
    CUSTOM,
    DEAL,
    ID,
    TENANT,
    UNDOCUMENTED,
    UPDATED,
    address,
    computed,
    hidden,
)  # fmt: skip
from sandbox.entity import Entity
from sandbox.fields import Field, Kind
from sandbox.ids import INVOICE
from sandbox.moments import shifted
from sandbox.money import exact, number, rounded, total
from sandbox.scene import Row, Scene, known, today
from sandbox.states import States, only

_STATES = States(
    "status",
    {"DRAFT": ("SENT", "CANCELLED"), "SENT": ("CANCELLED",), "PARTIAL": (), "PAID": (), "CANCELLED": ()},
)
_OWED = {"SENT", "PARTIAL"}
_ALWAYS = ("dueDate", "poNumber", "clientNote", "customFields")


def _settle(row: Row, before: Row | None, body: Mapping[str, Any], scene: Scene) -> None:
    if before is None:
        row["status"] = "DRAFT"
        row["number"] = row["number"] or _next_number(scene)
    elif before["status"] != "DRAFT":
        only(row, before, before["status"], _ALWAYS)
    if before is None or body.keys() & {"clientContactId", "clientCompanyId"}:
        row["clientName"] = _client_name(row, scene)
    row["dueDate"] = row["dueDate"] or _in_thirty_days(row["invoiceDate"])
    if row["dueDate"] < row["invoiceDate"]:
        raise violated("dueDate", "must not be before invoiceDate")
    if before is None or row["items"] != before["items"] or row["taxInclusive"] != before["taxInclusive"]:
        _check_lines(row, scene)
        add_up(row, scene.workspace.tax_rate)
    step = _STATES.step(before, body) if before is not None else None
    if step is not None:
        row["status"] = step
        row["sentAt" if step == "SENT" else "cancelledAt"] = scene.now
    row["isOverdue"] = row["status"] in _OWED and row["balance"] > 0 and row["dueDate"] < today(scene)


def _in_thirty_days(day: str) -> str:
    try:
        return shifted(day, 30)
    except ValueError as complaint:
        raise invalid({"dueDate": [str(complaint)]}) from None


def _next_number(scene: Scene) -> str:
    while scene.rows("invoice", "c_number = ?", proposed := f"INV-{scene.following('invoice'):05d}"):
        pass
    return proposed


def _client_name(row: Row, scene: Scene) -> str:
    for name, entity in (("clientCompanyId", "company"), ("clientContactId", "contact")):
        if row[name] is not None:
            return str(known(scene, entity, row[name])["name"])
    raise violated("clientContactId", "a contact or a company is needed")


def _check_lines(row: Row, scene: Scene) -> None:
    complaints: Complaints = {}
    for at, line in enumerate(row["items"]):
        account, product = line["ledgerAccountId"], line["productId"]
        if line["qty"] <= 0:
            complaints[f"items.{at}.qty"] = ["must be more than 0"]
        if account is not None and known(scene, "account", account)["group"] != "INCOME":
            complaints[f"items.{at}.ledgerAccountId"] = ["is not an income account"]
        if product is not None and known(scene, "product", product)["currency"] != row["currency"]:
            complaints[f"items.{at}.productId"] = ["is sold in another currency"]
    if complaints:
        raise invalid(complaints)


def add_up(row: Row, tax_rate: int) -> None:
    """Lines, taxes and totals: half up per line, to the digits of the currency."""
    currency, inclusive = row["currency"], row["taxInclusive"]
    full: list[Decimal] = []
    taxes: dict[Decimal, Decimal] = {}
    for line in row["items"]:
        line["gstRate"] = tax_rate if line["gstRate"] is None else line["gstRate"]
        price, rate = exact(line["qty"]) * exact(line["rate"]), exact(line["gstRate"])
        amount = rounded(price * (1 - exact(line["discountPct"]) / 100), currency)
        tax = amount - amount / (1 + rate / 100) if inclusive else amount * rate / 100
        line["lineTotal"], line["taxValue"] = number(amount), number(rounded(tax, currency))
        full.append(rounded(price, currency))
        taxes[rate] = taxes.get(rate, Decimal(0)) + rounded(tax, currency)
    amounts = total(exact(line["lineTotal"]) for line in row["items"])
    tax_total = total(taxes.values())
    net = amounts - (tax_total if inclusive else 0)
    row["subTotal"], row["taxTotal"], row["amount"] = number(net), number(tax_total), number(net + tax_total)
    row["discountTotal"] = number(total(full) - amounts)
    row["balance"] = number(net + tax_total - exact(row["paidAmount"]))
    row["taxLines"] = [
        {"label": f"GST {number(rate)}%", "pct": number(rate), "value": number(value)}
        for rate, value in sorted(taxes.items())
        if rate
    ]


def _deletable(row: Row) -> None:
    if row["status"] != "DRAFT":
        raise state_invalid(row["status"])


def _sum(name: str) -> Field:
    return computed(name, Kind.MONEY, default=0)


INVOICES = Entity(
    name="invoice",
    plural="invoices",
    path="/api/finance/invoices",
    key=INVOICE,
    fields=(
        ID,
        TENANT,
        Field(
            "number", Kind.TEXT, longest=40, kept=True, unique=True, pattern=re.compile(r".*\S.*"), complaint="is blank"
        ),
        computed("status", Kind.CHOICE, choices=("DRAFT", "SENT", "PARTIAL", "PAID", "CANCELLED")),
        computed("isOverdue", Kind.FLAG, default=False),
        Field("clientContactId", Kind.REFERENCE, refers="contact"),
        Field("clientCompanyId", Kind.REFERENCE, refers="company"),
        DEAL,
        computed("clientName", Kind.TEXT),
        address("clientEmail"),
        Field("invoiceDate", Kind.DATE, required=True),
        Field("dueDate", Kind.DATE, kept=True),
        CURRENCY,
        Field("taxInclusive", Kind.FLAG, default=False),
        Field(
            "items",
            Kind.ROWS,
            required=True,
            least=1,
            most=200,
            item=(
                ID,
                Field("description", Kind.TEXT, required=True, longest=1000),
                Field("productId", Kind.REFERENCE, refers="product", number=True),
                Field("qty", Kind.DECIMAL, default=1, digits=9, least=0),
                Field("rate", Kind.DECIMAL, required=True, digits=12, places=6, least=0),
                Field("discountPct", Kind.DECIMAL, default=0, digits=3, least=0, most=100),
                Field("gstRate", Kind.DECIMAL, digits=3, least=0, most=100),
                Field("hsnCode", Kind.TEXT, longest=16),
                BOOKED_TO,
                _sum("lineTotal"),
                _sum("taxValue"),
            ),
        ),
        *(_sum(name) for name in ("subTotal", "discountTotal", "taxTotal", "amount", "paidAmount", "balance")),
        computed("taxLines", Kind.ROWS),
        Field("poNumber", Kind.TEXT, longest=100),
        Field("clientNote", Kind.LONG_TEXT, longest=5000),
        CUSTOM,
        *(computed(name, Kind.INSTANT) for name in ("sentAt", "paidAt", "cancelledAt")),
        *hidden("internalMemo", "marginPct"),
        CREATED,
        UPDATED,
    ),
    sorts=("createdAt", "updatedAt", "number", "invoiceDate", "dueDate", "amount", "balance"),
    list_filters=("status", "isOverdue", "clientContactId", "clientCompanyId", "dealId", "currency", "number"),
    ranges={"invoiceDate": ("from", "to")},
    searched=("number", "clientName", "poNumber"),
    operations={**UNDOCUMENTED, "list": True, "create": True, "update": True},
    documented_update=("status",),
    settle=_settle,
    deletable=_deletable,
    lapses=("c_isOverdue = 0 AND c_status IN ('SENT', 'PARTIAL') AND c_balance > 0 AND c_dueDate < ?", ("today",)),
)
