"""Invoices, payments, expense claims and journal entries: arithmetic, states, refusals."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import (
    FINANCE,
    HR,
    a_contact,
    accounts,
    an_invoice,
    everything,
    got,
    made,
    patched,
    refusal,
    sent,
)  # fmt: skip

INVOICES = f"{FINANCE}/invoices"


def of(row: dict[str, Any]) -> str:
    return f"{INVOICES}/{row['id']}"


def pay(client: httpx.Client, invoice: dict[str, Any], amount: float, **body: Any) -> httpx.Response:
    return client.post(f"{of(invoice)}/payments", json={"amount": amount, "paymentDate": "2026-05-06", **body})


@pytest.mark.parametrize(
    ("currency", "inclusive", "lines", "expected"),
    [
        # (qty, rate, discountPct, gstRate) → (lineTotal, taxValue) …, subTotal, discountTotal, taxTotal, amount
        ("INR", False, [(3, 19.995, 0, 18)], ([(59.99, 10.8)], 59.99, 0, 10.8, 70.79)),
        ("INR", False, [(1, 100, 0, 18), (2, 50.5, 10, 5)], ([(100, 18), (90.9, 4.55)], 190.9, 10.1, 22.55, 213.45)),
        ("INR", True, [(1, 118, 0, 18)], ([(118, 18)], 100, 0, 18, 118)),
        ("INR", True, [(1, 99.99, 0, 12)], ([(99.99, 10.71)], 89.28, 0, 10.71, 99.99)),
        ("JPY", False, [(1.5, 333, 0, 10)], ([(500, 50)], 500, 0, 50, 550)),
        ("INR", False, [(1, 0.125, 0, 0)], ([(0.13, 0)], 0.13, 0, 0, 0.13)),
        ("KWD", False, [(1, 1.0005, 33.3333, 5)], ([(0.667, 0.033)], 0.667, 0.334, 0.033, 0.7)),
    ],
)
def test_an_invoice_is_added_up_half_up_per_line(
    meridian: httpx.Client, currency: str, inclusive: bool, lines: list[Any], expected: Any
) -> None:
    items = [
        {"description": "Work", "qty": qty, "rate": rate, "discountPct": discount, "gstRate": tax}
        for qty, rate, discount, tax in lines
    ]
    row = an_invoice(meridian, currency=currency, taxInclusive=inclusive, items=items)
    made_up = ([(line["lineTotal"], line["taxValue"]) for line in row["items"]],)
    totals = tuple(row[name] for name in ("subTotal", "discountTotal", "taxTotal", "amount"))
    assert made_up + totals == expected
    assert row["balance"] == row["amount"] and row["paidAmount"] == 0
    assert sum(tax["value"] for tax in row["taxLines"]) == pytest.approx(row["taxTotal"])


def test_a_new_invoice_is_a_draft_with_a_number_a_name_and_thirty_days(meridian: httpx.Client) -> None:
    row = an_invoice(meridian)
    assert re.fullmatch("inv_[0-9A-Za-z]{1,40}", row["id"])
    assert all(re.fullmatch("itm_[0-9A-Za-z]{1,40}", line["id"]) for line in row["items"])
    assert re.fullmatch(r"INV-\d{5}", row["number"])
    assert (row["status"], row["clientName"], row["dueDate"]) == ("DRAFT", "Asha", "2026-06-03")
    assert row["items"][0]["gstRate"] == 18  # the workspace's
    assert row["taxLines"] == [{"label": "GST 18%", "pct": 18, "value": 18}]
    assert {"tenantId", "internalMemo", "marginPct"} <= row.keys()
    assert an_invoice(meridian)["number"] != row["number"]


@pytest.mark.parametrize(
    ("body", "word", "fields"),
    [
        ({"clientContactId": None}, "rule_violated", ["clientContactId"]),
        ({"dueDate": "2026-05-03"}, "rule_violated", ["dueDate"]),
        ({"items": []}, "validation_failed", ["items"]),
        ({"items": [{"rate": 1}]}, "validation_failed", ["items.0.description"]),
        ({"items": [{"description": "A", "rate": 1}, {"description": "B", "rate": -1}]}, "validation_failed", ["items.1.rate"]),
        ({"items": [{"description": "A", "rate": 1, "qty": 0}]}, "validation_failed", ["items.0.qty"]),
        ({"items": [{"description": "A", "rate": 1, "gstRate": 101}]}, "validation_failed", ["items.0.gstRate"]),
        ({"items": [{"description": "A", "rate": "1"}]}, "validation_failed", ["items.0.rate"]),
        ({"items": [{"description": "A", "rate": 1, "productId": 999999999}]}, "validation_failed", ["items.0.productId"]),
        ({"currency": "XXY"}, "validation_failed", ["currency"]),
        ({"number": "INV-00001"}, "duplicate", ["number"]),
        ({"clientContactId": "0" * 24}, "validation_failed", ["clientContactId"]),
    ],
)  # fmt: skip
def test_an_invoice_that_breaks_a_rule_is_refused_by_its_word(
    meridian: httpx.Client, body: dict[str, Any], word: str, fields: list[str]
) -> None:
    least = {
        "clientContactId": a_contact(meridian), "invoiceDate": "2026-05-04", "currency": "INR",
        "items": [{"description": "Work", "rate": 100}],
    }  # fmt: skip
    assert refusal(meridian.post(INVOICES, json={**least, **body})) == (word, fields, None)


def test_lines_are_booked_to_income_only_and_sell_products_of_their_currency(meridian: httpx.Client) -> None:
    rent = accounts(meridian)["6100"]["id"]
    product = made(meridian, "/api/inventory/products", code="EUR-1", title="Lamp", currency="EUR")["id"]
    for line, at in (({"ledgerAccountId": rent}, "ledgerAccountId"), ({"productId": product}, "productId")):
        body = {"invoiceDate": "2026-05-04", "currency": "INR", "clientContactId": a_contact(meridian)}
        refused = meridian.post(INVOICES, json={**body, "items": [{"description": "A", "rate": 1, **line}]})
        assert refusal(refused) == ("validation_failed", [f"items.0.{at}"], None)


def test_lines_keep_the_ids_they_are_sent_with(meridian: httpx.Client) -> None:
    two = [{"description": "A", "rate": 1, "qty": 4}, {"description": "B", "rate": 2}]
    row = an_invoice(meridian, items=two)
    first, second = (line["id"] for line in row["items"])
    again = [{"id": second, "description": "B2", "rate": 2}, {"description": "C", "rate": 3}]
    changed = patched(meridian, of(row), items=again)["items"]
    assert [line["description"] for line in changed] == ["B2", "C"]
    assert changed[0]["id"] == second and changed[1]["id"] not in {first, second}
    unknown = meridian.patch(of(row), json={"items": [{"id": first, "description": "A", "rate": 1}]})
    assert refusal(unknown) == ("line_unknown", ["items.0.id"], None)


def test_payments_lead_from_sent_to_paid_and_never_beyond(box: Box, meridian: httpx.Client) -> None:
    row = sent(meridian, items=[{"description": "Work", "rate": 1000, "gstRate": 0}])
    manager = box.user("manager")["user_id"]
    with box.speaker(0, **{"X-User-Id": manager}) as acting:
        first = pay(acting, row, 400.5, mode="UPI", txnRef="T1").json()["data"]
    assert re.fullmatch("rcpt_[0-9A-Za-z]{1,40}", first["id"])
    assert (first["invoiceId"], first["currency"], first["receivedBy"], first["mode"]) == (
        row["id"], "INR", manager, "UPI",
    )  # fmt: skip
    partial = got(meridian, of(row))
    assert (partial["status"], partial["paidAmount"], partial["balance"]) == ("PARTIAL", 400.5, 599.5)
    over = pay(meridian, row, 599.51)
    assert refusal(over) == ("exceeds_balance", ["amount"], None)
    assert over.json()["error"]["balance"] == 599.5
    assert refusal(pay(meridian, row, 0)) == ("rule_violated", ["amount"], None)
    assert refusal(pay(meridian, row, 1.005)) == ("precision", ["amount"], None)
    assert pay(meridian, row, 599.5).status_code == 201
    paid = got(meridian, of(row))
    assert (paid["status"], paid["balance"], paid["paidAt"] is not None) == ("PAID", 0, True)
    assert refusal(pay(meridian, row, 1)) == ("invalid_state", [], "PAID")
    listed = meridian.get(f"{of(row)}/payments").json()
    assert [one["amount"] for one in listed["data"]] == [599.5, 400.5]
    assert listed["pagination"] == {"page": 1, "limit": 25, "total": 2}


@pytest.mark.parametrize(
    ("state", "wanted", "outcome"),
    [
        ("DRAFT", "SENT", "SENT"), ("DRAFT", "CANCELLED", "CANCELLED"), ("DRAFT", "PAID", None),
        ("SENT", "CANCELLED", "CANCELLED"), ("SENT", "SENT", "SENT"), ("SENT", "DRAFT", None),
        ("PARTIAL", "CANCELLED", None), ("PAID", "CANCELLED", None), ("CANCELLED", "SENT", None),
    ],
)  # fmt: skip
def test_an_invoice_takes_the_steps_of_its_state_and_no_other(
    meridian: httpx.Client, state: str, wanted: str, outcome: str | None
) -> None:
    row = an_invoice(meridian) if state == "DRAFT" else sent(meridian)
    if state == "CANCELLED":
        patched(meridian, of(row), status="CANCELLED")
    if state in {"PARTIAL", "PAID"}:
        pay(meridian, row, 10 if state == "PARTIAL" else row["amount"])
    answer = meridian.patch(of(row), json={"status": wanted})
    if outcome is None:
        assert refusal(answer) == ("invalid_state", [], state)
    else:
        assert answer.json()["data"]["status"] == outcome


def test_only_drafts_change_wholly_and_go(meridian: httpx.Client) -> None:
    draft = an_invoice(meridian)
    assert patched(meridian, of(draft), items=[{"description": "B", "rate": 7, "gstRate": 0}])["amount"] == 7
    assert patched(meridian, of(draft), currency="USD")["currency"] == "INR"  # fixed: ignored
    row = sent(meridian)
    changed = patched(
        meridian, of(row), dueDate="2026-09-01", poNumber="PO-1", clientNote="Thanks", customFields={"a": 1}
    )
    assert (changed["dueDate"], changed["customFields"]) == ("2026-09-01", {"a": 1})
    for body in ({"items": [{"description": "B", "rate": 7}]}, {"clientEmail": "a@b.example"}, {"number": "X-1"}):
        assert refusal(meridian.patch(of(row), json=body)) == ("invalid_state", [], "SENT"), body
    assert refusal(meridian.patch(of(row), json={"dueDate": None}))[1] == ["dueDate"]
    assert refusal(meridian.delete(of(row))) == ("invalid_state", [], "SENT")
    assert meridian.delete(of(draft)).status_code == 204
    assert meridian.get(of(draft)).status_code == 404


def test_sending_needs_an_address_and_makes_a_draft_count_as_sent(meridian: httpx.Client) -> None:
    row = an_invoice(meridian)
    assert refusal(meridian.post(f"{of(row)}/email")) == ("no_recipient", ["recipients"], None)
    told = meridian.post(f"{of(row)}/email", json={"recipients": ["a@b.example"], "subject": "Invoice"})
    assert (told.status_code, told.json()["data"]["status"]) == (200, "SENT")
    reachable = an_invoice(meridian, clientContactId=a_contact(meridian, email="asha@mail.example"))
    assert meridian.post(f"{of(reachable)}/email", content=b"").json()["data"]["status"] == "SENT"
    reminded = meridian.post(f"{of(reachable)}/email", json={})
    assert reminded.json()["data"] == got(meridian, of(reachable))
    patched(meridian, of(reachable), status="CANCELLED")
    assert refusal(meridian.post(f"{of(reachable)}/email", json={}))[2] == "CANCELLED"
    assert refusal(meridian.post(f"{of(row)}/email", json={"cc": ["nobody"]}))[1] == ["cc"]


def test_overdue_is_a_fact_of_the_day_and_not_a_state(meridian: httpx.Client) -> None:
    late = sent(meridian, invoiceDate="2024-01-01")
    assert late["isOverdue"] is True and late["status"] == "SENT"
    assert sent(meridian, dueDate="2099-01-01")["isOverdue"] is False
    assert an_invoice(meridian, invoiceDate="2024-01-01")["isOverdue"] is False
    assert pay(meridian, late, late["amount"]).status_code == 201
    assert got(meridian, of(late))["isOverdue"] is False
    rows = everything(meridian, INVOICES, isOverdue="true")
    assert rows and all(row["balance"] > 0 and row["status"] in {"SENT", "PARTIAL"} for row in rows)


def claim(client: httpx.Client, **body: Any) -> dict[str, Any]:
    least = {"purpose": "Train", "category": "Travel", "total": 120.5, "currency": "INR", "date": "2026-05-04"}
    return made(client, f"{FINANCE}/expenses", **{**least, **body})


def test_a_claim_is_the_acting_users_own_and_decided_by_somebody_else(box: Box, meridian: httpx.Client) -> None:
    with (
        box.speaker(0, **{"X-User-Id": box.user("member")["user_id"]}) as member,
        box.speaker(0, **{"X-User-Id": box.user("manager")["user_id"]}) as manager,
    ):
        row = claim(member)
        path = f"{FINANCE}/expenses/{row['id']}"
        assert re.fullmatch(r"EXP-\d{6,12}", row["id"]) and row["state"] == "PENDING"
        assert got(meridian, f"{HR}/employees/{row['employeeId']}")["userId"] == box.user("member")["user_id"]
        assert refusal(member.patch(path, json={"state": "APPROVED"})) == ("not_allowed", [], None)
        assert refusal(manager.patch(path, json={"state": "REJECTED"})) == ("validation_failed", ["reviewNote"], None)
        approved = patched(manager, path, state="APPROVED", reviewNote="Fine")
        assert (approved["reviewedBy"], approved["reviewNote"]) == (box.user("manager")["user_id"], "Fine")
        assert refusal(manager.patch(path, json={"purpose": "Bus"})) == ("invalid_state", [], "APPROVED")
        paid = patched(manager, path, state="PAID", reimbursedOn="2026-05-20")
        assert (paid["state"], paid["settledAt"]) == ("PAID", "2026-05-20T00:00:00.000Z")
        assert refusal(manager.patch(path, json={"state": "REJECTED", "reviewNote": "No"}))[2] == "PAID"
        assert refusal(manager.delete(path))[2] == "PAID"
        assert manager.delete(f"{FINANCE}/expenses/{claim(member)['id']}").status_code == 204


def test_a_receipt_is_where_an_https_url_says_in_whatever_case(meridian: httpx.Client) -> None:
    assert claim(meridian, receiptUrl="HTTPS://x.example/a")["receiptUrl"] == "HTTPS://x.example/a"


def test_a_claim_on_the_companys_card_is_not_paid_back(meridian: httpx.Client) -> None:
    path = f"{FINANCE}/expenses/{claim(meridian, paidWith='CORPORATE')['id']}"
    patched(meridian, path, state="APPROVED")
    assert refusal(meridian.patch(path, json={"state": "PAID"})) == ("invalid_state", [], "APPROVED")
    assert patched(meridian, path, state="REJECTED", reviewNote="Private")["state"] == "REJECTED"


@pytest.mark.parametrize(
    ("body", "word", "field"),
    [
        ({"taxPart": 120.51}, "rule_violated", "taxPart"), ({"total": 0}, "rule_violated", "total"),
        ({"total": 1.001}, "precision", "total"), ({"receiptUrl": "http://x.example/a"}, "validation_failed", "receiptUrl"),
        ({"projectId": "clx0"}, "validation_failed", "projectId"),
    ],
)  # fmt: skip
def test_a_claim_that_breaks_a_rule_is_refused(meridian: httpx.Client, body: Any, word: str, field: str) -> None:
    least = {"purpose": "Train", "category": "Travel", "total": 120.5, "currency": "INR", "date": "2026-05-04"}
    assert refusal(meridian.post(f"{FINANCE}/expenses", json={**least, **body})) == (word, [field], None)


def entry(client: httpx.Client, *lines: tuple[str, str, float], **body: Any) -> httpx.Response:
    by_code = accounts(client)
    entries = [{"ledgerAccountId": by_code[code]["id"], "side": side, "value": value} for code, side, value in lines]
    least = {"postedOn": "2026-05-04", "currency": "INR", "entries": entries}
    return client.post(f"{FINANCE}/journal", json={**least, **body})


def test_a_journal_entry_is_posted_when_it_balances_to_the_cent(meridian: httpx.Client) -> None:
    made_ = entry(meridian, ("6100", "DR", 0.1), ("6110", "DR", 0.2), ("1010", "CR", 0.3), narration="Rent")
    assert made_.status_code == 201
    row = made_.json()["data"]
    assert re.fullmatch("je_[1-9][0-9]{0,17}", row["id"]) and re.fullmatch(r"JV-\d{5}", row["voucherNo"])
    assert row["total"] == 0.3 and "updatedAt" not in row
    assert got(meridian, f"{FINANCE}/journal/{row['id']}") == row
    for answer, word, fields in (
        (entry(meridian, ("6100", "DR", 1), ("1010", "CR", 1.01)), "rule_violated", ["entries"]),
        (entry(meridian, ("6100", "DR", 1.001), ("1010", "CR", 1.001)), "precision", ["entries.0.value", "entries.1.value"]),
        (entry(meridian, ("6990", "DR", 1), ("1010", "CR", 1)), "validation_failed", ["entries.0.ledgerAccountId"]),
        (entry(meridian, ("6100", "DR", 1), ("1010", "CR", 1), postedOn="2025-03-31"), "period_closed", ["postedOn"]),
        (entry(meridian, ("6100", "DR", 1), ("1010", "CR", 1), currency="USD"), "validation_failed", ["currency"]),
        (entry(meridian, ("6100", "DR", 1)), "validation_failed", ["entries"]),
        (entry(meridian, ("6100", "DR", -1), ("1010", "CR", -1)), "rule_violated", ["entries.0.value"]),
    ):  # fmt: skip
        assert refusal(answer) == (word, fields, None)
    assert meridian.patch(f"{FINANCE}/journal/{row['id']}", json={}).status_code == 405
