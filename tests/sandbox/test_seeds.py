"""What the firms are seeded with: enough of everything, in every state, and nothing that contradicts itself."""

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sandbox import prebuilt
from sandbox.seed import KEPT_UP_TO, seed

FIRMS = ("meridian", "juniper")
Rows = dict[str, list[dict[str, Any]]]
TABLES = (
    "invoices", "payments", "expenses", "accounts", "journal_entries", "employees", "departments", "leave_requests",
    "payroll_runs", "attendance", "projects", "project_tasks", "time_logs", "tickets", "ticket_comments", "products",
    "movements", "warehouses", "sla_policies", "canned_responses", "contacts", "companies",
)  # fmt: skip


def money(value: Any) -> Decimal:
    return Decimal(str(value))


@pytest.fixture(scope="module")
def made() -> Iterator[sqlite3.Connection]:
    """Seeded in this process, so that nothing kept from earlier stands in for it."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    seed(connection, 300)
    yield connection
    connection.close()


@pytest.fixture(scope="module")
def firms(made: sqlite3.Connection) -> list[Rows]:
    """The rows of the first two tenants by table."""
    found = []
    for number in (1, 2):
        rows = {}
        for table in TABLES:
            sql = f"SELECT doc FROM {table}_docs WHERE row IN (SELECT row FROM {table} WHERE tenant = ?) ORDER BY row"
            rows[table] = [json.loads(document) for (document,) in made.execute(sql, (number,))]
        found.append(rows)
    return found


def test_each_firm_has_enough_of_everything(firms: list[Rows]) -> None:
    least = {
        "invoices": 400, "payments": 300, "expenses": 100, "accounts": 40, "employees": 60, "leave_requests": 90,
        "projects": 25, "project_tasks": 400, "time_logs": 400, "tickets": 300, "ticket_comments": 600, "products": 150,
        "movements": 600,
    }  # fmt: skip
    for rows in firms:
        assert {table: len(rows[table]) for table in least if len(rows[table]) < least[table]} == {}
        assert (len(rows["departments"]), len(rows["payroll_runs"]), len(rows["warehouses"])) == (10, 12, 3)
        assert len({row["day"] for row in rows["attendance"]}) == 90


def test_every_state_is_there(firms: list[Rows]) -> None:
    for rows in firms:
        for table, field, states in (
            ("invoices", "status", {"DRAFT", "SENT", "PARTIAL", "PAID", "CANCELLED"}),
            ("expenses", "state", {"PENDING", "APPROVED", "REJECTED", "PAID"}),
            ("employees", "status", {"ACTIVE", "PROBATION", "ON_LEAVE", "TERMINATED"}),
            ("leave_requests", "status", {"PENDING", "APPROVED", "DECLINED", "WITHDRAWN"}),
            ("payroll_runs", "status", {"DRAFT", "DONE", "PAID"}),
            ("attendance", "status", {"P", "A", "HD", "L", "WO"}),
            ("projects", "status", {"PLANNING", "ACTIVE", "PAUSED", "DONE", "DROPPED"}),
            ("project_tasks", "status", {"TODO", "IN_PROGRESS", "REVIEW", "BLOCKED", "DONE"}),
            ("tickets", "status", {"OPEN", "WAITING", "ON_HOLD", "RESOLVED", "CLOSED"}),
            ("movements", "reason", {"IN", "OUT", "ADJUST", "RETURN", "TRANSFER_IN", "TRANSFER_OUT"}),
            ("accounts", "isActive", {True, False}),
            ("products", "isActive", {True, False}),
        ):
            assert {row[field] for row in rows[table]} == states, table


def test_each_user_is_an_employee(made: sqlite3.Connection) -> None:
    users = dict(made.execute("SELECT id, email FROM users"))
    people = [json.loads(document) for (document,) in made.execute("SELECT doc FROM employees_docs")]
    assert {row["userId"]: row["workEmail"] for row in people if row["userId"] is not None} == users


def test_invoices_add_up_and_owe_what_was_not_paid(firms: list[Rows]) -> None:
    for rows in firms:
        paid: dict[str, Decimal] = defaultdict(Decimal)
        for payment in rows["payments"]:
            paid[payment["invoiceId"]] += money(payment["amount"])
        for row in rows["invoices"]:
            lines = sum(money(line["lineTotal"]) for line in row["items"])
            tax = sum(money(line["taxValue"]) for line in row["items"])
            net = lines - (tax if row["taxInclusive"] else 0)
            assert (money(row["subTotal"]), money(row["amount"])) == (net, net + tax)
            assert sum(money(one["value"]) for one in row["taxLines"]) == tax == money(row["taxTotal"])
            assert money(row["paidAmount"]) == paid[row["id"]]
            assert money(row["balance"]) == money(row["amount"]) - paid[row["id"]]
            assert (row["status"] == "PAID") == (row["balance"] == 0 and row["paidAt"] is not None)
            assert row["status"] != "PARTIAL" or 0 < row["balance"] < row["amount"]
            assert row["dueDate"] >= row["invoiceDate"] and (row["sentAt"] is None) == (row["status"] == "DRAFT")
        assert len({row["number"] for row in rows["invoices"]}) == len(rows["invoices"])


def test_stock_counts_and_minutes_are_the_sums_of_their_rows(firms: list[Rows]) -> None:
    for rows in firms:
        stock: dict[int, Decimal] = defaultdict(Decimal)
        for one in rows["movements"]:
            stock[one["productId"]] += money(one["delta"])
        for row in rows["products"]:
            assert money(row["stock"]) == stock[row["id"]] == sum(money(one["qty"]) for one in row["stockByWarehouse"])
        logged: Counter[str] = Counter()
        for one in rows["time_logs"]:
            logged[one["taskId"]] += one["durationMinutes"]
        children = Counter(row["parentId"] for row in rows["project_tasks"])
        for row in rows["project_tasks"]:
            assert (row["loggedMinutes"], row["childCount"]) == (logged[row["id"]], children[row["id"]])
        totals = Counter(row["projectId"] for row in rows["project_tasks"])
        done = Counter(row["projectId"] for row in rows["project_tasks"] if row["status"] == "DONE")
        for row in rows["projects"]:
            assert (row["tasksTotal"], row["tasksDone"]) == (totals[row["id"]], done[row["id"]])
        replies = Counter(row["ticketId"] for row in rows["ticket_comments"])
        assert all(row["replyCount"] == replies[row["id"]] for row in rows["tickets"])
        heads = Counter(row["departmentId"] for row in rows["employees"] if row["status"] != "TERMINATED")
        assert all(row["headcount"] == heads[row["id"]] for row in rows["departments"])


def test_nobody_is_away_twice_nor_at_work_while_away(firms: list[Rows]) -> None:
    for rows in firms:
        spans: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for row in rows["leave_requests"]:
            if row["status"] in {"PENDING", "APPROVED"}:
                spans[row["employeeId"]].append((row["fromDate"], row["toDate"]))
        for taken in spans.values():
            taken.sort()
            assert all(one[1] < other[0] for one, other in pairwise(taken))
        days = Counter((row["employeeId"], row["day"]) for row in rows["attendance"])
        assert set(days.values()) == {1}
        approved = [row for row in rows["leave_requests"] if row["status"] == "APPROVED" and row["session"] == "FULL"]
        for record in rows["attendance"]:
            if record["status"] in {"P", "HD"}:
                assert not any(
                    row["employeeId"] == record["employeeId"] and row["fromDate"] <= record["day"] <= row["toDate"]
                    for row in approved
                )


def test_rows_refer_to_rows_of_their_own_tenant(firms: list[Rows]) -> None:
    for rows in firms:
        ids = {table: {row["id"] for row in found} for table, found in rows.items()}
        for table, field, other in (
            ("invoices", "clientContactId", "contacts"), ("invoices", "clientCompanyId", "companies"),
            ("payments", "invoiceId", "invoices"), ("expenses", "employeeId", "employees"), ("expenses", "projectId", "projects"),
            ("employees", "departmentId", "departments"), ("employees", "reportsTo", "employees"),
            ("leave_requests", "employeeId", "employees"), ("attendance", "employeeId", "employees"),
            ("projects", "clientCompanyId", "companies"), ("project_tasks", "projectId", "projects"),
            ("project_tasks", "parentId", "project_tasks"), ("time_logs", "taskId", "project_tasks"),
            ("tickets", "contactId", "contacts"), ("tickets", "companyId", "companies"), ("tickets", "slaPolicyId", "sla_policies"),
            ("ticket_comments", "ticketId", "tickets"), ("movements", "productId", "products"), ("movements", "warehouseId", "warehouses"),
            ("accounts", "parentId", "accounts"),
        ):  # fmt: skip
            named = {row[field] for row in rows[table]} - {None}
            assert named and named <= ids[other], (table, field)
        lines = [line for row in rows["invoices"] for line in row["items"]]
        assert {line["productId"] for line in lines} - {None} <= ids["products"]
        assert {line["ledgerAccountId"] for line in lines} <= ids["accounts"]


def test_every_posting_has_its_other_side(made: sqlite3.Connection) -> None:
    for book in ("A", "C"):
        sql = "SELECT source, sum(amount) FROM postings WHERE book IN ('B', ?) GROUP BY source, day HAVING sum(amount) <> 0"
        assert made.execute(sql, (book,)).fetchall() == []
    assert made.execute("SELECT count(*) FROM postings WHERE amount = 0").fetchone() == (0,)
    for tenant in (1, 2):
        # what customers owe is what is due on the invoices in the books' currency
        (currency,) = made.execute("SELECT currency FROM tenants WHERE number = ?", (tenant,)).fetchone()
        (receivable,) = made.execute(
            "SELECT id FROM accounts WHERE tenant = ? AND c_glCode = '1100'", (tenant,)
        ).fetchone()
        booked = made.execute(
            "SELECT sum(amount) FROM postings WHERE account = ? AND book IN ('A', 'B')", (receivable,)
        ).fetchone()
        owed = made.execute(
            "SELECT total(c_balance) FROM invoices WHERE tenant = ? AND c_currency = ? AND c_status IN ('SENT', 'PARTIAL')",
            (tenant, currency),
        ).fetchone()
        assert booked[0] == round(owed[0] * 100)


def test_a_workspace_that_was_just_opened_has_its_settings_and_its_people(made: sqlite3.Connection) -> None:
    def count(table: str) -> int:
        found: int = made.execute(f"SELECT count(*) FROM {table} WHERE tenant = 3").fetchone()[0]
        return found

    assert (count("accounts") >= 40, count("departments"), count("employees"), count("warehouses")) == (True, 10, 5, 3)
    assert count("invoices") == count("tickets") == count("projects") == count("attendance") == 0


def test_a_copy_of_a_seeded_database_is_kept_where_only_its_owner_can_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    seeded: list[int] = []

    def quick(connection: sqlite3.Connection, contacts: int) -> None:
        seeded.append(contacts)
        connection.execute("CREATE TABLE rows (contacts INTEGER)")
        connection.execute("INSERT INTO rows VALUES (?)", (contacts,))

    def filled(contacts: int) -> int:
        connection = sqlite3.connect(":memory:")
        name = str(contacts) if contacts <= KEPT_UP_TO else None
        prebuilt.fill(connection, name, lambda made: quick(made, contacts))
        found: int = connection.execute("SELECT contacts FROM rows").fetchone()[0]
        return found

    assert [filled(10), filled(10), filled(20), filled(9000), filled(9000)] == [10, 10, 20, 9000, 9000]
    assert seeded == [10, 20, 9000, 9000]  # a large one is not kept
    (folder,) = tmp_path.iterdir()
    (kept, *_) = folder.iterdir()
    kept.write_bytes(b"torn")
    assert filled(10) == 10 and filled(20) == 20
    folder.chmod(0o777)
    seeded.clear()
    assert filled(10) == 10 and seeded == [10]
