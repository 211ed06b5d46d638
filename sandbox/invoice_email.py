"""Sending an invoice: nothing leaves the sandbox, but a draft counts as sent from then on."""

from typing import Any

from sandbox.answers import Complaints, Reply, data, document, invalid, refused, state_invalid
from sandbox.calls import fetch
from sandbox.entities import INVOICES
from sandbox.fields import plain_text
from sandbox.guard import Call, Operation
from sandbox.scene import Row
from sandbox.writing import scene_of, writing

_SENDABLE = {"DRAFT", "SENT", "PARTIAL"}
_LONGEST = {"subject": 255, "body": 10_000}


def operations() -> dict[str, dict[str, Operation]]:
    return {"/api/finance/invoices/{id}/email": {"POST": Operation(_send, documented=True)}}


async def _send(call: Call) -> Reply:
    invoice = fetch(call, INVOICES)
    body = call.json() if call.body else {}
    _check(body)
    if invoice["status"] not in _SENDABLE:
        raise state_invalid(invoice["status"])
    if not body.get("recipients") and not _address(call, invoice):
        raise refused("no_recipient", {"recipients": ["there is no address to send it to"]})
    if invoice["status"] != "DRAFT":
        return data(invoice)
    with writing(call) as scene:
        sent = INVOICES.updated(invoice, {"status": "SENT"}, scene)
        return document(scene.replace(INVOICES, invoice, sent))


def _check(body: dict[str, Any]) -> None:
    complaints: Complaints = {}
    for name in ("recipients", "cc"):
        given = body.get(name)
        if given is not None and not _addresses(given):
            complaints[name] = ["must be a list of at most 10 e-mail addresses"]
    for name, longest in _LONGEST.items():
        try:
            plain_text(body.get(name) or "", longest)
        except ValueError as complaint:
            complaints[name] = [str(complaint)]
    if complaints:
        raise invalid(complaints)


def _addresses(given: Any) -> bool:
    return isinstance(given, list) and len(given) <= 10 and all(isinstance(one, str) and "@" in one for one in given)


def _address(call: Call, invoice: Row) -> str | None:
    if invoice["clientEmail"] is not None or invoice["clientContactId"] is None:
        found: str | None = invoice["clientEmail"]
        return found
    contact = scene_of(call).row("contact", invoice["clientContactId"])
    return contact["email"] if contact is not None else None
