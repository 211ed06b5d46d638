"""The mode in which only documented calls are answered: it is all that some deployments have."""

from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import DESK, FINANCE, HR, PAYROLL, PROJECTS, STOCK, SUPPORT, an_invoice, got, made, patched

READ = (
    f"{FINANCE}/invoices", f"{FINANCE}/accounts", f"{FINANCE}/expenses", f"{HR}/employees", f"{HR}/leave", f"{HR}/departments",
    f"{PAYROLL}/runs", "/api/hrms/attendance", PROJECTS, f"{DESK}/tickets", f"{SUPPORT}/sla-policies",
    f"{SUPPORT}/canned-responses", f"{STOCK}/products", f"{STOCK}/warehouses", "/api/crm/reports/forecast",
    f"{FINANCE}/reports/pnl?from=2026-01-01&to=2026-01-31", f"{FINANCE}/reports/balance-sheet?asOf=2026-01-31",
    f"{FINANCE}/reports/cash-flow?from=2026-01-01&to=2026-01-31",
)  # fmt: skip
SEARCHES = (
    f"{FINANCE}/invoices",
    f"{FINANCE}/expenses",
    f"{HR}/employees",
    PROJECTS,
    f"{DESK}/tickets",
    f"{STOCK}/products",
)


@pytest.fixture
def bare(launch: Callable[..., Box]) -> Iterator[httpx.Client]:
    with launch("--documented-only", "--cap", "0").speaker(0) as client:
        yield client


def test_documented_calls_are_answered(bare: httpx.Client) -> None:
    for path in READ:
        assert bare.get(path).status_code == 200, path
    row = an_invoice(bare)
    assert bare.post(f"{FINANCE}/invoices/{row['id']}/email", json={"recipients": ["a@b.example"]}).status_code == 200
    made(bare, f"{FINANCE}/invoices/{row['id']}/payments", amount=1, paymentDate="2026-05-04")
    made(bare, f"{FINANCE}/expenses", purpose="A", category="B", total=1, currency="INR", date="2026-05-04")
    entries = [
        {"ledgerAccountId": account["id"], "side": side, "value": 1}
        for account, side in zip(bare.get(f"{FINANCE}/accounts").json()["data"][:2], ("DR", "CR"), strict=True)
    ]
    made(bare, f"{FINANCE}/journal", postedOn="2026-05-04", currency="INR", entries=entries)
    person = made(
        bare,
        f"{HR}/employees",
        givenName="A",
        workEmail="a@b.example",
        employmentType="INTERN",
        joiningDate="2026-05-04",
    )
    assert patched(bare, f"{HR}/employees/{person['id']}", mobile="1")["mobile"] == "1"
    leave = {"leaveType": "LOP", "fromDate": "2026-05-04", "toDate": "2026-05-04"}
    made(bare, f"{HR}/leave", employeeId=person["id"], **leave)
    made(bare, f"{PAYROLL}/runs", periodFrom="2031-05-01", periodTo="2031-05-31", payoutDate="2031-05-31")
    project = made(bare, PROJECTS, title="A")["id"]
    task = made(bare, f"{PROJECTS}/{project}/tasks", name="A")["id"]
    assert bare.get(f"{PROJECTS}/{project}/tasks").json()["pagination"]["total"] == 1
    assert patched(bare, f"{PROJECTS}/{project}/tasks/{task}", status="DONE")["status"] == "DONE"
    user = bare.get(PROJECTS).json()["data"][0]["leadId"]
    log = {"durationMinutes": 5, "workDate": "2026-05-04", "workerId": user}
    made(bare, f"{PROJECTS}/{project}/tasks/{task}/timelogs", **log)
    ticket = made(bare, f"{DESK}/tickets", title="A", body="B", requesterEmail="a@b.example")["id"]
    assert patched(bare, f"{DESK}/tickets/{ticket}", status="RESOLVED", priority="HIGH")["priority"] == "HIGH"
    comment = f"{DESK}/tickets/{ticket}/comments"
    made(bare, comment, message="A", isInternal=False)
    product = made(bare, f"{STOCK}/products", code="A", title="A", currency="INR")["id"]
    assert bare.get(f"{STOCK}/products/{product}/movements").status_code == 200


def test_assumed_calls_are_not_there(bare: httpx.Client) -> None:
    first = {
        path: (body["items"] if "items" in body else body["data"])[0]["id"]
        for path in READ
        if "reports" not in path
        for body in (bare.get(path).json(),)
    }
    for path, key in first.items():
        assert bare.get(f"{path}/{key}").status_code == 404, path
    for path in SEARCHES:
        assert bare.post(f"{path}/search", json={}).status_code == 404, path
    invoice, project = first[f"{FINANCE}/invoices"], first[PROJECTS]
    task = bare.get(f"{PROJECTS}/{project}/tasks").json()["data"][0]["id"]
    for method, path in (
        ("DELETE", f"{FINANCE}/invoices/{invoice}"), ("GET", f"{FINANCE}/invoices/{invoice}/payments"),
        ("PATCH", f"{FINANCE}/expenses/{first[f'{FINANCE}/expenses']}"), ("DELETE", f"{FINANCE}/expenses/{first[f'{FINANCE}/expenses']}"),
        ("GET", f"{FINANCE}/journal"), ("PATCH", f"{HR}/leave/{first[f'{HR}/leave']}"), ("PATCH", f"{PAYROLL}/runs/{first[f'{PAYROLL}/runs']}"),
        ("PATCH", f"{PROJECTS}/{project}"), ("DELETE", f"{PROJECTS}/{project}"), ("GET", f"{PROJECTS}/{project}/tasks/{task}"),
        ("DELETE", f"{PROJECTS}/{project}/tasks/{task}"), ("GET", f"{PROJECTS}/{project}/tasks/{task}/timelogs"),
        ("DELETE", f"{PROJECTS}/{project}/tasks/{task}/timelogs/1"), ("GET", f"{DESK}/tickets/{first[f'{DESK}/tickets']}/comments"),
        ("PATCH", f"{STOCK}/products/{first[f'{STOCK}/products']}"), ("POST", f"{STOCK}/products/{first[f'{STOCK}/products']}/movements"),
    ):  # fmt: skip
        answer = bare.request(method, path, json={} if method in {"POST", "PATCH"} else None)
        assert answer.status_code == 404, (method, path)


def test_an_invoice_is_moved_to_another_state_and_nothing_else_of_it_is_taken(bare: httpx.Client) -> None:
    row = an_invoice(bare)
    path = f"{FINANCE}/invoices/{row['id']}"
    assert patched(bare, path, poNumber="PO-1") == row
    sent = patched(bare, path, status="SENT", poNumber="PO-1")
    assert (sent["status"], sent["poNumber"]) == ("SENT", None)


def test_who_a_user_is_can_always_be_asked(launch: Callable[..., Box]) -> None:
    box = launch("--documented-only")
    user, tenant = box.user("owner"), box.tenants[0]["business_id"]
    box.http.headers = {"Authorization": f"Bearer {box.service_key}", "X-Business-Id": tenant}
    assert got(box.http, f"/api/auth/users/{user['user_id']}")["role"] == "owner"
    assert box.http.get("/api/auth/users", params={"email": user["email"]}).json()["data"]["id"] == user["user_id"]
    assert got(box.http, f"/api/auth/tenants/{tenant}")["id"] == tenant
    for path in ("/api/auth/users", "/api/auth/users?page=1", "/api/auth/me"):
        assert box.http.get(path).status_code == 404, path
