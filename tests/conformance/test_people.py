"""Leave and payroll, over the wire: what is possible when, what is refused where, and who may."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from tests.live import Live


def _errors(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(each["pointer"], each["code"]) for each in answer.json()["errors"]]


def _leave(live: Live, day: str, **more: Any) -> Any:
    return live.call("POST", "/v1/leave_requests", {"type": "unpaid", "start_date": day, "end_date": day, **more})


def test_leave_is_filed_decided_and_cancelled_in_its_steps_and_no_others(live: Live) -> None:
    filed = _leave(live, "2029-03-05", day_part="morning")
    assert filed.status_code == 201, filed.text
    assert (filed.json()["data"]["status"], filed.json()["data"]["days"]) == ("pending", "0.5")
    path = filed.headers["location"]
    assert _errors(live.call("POST", f"{path}/reject", {})) == [("/note", "required")]
    approved = live.call("POST", f"{path}/approve", {"note": "Enjoy."}).json()["data"]
    assert (approved["status"], approved["decision_note"]) == ("approved", "Enjoy.")
    assert approved["decided_by_id"] == "usr_" + live.a.users["owner"]["user_id"]
    assert live.call("POST", f"{path}/approve").json()["data"] == approved
    refused = live.call("POST", f"{path}/reject", {"note": "No."})
    assert (refused.status_code, refused.json()["code"]) == (409, "state_conflict")
    assert (refused.json()["current_status"], refused.json()["allowed"]) == ("approved", ["cancel"])
    cancelled = live.call("POST", f"{path}/cancel")
    assert cancelled.json()["data"]["status"] == "cancelled"
    refused = live.call("POST", f"{path}/approve")
    assert (refused.json()["current_status"], refused.json()["allowed"]) == ("cancelled", [])


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"end_date": "2029-04-01"}, [("/end_date", "before_start")]),
        ({"end_date": "2030-04-03"}, [("/end_date", "span_too_long")]),
        ({"end_date": "2029-04-03", "day_part": "afternoon"}, [("/day_part", "single_day_only")]),
        ({"type": "holiday"}, [("/type", "value_unknown")]),
        ({"days": "2"}, [("/days", "field_read_only")]),
        ({"status": "approved"}, [("/status", "field_read_only")]),
    ],
)
def test_leave_that_cannot_be_is_refused_before_anything_is_sent(
    live: Live, body: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    before = live.counted()
    assert _errors(_leave(live, "2029-04-02", **body)) == errors
    assert live.counted() == before


def test_a_whole_year_of_leave_is_not_too_long(live: Live) -> None:
    last = (date(2031, 1, 1) + timedelta(365)).isoformat()
    assert _leave(live, "2031-01-01", end_date=last).status_code == 201


def test_leave_that_overlaps_or_is_more_than_is_left_is_told_at_its_place(live: Live) -> None:
    assert _leave(live, "2029-05-07").status_code == 201
    assert _errors(_leave(live, "2029-05-07")) == [("/start_date", "overlaps")]
    long = _leave(live, "2029-06-04", end_date="2029-07-31", type="casual")
    assert _errors(long) == [("/type", "balance_insufficient")]


def test_leave_is_found_by_employee_type_status_and_the_days_it_begins_on(live: Live) -> None:
    made = _leave(live, "2029-08-06").json()["data"]
    span = {"field": "start_date", "operator": "between", "values": ["2029-08-01", "2029-08-31"]}
    whose = {"field": "employee_id", "operator": "eq", "value": made["employee_id"]}
    found = live.call("POST", "/v1/leave_requests/search", {"filters": [span, whose]}).json()["data"]
    assert [each["id"] for each in found] == [made["id"]]
    related = live.call("GET", f"/v1/employees/{made['employee_id']}/leave_requests?limit=1").json()["data"]
    assert [each["id"] for each in related] == [made["id"]]
    secret = live.call("POST", "/v1/leave_requests/search", {"filters": [{**span, "field": "reason"}]})
    assert _errors(secret) == [("/filters/0/field", "field_not_filterable")]


def test_members_file_leave_and_read_nobody_s_and_managers_decide(live: Live) -> None:
    member, manager = live.a.tokens["member"], live.a.tokens["manager"]
    body = {"type": "unpaid", "start_date": "2029-09-03", "end_date": "2029-09-04"}
    filed = live.call("POST", "/v1/leave_requests", body, token=member)
    assert filed.status_code == 201, filed.text
    path = filed.headers["location"]
    wide = live.token(live.a, "member", "leave_request.all approval.all")
    for method, where, sent in (
        ("GET", path, None),
        ("POST", "/v1/leave_requests/search", {}),
        ("POST", f"{path}/approve", None),
        ("POST", f"{path}/reject", {"note": "x"}),
    ):
        refused = live.call(method, where, sent, token=wide)
        assert (refused.status_code, refused.json()["code"]) == (403, "role_forbids"), where
    assert live.call("POST", f"{path}/approve", token=manager).json()["data"]["status"] == "approved"


def test_approving_needs_the_scope_to_decide_beside_the_one_to_write(live: Live) -> None:
    path = _leave(live, "2029-10-08").headers["location"]
    refused = live.call("POST", f"{path}/approve", token=live.token(live.a, "owner", "leave_request.write"))
    assert refused.json()["required_scopes"] == ["approval.write", "leave_request.write"]


def _run(live: Live, **more: Any) -> Any:
    body = {"period_start": "2030-01-01", "period_end": "2030-01-31", "pay_date": "2030-01-31", **more}
    return live.call("POST", "/v1/payroll_runs", body)


def test_a_run_is_worked_out_and_paid_in_its_steps_with_exact_totals(live: Live) -> None:
    made = _run(live)
    assert made.status_code == 201, made.text
    run = made.json()["data"]
    totals = ("gross_total", "deduction_total", "net_total", "employer_cost_total")
    assert (run["status"], [run[name] for name in totals]) == ("draft", [None] * 4)
    path = made.headers["location"]
    early = live.call("POST", f"{path}/mark_paid")
    assert (early.status_code, early.json()["allowed"]) == (409, ["process"])
    assert live.call("POST", f"{path}/process").json()["data"]["status"] == "processing"
    done = live.call("GET", path).json()["data"]
    assert done["status"] == "processed"
    key = {"Authorization": f"Bearer {live.a.api_key}"}
    held = live.sandbox.get(f"/api/payroll/runs/{run['id'].removeprefix('prun_')}", headers=key).json()["data"]
    assert isinstance(held["grossMinor"], int)
    assert done["gross_total"] == f"{held['grossMinor'] // 100}.{held['grossMinor'] % 100:02}"
    paid = live.call("POST", f"{path}/mark_paid").json()["data"]
    assert (paid["status"], paid["paid_at"] is not None) == ("paid", True)
    again = live.call("POST", f"{path}/process")
    assert (again.json()["current_status"], again.json()["allowed"]) == ("paid", [])
    taken = _run(live, period_start="2030-01-15", period_end="2030-02-14")
    assert (taken.status_code, taken.json()["code"]) == (409, "period_taken")


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({"period_end": "2029-12-31"}, [("/period_end", "before_start")]),
        ({"period_end": "2030-03-04"}, [("/period_end", "span_too_long")]),
        ({"pay_date": "2029-12-31"}, [("/pay_date", "before_start")]),
        ({"gross_total": "1.00"}, [("/gross_total", "field_read_only")]),
    ],
)
def test_a_run_that_cannot_be_is_refused_before_anything_is_sent(
    live: Live, body: dict[str, Any], errors: list[tuple[str, str]]
) -> None:
    before = live.counted()
    assert _errors(_run(live, **body)) == errors
    assert live.counted() == before


def test_attendance_is_found_by_person_and_day(live: Live) -> None:
    one = live.call("POST", "/v1/attendance/search", {"limit": 1}).json()["data"][0]
    filters = [
        {"field": "employee_id", "operator": "eq", "value": one["employee_id"]},
        {"field": "date", "operator": "between", "values": [one["date"], one["date"]]},
    ]
    found = live.call("POST", "/v1/attendance/search", {"filters": filters}).json()["data"]
    assert found == [one]


def test_whoever_has_left_is_listed_and_changed_no_more(live: Live) -> None:
    body = {
        "first_name": "Gone",
        "email": "gone@example.com",
        "employment_type": "contract",
        "start_date": "2026-02-01",
    }
    path = live.call("POST", "/v1/employees", body).headers["location"]
    early = live.call("POST", f"{path}/terminate", {"termination_date": "2026-01-31"})
    assert _errors(early) == [("/termination_date", "before_start")]
    itself = path.rpartition("/")[2]
    assert _errors(live.call("PATCH", path, {"manager_id": itself})) == [("/manager_id", "self_reference")]
    ended = live.call("POST", f"{path}/terminate", {"termination_date": "2026-10-31"}).json()["data"]
    assert (ended["status"], ended["termination_date"]) == ("terminated", "2026-10-31")
    refused = live.call("PATCH", path, {"job_title": "Ghost"})
    assert (refused.json()["code"], refused.json()["allowed"]) == ("state_conflict", [])
    assert live.call("PATCH", path, {"custom": {"badge": "back"}}).status_code == 200
    filters = [{"field": "status", "operator": "eq", "value": "terminated"}]
    found = live.call("POST", "/v1/employees/search", {"filters": filters, "limit": 100}).json()["data"]
    assert itself in {each["id"] for each in found}
