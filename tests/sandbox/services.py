"""The words of the later services: the least that each create takes, and what a refusal says in either error shape."""

from typing import Any

import httpx

Row = dict[str, Any]
FINANCE, HR, PAYROLL, PROJECTS = "/api/finance", "/api/hr", "/api/payroll", "/api/projects"
DESK, SUPPORT, STOCK = "/api/helpdesk", "/api/support", "/api/inventory"
FLAT = ("/api/hr", "/api/payroll", "/api/helpdesk", "/api/support")


def made(client: httpx.Client, path: str, **body: Any) -> Row:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    row: Row = answer.json()["data"]
    return row


def patched(client: httpx.Client, path: str, **body: Any) -> Row:
    answer = client.patch(path, json=body)
    assert answer.status_code == 200, answer.text
    row: Row = answer.json()["data"]
    return row


def got(client: httpx.Client, path: str) -> Row:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    row: Row = answer.json()["data"]
    return row


def refusal(answer: httpx.Response) -> tuple[str | None, list[str], str | None]:
    """Word, fields and state, whichever shape they come in."""
    assert answer.status_code == 400, answer.text
    body = answer.json()
    if answer.request.url.path.startswith(FLAT):
        assert body.keys() >= {"success", "message", "reason", "state", "errors"} and body["success"] is False
        assert all(one.keys() == {"path", "rule", "message"} for one in body["errors"])
        return body["reason"], [one["path"] for one in body["errors"]], body["state"]
    error = body["error"]
    return error["code"], list(error.get("fields", {})), error.get("state")


def a_contact(client: httpx.Client, **body: Any) -> str:
    key: str = made(client, "/api/crm/contacts", firstName="Asha", **body)["id"]
    return key


def an_invoice(client: httpx.Client, **body: Any) -> Row:
    least = {
        "clientContactId": body.pop("clientContactId", None) or a_contact(client),
        "invoiceDate": "2026-05-04",
        "currency": "INR",
        "items": [{"description": "Work", "rate": 100}],
    }
    return made(client, f"{FINANCE}/invoices", **{**least, **body})


def sent(client: httpx.Client, **body: Any) -> Row:
    return patched(client, f"{FINANCE}/invoices/{an_invoice(client, **body)['id']}", status="SENT")


def accounts(client: httpx.Client) -> dict[str, Row]:
    """By code."""
    rows = client.get(f"{FINANCE}/accounts").json()["data"]
    return {row["glCode"]: row for row in rows}


def an_employee(client: httpx.Client, number: int, **body: Any) -> Row:
    least = {
        "givenName": "Noor",
        "workEmail": f"noor{number}@new.example",
        "employmentType": "FULL_TIME",
        "joiningDate": "2026-01-05",
    }
    return made(client, f"{HR}/employees", **{**least, **body})


def everything(client: httpx.Client, path: str, **query: Any) -> list[Row]:
    """All rows of a list in whichever style it pages."""
    rows: list[Row] = []
    query = {"limit": 200, **query}
    page = client.get(path, params=query).json()
    while True:
        rows += page.get("data", page.get("items"))
        if "items" in page:
            if page["nextCursor"] is None:
                return rows
            query["cursor"] = page["nextCursor"]
        elif "pagination" not in page or len(rows) >= page["pagination"]["total"]:
            return rows
        elif "page" in page["pagination"]:
            query["page"] = page["pagination"]["page"] + 1
        else:
            query["offset"] = len(rows)
        page = client.get(path, params=query).json()
