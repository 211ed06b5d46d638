"""Invoices as their service answers them, of as many lines as are asked for, and the body that creates one."""

import json
from typing import Any

FIRST = "inv_0000"
_WHOLE = {
    "currency": "INR",
    "taxInclusive": False,
    "subTotal": 899775.0,
    "discountTotal": 99975.0,
    "taxTotal": 161959.5,
}
_SENT = {"description": "Consulting, on site", "quantity": "2.5", "unit_price": "1999.5", "tax_rate": "18"}


def _line(number: int) -> dict[str, Any]:
    return {
        "id": f"itm_{number:06}",
        "description": "Consulting, on site",
        "productId": number + 1,
        "qty": 2.5,
        "rate": 1999.5,
        "discountPct": 10,
        "gstRate": 18,
        "hsnCode": "998311",
        "ledgerAccountId": f"coa_{number:08x}",
        "lineTotal": 4498.88,
        "taxValue": 809.8,
    }


def _invoice(number: int, lines: int) -> dict[str, Any]:
    return {
        "id": f"inv_{number:04}",
        "tenantId": "clxq0w1e2r3t4y5u6i7o8p9a0",
        "number": f"INV-{number:05}",
        "status": "PARTIAL",
        "isOverdue": True,
        "clientContactId": f"{number:024x}",
        "clientCompanyId": f"{number:024x}",
        "dealId": None,
        "clientName": "Acme Ltd",
        "clientEmail": "accounts@example.com",
        "invoiceDate": "2026-04-01",
        "dueDate": "2026-05-01",
        **_WHOLE,
        "items": [_line(at) for at in range(lines)],
        "amount": 1061734.5,
        "paidAmount": 2500,
        "balance": 1059234.5,
        "taxLines": [{"label": "GST 18%", "pct": 18, "value": 161959.5}],
        "poNumber": "PO-1187",
        "clientNote": "Thank you.",
        "customFields": {"region": "south"},
        "sentAt": "2026-04-01T10:00:00.000Z",
        "paidAt": None,
        "cancelledAt": None,
        "internalMemo": None,
        "marginPct": 31.5,
        "createdAt": "2026-04-01T09:00:00.000Z",
        "updatedAt": "2026-04-15T14:30:05.250Z",
    }


def one(lines: int) -> bytes:
    """An answer with one invoice."""
    return json.dumps({"data": _invoice(0, lines)}).encode()


def page(invoices: int, lines: int) -> bytes:
    """The answer of a structured search that found so many."""
    return json.dumps({"data": [_invoice(at, lines) for at in range(invoices)], "total": invoices}).encode()


def sent(lines: int) -> bytes:
    """The body that creates an invoice."""
    body = {"contact_id": "con_" + "0" * 24, "issue_date": "2026-04-01", "currency": "INR"}
    return json.dumps({**body, "line_items": [_SENT] * lines}).encode()
