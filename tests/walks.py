"""What an accountant's program does in a day, over the wire and with one token: on every service, or on documented calls alone."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx

Call = Callable[..., httpx.Response]
MONTH = ("2026-04-01", "2026-04-30")
DAY = "2026-04-15"
LINES = [
    {
        "description": "Consulting",
        "quantity": "2.5",
        "unit_price": "1999.5",
        "discount_percent": "10",
        "tax_rate": "18",
    },
    {"description": "Screws", "quantity": "1000", "unit_price": "0.125", "tax_rate": "5"},
    {"description": "Travel", "unit_price": "999.99", "tax_rate": "0"},
]


def told(answer: httpx.Response, status: int = 200) -> Any:
    """The answer's data, when it has that status."""
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def refused(answer: httpx.Response, status: int, code: str) -> Any:
    """The problem that the answer is."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    return problem


def invoiced(call: Call) -> None:
    """An invoice from its first line to its last payment, and the books that tell of it."""
    between = {"field": "issue_date", "operator": "between", "values": list(MONTH)}
    found = told(call("POST", "/v1/invoices/search", {"filters": [between], "limit": 100}))
    assert found
    assert all(MONTH[0] <= each["issue_date"] <= MONTH[1] for each in found)
    before = _month(call)
    contacts = told(call("POST", "/v1/contacts/search", {"limit": 100}))
    contact = next(each["id"] for each in contacts if each["email"])
    body = {"contact_id": contact, "issue_date": DAY, "currency": "INR", "line_items": LINES}
    made = call("POST", "/v1/invoices", body)
    invoice = told(made, 201)
    at = made.headers["location"]
    assert [(line["amount"], line["tax_amount"]) for line in invoice["line_items"]] == [
        ("4498.88", "809.80"),
        ("125.00", "6.25"),
        ("999.99", "0.00"),
    ]
    sums = {name: invoice[name] for name in ("subtotal", "discount_total", "tax_total", "total", "amount_due")}
    assert sums == {
        "subtotal": "5623.87",
        "discount_total": "499.87",
        "tax_total": "816.05",
        "total": "6439.92",
        "amount_due": "6439.92",
    }
    assert (invoice["status"], invoice["due_date"]) == ("draft", "2026-05-15")
    pay = f"{at}/payments"
    early = refused(call("POST", pay, {"amount": "1.00", "paid_on": DAY}), 409, "state_conflict")
    assert (early["current_status"], early["allowed"]) == ("draft", ["send", "mark_sent", "void"])
    assert told(call("POST", f"{at}/send", {"to": ["accounts@example.com"]}))["status"] == "sent"
    assert told(call("POST", f"{at}/send"))["status"] == "sent", "a reminder"
    half = told(call("POST", pay, {"amount": "3219.96", "paid_on": DAY, "method": "upi"}), 201)
    assert (half["invoice_id"], half["amount"], half["currency"]) == (invoice["id"], "3219.96", "INR")
    assert told(call("GET", at))["status"] == "partially_paid"
    void = refused(call("POST", f"{at}/void"), 409, "state_conflict")
    assert (void["current_status"], void["allowed"]) == ("partially_paid", ["send"])
    more = refused(call("POST", pay, {"amount": "3219.97", "paid_on": DAY}), 422, "validation_failed")
    (error,) = more["errors"]
    assert (error["pointer"], error["code"], error["allowed"]) == ("/amount", "exceeds_amount_due", ["3219.96"])
    told(call("POST", pay, {"amount": "3219.96", "paid_on": DAY}), 201)
    paid = told(call("GET", at))
    assert (paid["status"], paid["amount_paid"], paid["amount_due"]) == ("paid", "6439.92", "0.00")
    assert refused(call("POST", f"{at}/void"), 409, "state_conflict")["allowed"] == []
    assert _month(call) - before == Decimal("5623.87"), "what was sold is income of its month, without tax"


def _month(call: Call) -> Decimal:
    """The income of the month in a report of the quarter, which adds up in every cell."""
    asked = "/v1/reports/profit_and_loss?from=2026-04-01&to=2026-06-30&interval=month"
    report = told(call("GET", asked))
    *months, whole = range(len(report["columns"]))
    assert (len(months), report["columns"][whole]["kind"]) == (3, "total")
    sections = {section["key"]: section for section in report["sections"]}
    for section in sections.values():
        columns = [[Decimal(row["amounts"][at]) for row in section["rows"]] for at in (*months, whole)]
        assert [Decimal(total) for total in section["totals"]] == [sum(column) for column in columns]
        assert sum(Decimal(section["totals"][at]) for at in months) == Decimal(section["totals"][whole])
    income = sections["income"]["totals"][0]
    return Decimal(income)


def posted(call: Call, counted: Callable[[], int]) -> None:
    """An entry that does not balance and never reaches the books, and its twin that does."""
    accounts = told(call("POST", "/v1/accounts/search", {"limit": 100}))
    debit, credit = (
        next(each["id"] for each in accounts if each["type"] == kind and each["active"])
        for kind in ("expense", "asset")
    )
    lines = [
        {"account_id": debit, "type": "debit", "amount": "1500.00"},
        {"account_id": credit, "type": "credit", "amount": "1499.99"},
    ]
    entry = {"entry_date": DAY, "currency": "INR", "memo": "Rent", "lines": lines}
    before = counted()
    (error,) = refused(call("POST", "/v1/journal_entries", entry), 422, "validation_failed")["errors"]
    assert (error["pointer"], error["code"]) == ("/lines", "unbalanced")
    assert error["message"] == "Debits are 1500.00 and credits 1499.99, which differ by 0.01."
    assert counted() == before, "nothing was sent"
    lines[1]["amount"] = "1500.00"
    made = told(call("POST", "/v1/journal_entries", entry), 201)
    assert (made["total"], made["lines"][1]["account_id"]) == ("1500.00", credit)


def counted_stock(call: Call) -> None:
    """What documented calls tell of stock: products, each with its movements, the newest first."""
    goods = {"field": "type", "operator": "eq", "value": "goods"}
    products = told(call("POST", "/v1/products/search", {"filters": [goods], "limit": 100}))
    product = next(each for each in products if each["stock_levels"])
    assert told(call("GET", f"/v1/products/{product['id']}")) == product
    movements = told(call("GET", f"/v1/products/{product['id']}/movements?limit=2"))
    assert movements
    assert {each["product_id"] for each in movements} == {product["id"]}
    assert movements == sorted(movements, key=lambda each: str(each["created_at"]), reverse=True)


def moved(call: Call) -> None:
    """Stock that comes and goes; it is never set."""
    goods = {"field": "type", "operator": "eq", "value": "goods"}
    products = told(call("POST", "/v1/products/search", {"filters": [goods], "limit": 100}))
    product = next(each for each in products if each["track_stock"] and each["stock_levels"])
    warehouse, before = product["stock_levels"][0]["warehouse_id"], Decimal(product["quantity_on_hand"])
    movements = f"/v1/products/{product['id']}/movements"
    body = {"warehouse_id": warehouse, "type": "receipt", "quantity": "2.5"}
    (error,) = refused(call("POST", movements, {**body, "type": "issue"}), 422, "validation_failed")["errors"]
    assert (error["pointer"], error["code"]) == ("/quantity", "sign_mismatch")
    made = told(call("POST", movements, body), 201)
    assert (made["product_id"], made["quantity"]) == (product["id"], "2.5")
    assert Decimal(made["balance_after"]) == before + Decimal("2.5")
    assert told(call("GET", f"{movements}?limit=1")) == [made]
    assert Decimal(told(call("GET", f"/v1/products/{product['id']}"))["quantity_on_hand"]) == before + Decimal("2.5")
    set_ = call("PATCH", f"/v1/products/{product['id']}", {"quantity_on_hand": "7"})
    (error,) = refused(set_, 422, "validation_failed")["errors"]
    assert (error["pointer"], error["code"]) == ("/quantity_on_hand", "field_read_only")
    archived = told(call("POST", f"/v1/products/{product['id']}/archive"))
    assert archived["status"] == "archived"
    assert told(call("POST", f"/v1/products/{product['id']}/unarchive"))["status"] == "active"


def claimed(call: Call) -> None:
    """A claim that somebody else decides."""
    body = {"description": "Train", "category": "Travel", "amount": "1180.00", "currency": "INR", "spent_on": DAY}
    (error,) = refused(call("POST", "/v1/expenses", {**body, "tax_amount": "1180.01"}), 422, "validation_failed")[
        "errors"
    ]
    assert (error["pointer"], error["code"]) == ("/tax_amount", "exceeds_amount")
    other = told(call("POST", "/v1/employees/search", {"limit": 1, "order_by": "created_at", "sort_direction": "asc"}))
    made = call("POST", "/v1/expenses", {**body, "tax_amount": "180.00", "employee_id": other[0]["id"]})
    assert told(made, 201)["status"] == "submitted"
    at = made.headers["location"]
    early = refused(call("POST", f"{at}/reimburse"), 409, "state_conflict")
    assert (early["current_status"], early["allowed"]) == ("submitted", ["approve", "reject"])
    assert told(call("POST", f"{at}/approve"))["status"] == "approved"
    done = told(call("POST", f"{at}/reimburse", {"reimbursed_on": "2026-04-20"}))
    assert (done["status"], done["reimbursed_at"]) == ("reimbursed", "2026-04-20T00:00:00Z")
    assert refused(call("POST", f"{at}/reject", {"note": "Too late"}), 409, "state_conflict")["allowed"] == []


def away(call: Call, member: str, manager: str, *, decided: bool = True) -> None:
    """Leave that a member files, whose requests they do not read, and that a manager approves. decided: whether it can be."""
    day = {"type": "unpaid", "start_date": "2029-11-05", "end_date": "2029-11-06", "reason": "A move."}
    (error,) = refused(
        call("POST", "/v1/leave_requests", {**day, "end_date": "2029-11-04"}, token=member), 422, "validation_failed"
    )["errors"]
    assert (error["pointer"], error["code"]) == ("/end_date", "before_start")
    made = call("POST", "/v1/leave_requests", day, token=member)
    leave = told(made, 201)
    assert (leave["status"], leave["days"]) == ("pending", "2")
    at = f"/v1/leave_requests/{leave['id']}"
    for method, path, body in (("GET", at, None), ("POST", "/v1/leave_requests/search", {})):
        assert call(method, path, body, token=member).status_code == 403, "others' leave is nobody's business"
    assert told(call("GET", at, token=manager)) == leave
    if decided:
        approved = told(call("POST", f"{at}/approve", {"note": "Good luck."}, token=manager))
        assert (approved["status"], approved["decision_note"]) == ("approved", "Good luck.")
        late = refused(call("POST", f"{at}/reject", {"note": "No."}, token=manager), 409, "state_conflict")
        assert (late["current_status"], late["allowed"]) == ("approved", ["cancel"])


def worked(call: Call, member: str) -> None:
    """Time on a task beneath a task."""
    project = told(call("POST", "/v1/projects/search", {"limit": 1}))[0]["id"]
    first = told(call("POST", "/v1/project_tasks", {"project_id": project, "title": "Move house"}, token=member), 201)
    beneath = {"project_id": project, "title": "Pack", "parent_id": first["id"]}
    made = call("POST", "/v1/project_tasks", beneath, token=member)
    task = told(made, 201)
    assert (task["parent_id"], task["status"]) == (first["id"], "todo")
    at = f"/v1/project_tasks/{task['id']}"
    logged = told(call("POST", f"{at}/time_logs", {"minutes": 90, "worked_on": DAY}, token=member), 201)
    assert (logged["task_id"], logged["project_id"], logged["minutes"]) == (task["id"], project, 90)
    assert told(call("POST", f"{at}/status", {"status": "in_progress"}, token=member))["logged_minutes"] == 90
    listed = told(call("GET", f"/v1/projects/{project}/tasks?limit=2", token=member))
    assert [each["id"] for each in listed] == [task["id"], first["id"]]


def helped(call: Call, member: str) -> None:
    """A ticket that is talked about among agents, and resolved."""
    body = {"subject": "No light", "description": "It stays dark.", "requester_email": "ada@example.com"}
    ticket = told(call("POST", "/v1/tickets", body, token=member), 201)
    at = f"/v1/tickets/{ticket['id']}"
    (error,) = refused(call("POST", f"{at}/comments", {"body": "Old batch."}, token=member), 422, "validation_failed")[
        "errors"
    ]
    assert (error["pointer"], error["code"]) == ("/visibility", "required")
    said = {"body": "Old batch.", "visibility": "internal"}
    comment = told(call("POST", f"{at}/comments", said, token=member), 201)
    assert (comment["visibility"], comment["author_type"], comment["ticket_id"]) == ("internal", "agent", ticket["id"])
    resolved = told(call("POST", f"{at}/status", {"status": "resolved"}, token=member))
    assert (resolved["status"], resolved["comment_count"], resolved["resolved_at"] is not None) == ("resolved", 1, True)
    found = told(
        call(
            "POST",
            "/v1/tickets/search",
            {"filters": [{"field": "number", "operator": "eq", "value": resolved["number"]}]},
        )
    )
    assert [each["id"] for each in found] == [ticket["id"]]
