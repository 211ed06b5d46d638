"""What differs from service to service: how lists page, what ids look like, how money and errors are written."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import (
    DESK,
    FINANCE,
    HR,
    PAYROLL,
    PROJECTS,
    STOCK,
    SUPPORT,
    a_contact,
    accounts,
    an_employee,
    an_invoice,
    everything,
    refusal,
)  # fmt: skip

_CUID, _UUID = "clx[0-9a-z]{22}", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# list, style, alphabet (None: integers), filters, sort fields, range
LISTS: dict[str, tuple[str, str | None, tuple[str, ...], tuple[str, ...], str | None]] = {
    f"{FINANCE}/invoices": (
        "page", "inv_[0-9A-Za-z]{1,40}",
        ("status", "isOverdue", "clientContactId", "clientCompanyId", "dealId", "currency", "number"),
        ("updatedAt", "number", "invoiceDate", "dueDate", "amount", "balance"), "invoiceDate",
    ),
    f"{FINANCE}/expenses": (
        "offset", "EXP-[0-9]{6,12}", ("state", "category", "currency", "employeeId", "projectId"),
        ("updatedAt", "total", "date"), "date",
    ),
    f"{FINANCE}/journal": ("page", "je_[1-9][0-9]{0,17}", ("refNo", "currency"), ("voucherNo", "postedOn"), "postedOn"),
    f"{HR}/employees": (
        "cursor", _UUID, ("empCode", "workEmail", "departmentId", "reportsTo", "employmentType", "status"),
        ("updatedAt", "fullName", "joiningDate"), None,
    ),
    f"{HR}/leave": ("page", _UUID, ("employeeId", "leaveType", "status"), ("updatedAt", "fromDate"), "fromDate"),
    f"{PAYROLL}/runs": ("offset", _UUID, ("type", "status"), ("updatedAt", "periodFrom", "payoutDate"), "periodFrom"),
    "/api/hrms/attendance": ("cursor", _UUID, ("employeeId", "status"), ("updatedAt", "day"), "day"),
    PROJECTS: ("page", _CUID, ("key", "status", "leadId", "clientCompanyId", "dealId"), ("updatedAt", "title", "endsOn"), None),
    f"{DESK}/tickets": (
        "page", None,
        ("ref", "status", "priority", "category", "source", "contactId", "requesterEmail", "companyId", "agentId", "isBreached"),
        ("updatedAt", "title", "resolveDueAt"), None,
    ),
    f"{STOCK}/products": (
        "offset", None, ("code", "kind", "category", "ean", "isActive"),
        ("updatedAt", "code", "title", "sellingPrice", "stock"), None,
    ),
}  # fmt: skip
WHOLE = {
    f"{FINANCE}/accounts": "coa_[0-9a-f]{8}", f"{HR}/departments": None, f"{SUPPORT}/sla-policies": _CUID,
    f"{SUPPORT}/canned-responses": "[0-9A-Za-z_-]{21}", f"{STOCK}/warehouses": None,
}  # fmt: skip
_PROSE = {"body", "details", "summary", "clientNote"}
_NEVER = {
    "tenantId", "internalMemo", "marginPct", "pan", "dob", "homeAddress", "personalEmail", "hrNotes", "exitReason", "ipAddress",
    "satisfactionToken",
}  # fmt: skip
_UNSEARCHED = _PROSE | _NEVER
SEARCHED = (
    f"{FINANCE}/invoices",
    f"{FINANCE}/expenses",
    f"{HR}/employees",
    PROJECTS,
    f"{DESK}/tickets",
    f"{STOCK}/products",
)


def rows_of(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    rows: list[dict[str, Any]] = body["items"] if "items" in body else body["data"]
    return rows


@pytest.mark.parametrize("path", [*LISTS, *WHOLE])
def test_ids_are_of_the_services_alphabet_and_rows_name_their_tenant(
    box: Box, juniper: httpx.Client, path: str
) -> None:
    alphabet = WHOLE[path] if path in WHOLE else LISTS[path][1]
    rows = rows_of(juniper.get(path))
    assert rows and {row["tenantId"] for row in rows} == {box.tenants[1]["business_id"]}
    for row in rows:
        assert type(row["id"]) is int if alphabet is None else re.fullmatch(alphabet, row["id"]), row["id"]
    assert juniper.get(f"{path}/{rows[0]['id']}").json() == {"data": rows[0]}


@pytest.mark.parametrize("path", LISTS)
def test_a_list_pages_in_its_style_and_meets_every_row_once(juniper: httpx.Client, path: str) -> None:
    style = LISTS[path][0]
    first = juniper.get(path, params={"limit": 7, "colour": "red"}).json()
    if style == "cursor":
        assert first.keys() == {"items", "nextCursor"} and len(first["items"]) == 7
    else:
        assert first.keys() == {"data", "pagination"} and len(first["data"]) == 7
        assert first["pagination"].keys() == {style, "limit", "total"}
    rows = everything(juniper, path)
    assert len({row["id"] for row in rows}) == len(rows) > 7
    assert rows == sorted(rows, key=lambda row: (row["createdAt"], row["id"]), reverse=True)
    for query in ("limit=201", "limit=0", "sort=colour", "order=up", "sort=tenantId"):
        assert juniper.get(f"{path}?{query}").status_code == 400, query


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_filtered_sorted_and_cut_to_a_range(juniper: httpx.Client, path: str) -> None:
    _, _, filters, sorts, dated = LISTS[path]
    rows = everything(juniper, path)
    for name in filters:
        value = next((row[name] for row in rows if row[name] is not None), None)
        if value is not None:
            asked = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
            kept = everything(juniper, path, **{name: asked})
            assert {row["id"] for row in kept} == {row["id"] for row in rows if row[name] == value}, name
    for name in sorts:
        ordered = everything(juniper, path, sort=name, order="asc")
        assert len(ordered) == len(rows)
        filled = [float(row[name]) if name == "sellingPrice" else row[name] for row in ordered if row[name] is not None]
        assert filled == sorted(filled), name
        assert [row[name] for row in ordered[: len(ordered) - len(filled)]] == [None] * (len(ordered) - len(filled))
    if dated is not None:
        days = sorted(row[dated] for row in rows)
        first, last = days[len(days) // 3], days[len(days) // 2]
        kept = everything(juniper, path, **{"from": first, "to": last})
        assert {row["id"] for row in kept} == {row["id"] for row in rows if first <= row[dated] <= last}
        assert juniper.get(path, params={"from": "yesterday"}).status_code == 400


@pytest.mark.parametrize("path", SEARCHED)
def test_a_search_takes_every_scalar_field(juniper: httpx.Client, path: str) -> None:
    rows = everything(juniper, path)
    scalars = {
        name: value for name, value in rows[0].items() if value is not None and not isinstance(value, list | dict)
    }
    for name, value in scalars.items():
        asked = {"where": {"field": name, "op": "eq", "value": value}, "limit": 200}
        answer = juniper.post(f"{path}/search", json=asked)
        if name in _UNSEARCHED:
            assert answer.status_code == 400, name
        else:
            assert answer.json()["total"] == sum(row[name] == value for row in rows), name
    top = juniper.post(f"{path}/search", json={"where": {"field": "id", "op": "in", "value": [rows[0]["id"]]}}).json()
    assert top == {"data": [rows[0]], "total": 1}


def test_money_has_three_forms(juniper: httpx.Client) -> None:
    """Numbers in finance, integers of the minor unit in payroll, decimal strings in the inventory."""
    assert all(type(row["amount"]) in {int, float} for row in rows_of(juniper.get(f"{FINANCE}/invoices")))
    runs = [row for row in rows_of(juniper.get(f"{PAYROLL}/runs")) if row["status"] == "PAID"]
    assert runs and all(type(row[name]) is int for row in runs for name in ("grossMinor", "netMinor", "employerMinor"))
    people = rows_of(juniper.get(f"{HR}/employees"))
    assert all(type(row["pay"]["amount"]) in {int, float} for row in people if row["pay"] is not None)
    products = rows_of(juniper.get(f"{STOCK}/products"))
    assert all(re.fullmatch(r"\d+\.\d\d", row["sellingPrice"]) for row in products)


def test_errors_are_nested_or_flat_by_service(meridian: httpx.Client) -> None:
    for path in (f"{FINANCE}/invoices", PROJECTS, f"{STOCK}/products", "/api/crm/contacts"):
        assert refusal(meridian.post(path, json={}))[0] == "validation_failed"
        missing = meridian.get(f"{path}/nothing")
        assert (missing.status_code, missing.json()) == (
            404, {"error": {"code": "not_found", "message": "There is no such thing."}},
        )  # fmt: skip
    for path in (f"{HR}/employees", f"{HR}/leave", f"{PAYROLL}/runs", f"{DESK}/tickets"):
        answer = meridian.post(path, json={})
        assert (answer.status_code, answer.json()["reason"], answer.json()["state"]) == (400, None, None)
        assert all(one["rule"] == "required" for one in answer.json()["errors"])
        missing = meridian.get(f"{path}/nothing")
        assert (missing.status_code, missing.json()) == (
            404,
            {
                "success": False,
                "message": "There is no such thing.",
                "reason": "not_found",
                "state": None,
                "errors": [],
            },
        )
    keyless = meridian.get(f"{HR}/nowhere", headers={"Authorization": "Bearer x"})
    assert keyless.json()["reason"] == "not_found"
    assert meridian.get(f"{HR}/leave", headers={"Authorization": "Bearer x"}).json()["reason"] == "key_invalid"


def test_unknown_and_read_only_members_of_a_body_are_ignored(meridian: httpx.Client) -> None:
    row = an_invoice(meridian, colour="red", status="PAID", amount=1, tenantId="other", items=[
        {"description": "Work", "rate": 100, "lineTotal": 5, "id": "itm_mine", "colour": "red"},
    ])  # fmt: skip
    assert (row["status"], row["amount"], row["items"][0]["lineTotal"]) == ("DRAFT", 118, 100)
    assert row["items"][0]["id"] != "itm_mine" and "colour" not in row and "colour" not in row["items"][0]


def test_what_another_tenant_has_does_not_exist(box: Box, meridian: httpx.Client, juniper: httpx.Client) -> None:
    own = a_contact(meridian)
    for path in (*LISTS, *WHOLE):
        foreign = rows_of(juniper.get(path))[0]["id"]
        assert meridian.get(f"{path}/{foreign}").status_code == 404, path
    first = {path: rows_of(juniper.get(path))[0]["id"] for path in (*LISTS, *WHOLE)}
    line = {"description": "A", "rate": 1}
    invoice = {"clientContactId": own, "invoiceDate": "2026-05-04", "currency": "INR", "items": [line]}
    entry = {"postedOn": "2026-05-04", "currency": "INR"}
    tickets, products = first[f"{DESK}/tickets"], first[f"{STOCK}/products"]
    refused: list[tuple[str, dict[str, Any], list[str]]] = [
        (f"{FINANCE}/invoices", {**invoice, "clientContactId": rows_of(juniper.get("/api/crm/contacts"))[0]["id"]}, ["clientContactId"]),
        (f"{FINANCE}/invoices", {**invoice, "items": [{**line, "productId": products}]}, ["items.0.productId"]),
        (f"{FINANCE}/invoices", {**invoice, "items": [{**line, "ledgerAccountId": first[f"{FINANCE}/accounts"]}]}, ["items.0.ledgerAccountId"]),
        (f"{FINANCE}/journal", {**entry, "entries": [{"ledgerAccountId": row["id"], "side": side, "value": 1} for row, side in zip(list(accounts(juniper).values())[:2], ("DR", "CR"), strict=True)]}, ["entries.0.ledgerAccountId", "entries.1.ledgerAccountId"]),
        (f"{HR}/leave", {"leaveType": "LOP", "fromDate": "2026-05-04", "toDate": "2026-05-04", "employeeId": first[f"{HR}/employees"]}, ["employeeId"]),
        (f"{DESK}/tickets", {"title": "A", "body": "B", "companyId": rows_of(juniper.get("/api/crm/companies"))[0]["id"], "requesterEmail": "a@b.example"}, ["companyId"]),
        (PROJECTS, {"title": "A", "leadId": box.user("owner", 1)["user_id"]}, ["leadId"]),
    ]  # fmt: skip
    for path, body, fields in refused:
        unknown = meridian.post(path, json=body)
        assert refusal(unknown)[1] == fields, (path, unknown.text)
        assert "does not exist" in unknown.text
    for path in (
        f"{DESK}/tickets/{tickets}/comments",
        f"{STOCK}/products/{products}/movements",
        f"{PROJECTS}/{first[PROJECTS]}/tasks",
    ):
        assert meridian.get(path).status_code == meridian.post(path, json={}).status_code == 404, path
    invoice_path = f"{FINANCE}/invoices/{first[f'{FINANCE}/invoices']}"
    for path in (f"{invoice_path}/payments", f"{invoice_path}/email"):
        assert meridian.post(path, json={}).status_code == 404, path
    for path in (invoice_path, f"{PROJECTS}/{first[PROJECTS]}"):
        assert meridian.delete(path).status_code == 404
    assert refusal(
        meridian.patch(
            f"{HR}/employees/{an_employee(meridian, 90)['id']}", json={"reportsTo": first[f"{HR}/employees"]}
        )
    )[1] == ["reportsTo"]


@pytest.mark.parametrize("state", [5, True, [], {}, [None], {"a": 1}, "", "NOWHERE"])
def test_a_state_that_is_none_is_refused_like_any_wrong_value(meridian: httpx.Client, state: Any) -> None:
    for path, name in ((f"{FINANCE}/expenses", "state"), (f"{HR}/employees", "status"), (f"{HR}/leave", "status")):
        key = rows_of(meridian.get(f"{path}?limit=1"))[0]["id"]
        assert refusal(meridian.patch(f"{path}/{key}", json={name: state}))[1] == [name], path


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30, 1.5, True, "1"])
def test_a_number_that_is_no_id_names_nothing(meridian: httpx.Client, number: Any) -> None:
    body = {"periodFrom": "1998-01-01", "periodTo": "1998-01-31", "payoutDate": "1998-01-31"}
    assert refusal(meridian.post(f"{PAYROLL}/runs", json={**body, "departmentId": number}))[1] == ["departmentId"]


def test_the_ends_of_the_calendar_and_of_the_numbers_break_nothing(meridian: httpx.Client) -> None:
    query = {"from": "0001-01-01", "to": "9999-12-31"}
    assert meridian.get(f"{FINANCE}/reports/cash-flow", params=query).json()["data"]["openingCash"] == 0
    body = {"clientContactId": a_contact(meridian), "currency": "INR", "items": [{"description": "A", "rate": 1}]}
    late = meridian.post(f"{FINANCE}/invoices", json={**body, "invoiceDate": "9999-12-31"})
    assert refusal(late)[1] == ["dueDate"]
    deal = meridian.post("/api/crm/deals", json={"title": "Large", "value": 2**64})
    assert (deal.status_code, deal.json()["data"]["value"]) == (201, 2**64)
