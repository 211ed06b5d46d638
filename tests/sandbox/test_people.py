"""Employees, leave and payroll: states, counts, refusals. Errors come flat here."""

import re
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box
from tests.sandbox.services import HR, PAYROLL, an_employee, everything, got, made, patched, refusal

UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
NEVER = {
    "bankAccount", "pan", "aadhaar", "taxId", "dob", "homeAddress", "personalEmail", "personalPhone", "maritalStatus",
    "exitReason", "hrNotes",
}  # fmt: skip


def of(row: dict[str, Any]) -> str:
    return f"{HR}/employees/{row['id']}"


def test_a_new_employee_has_a_number_a_full_name_and_a_state(meridian: httpx.Client) -> None:
    row = an_employee(meridian, 1, familyName="Rao", pay={"amount": 5000.5, "currency": "INR"})
    assert UUID.fullmatch(row["id"]) and re.fullmatch(r"E\d{4}", row["empCode"])
    assert (row["fullName"], row["status"]) == ("Noor Rao", "ACTIVE")
    assert row["pay"] == {"amount": 5000.5, "currency": "INR", "period": "MONTHLY", "from": None}
    assert row.keys() >= NEVER
    assert an_employee(meridian, 2, probationEnd="2099-01-01")["status"] == "PROBATION"
    assert an_employee(meridian, 3, probationEnd="2026-02-01")["status"] == "ACTIVE"
    assert patched(meridian, of(row), pay={"period": "ANNUAL"})["pay"]["amount"] == 5000.5
    assert patched(meridian, of(row), pay=None, dob="1999-01-01") == {
        **row,
        "pay": None,
        "updatedAt": got(meridian, of(row))["updatedAt"],
    }


@pytest.mark.parametrize(
    ("body", "word", "field"),
    [
        ({"workEmail": "owner@meridian.example"}, "duplicate", "workEmail"), ({"empCode": "E0001"}, "duplicate", "empCode"),
        ({"probationEnd": "2026-01-04"}, "rule_violated", "probationEnd"), ({"employmentType": "TEMP"}, None, "employmentType"),
        ({"pay": {"amount": 10}}, "rule_violated", "pay.currency"), ({"pay": {"amount": -1, "currency": "INR"}}, None, "pay.amount"),
        ({"pay": {"amount": 1.001, "currency": "INR"}}, "precision", "pay.amount"), ({"departmentId": 1}, None, "departmentId"),
        ({"departmentId": "1001"}, None, "departmentId"), ({"givenName": " "}, None, "givenName"), ({"workEmail": "x"}, None, "workEmail"),
        ({"reportsTo": "00000000-0000-4000-8000-000000000000"}, None, "reportsTo"), ({"userId": "clx0"}, None, "userId"),
    ],
)  # fmt: skip
def test_an_employee_that_breaks_a_rule_is_refused(
    meridian: httpx.Client, body: dict[str, Any], word: str | None, field: str
) -> None:
    least = {
        "givenName": "Noor", "workEmail": "refused@new.example", "employmentType": "INTERN", "joiningDate": "2026-01-05",
    }  # fmt: skip
    assert refusal(meridian.post(f"{HR}/employees", json={**least, **body})) == (word, [field], None)


def test_nobody_reports_to_themselves_at_no_remove(meridian: httpx.Client) -> None:
    one = an_employee(meridian, 10)
    two = an_employee(meridian, 11, reportsTo=one["id"])
    assert refusal(meridian.patch(of(one), json={"reportsTo": one["id"]})) == ("rule_violated", ["reportsTo"], None)
    assert refusal(meridian.patch(of(one), json={"reportsTo": two["id"]})) == ("manager_loop", ["reportsTo"], None)


def test_who_is_terminated_stays_and_changes_no_more(meridian: httpx.Client) -> None:
    unit = meridian.get(f"{HR}/departments").json()["data"][3]
    row = an_employee(meridian, 20, departmentId=unit["id"])

    def headcount() -> int:
        units = everything(meridian, f"{HR}/departments")
        found: int = next(one["headcount"] for one in units if one["id"] == unit["id"])
        return found

    assert headcount() == unit["headcount"] + 1
    assert refusal(meridian.patch(of(row), json={"status": "TERMINATED"}))[1] == ["exitDate"]
    early = meridian.patch(of(row), json={"status": "TERMINATED", "exitDate": "2026-01-04"})
    assert refusal(early) == ("rule_violated", ["exitDate"], None)
    gone = patched(meridian, of(row), status="TERMINATED", exitDate="2026-06-30")
    assert (gone["status"], gone["exitDate"], headcount()) == ("TERMINATED", "2026-06-30", unit["headcount"])
    assert refusal(meridian.patch(of(row), json={"status": "ACTIVE"})) == ("invalid_state", [], "TERMINATED")
    assert refusal(meridian.patch(of(row), json={"mobile": "1"})) == ("invalid_state", [], "TERMINATED")
    assert patched(meridian, of(row), customFields={"laptop": "back"})["customFields"] == {"laptop": "back"}
    assert row["id"] in {one["id"] for one in everything(meridian, f"{HR}/employees")}
    assert refusal(meridian.patch(of(an_employee(meridian, 21)), json={"status": "ON_LEAVE"}))[2] == "ACTIVE"


def ask(client: httpx.Client, employee: str, first: str, last: str, **body: Any) -> httpx.Response:
    least = {"employeeId": employee, "leaveType": "LOP", "fromDate": first, "toDate": last}
    return client.post(f"{HR}/leave", json={**least, **body})


@pytest.mark.parametrize(
    ("first", "last", "session", "days"),
    [
        ("2026-05-04", "2026-05-08", "FULL", 5), ("2026-05-08", "2026-05-11", "FULL", 2), ("2026-05-09", "2026-05-10", "FULL", 0),
        ("2026-05-04", "2026-05-04", "FIRST_HALF", 0.5), ("2026-12-24", "2026-12-28", "FULL", 2), ("2026-01-01", "2026-12-31", "FULL", 257),
    ],
)  # fmt: skip
def test_working_days_are_counted(meridian: httpx.Client, first: str, last: str, session: str, days: float) -> None:
    person = an_employee(meridian, int((first + last).replace("-", "")))["id"]
    row = ask(meridian, person, first, last, session=session).json()["data"]
    assert (row["dayCount"], row["status"]) == (days, "PENDING")
    assert UUID.fullmatch(row["id"])


def test_leave_that_breaks_a_rule_is_refused(meridian: httpx.Client) -> None:
    person = an_employee(meridian, 30)["id"]
    assert ask(meridian, person, "2026-05-04", "2026-05-04", session="FIRST_HALF").status_code == 201
    assert ask(meridian, person, "2026-05-04", "2026-05-04", session="SECOND_HALF").status_code == 201
    for answer, word, field in (
        (ask(meridian, person, "2026-05-05", "2026-05-04"), "rule_violated", "toDate"),
        (ask(meridian, person, "2026-01-01", "2027-01-02"), "rule_violated", "toDate"),
        (ask(meridian, person, "2026-06-05", "2026-06-06", session="FIRST_HALF"), "rule_violated", "session"),
        (ask(meridian, person, "2026-05-01", "2026-05-04"), "leave_overlap", "fromDate"),
        (ask(meridian, person, "2026-07-01", "2026-07-31", leaveType="CASUAL"), "leave_balance", "leaveType"),
    ):
        assert refusal(answer) == (word, [field], None)
    nobody = meridian.post(f"{HR}/leave", json={"leaveType": "SICK", "fromDate": "2026-05-04", "toDate": "2026-05-04"})
    assert refusal(nobody) == (None, ["employeeId"], None)


def test_a_balance_is_spent_by_what_is_asked_and_given_back_by_what_is_declined(meridian: httpx.Client) -> None:
    person = an_employee(meridian, 31)["id"]
    week = ask(meridian, person, "2026-05-04", "2026-05-08", leaveType="CASUAL").json()["data"]
    assert ask(meridian, person, "2026-06-01", "2026-06-03", leaveType="CASUAL").status_code == 201
    assert refusal(ask(meridian, person, "2026-07-01", "2026-07-01", leaveType="CASUAL"))[0] == "leave_balance"
    patched(meridian, f"{HR}/leave/{week['id']}", status="DECLINED", actionNote="No")
    assert ask(meridian, person, "2026-05-05", "2026-05-05", leaveType="CASUAL").status_code == 201


def test_leave_is_filed_for_oneself_and_decided_with_a_note(box: Box) -> None:
    manager = box.user("manager")["user_id"]
    with (
        box.speaker(0, **{"X-User-Id": box.user("viewer")["user_id"]}) as viewer,
        box.speaker(0, **{"X-User-Id": manager}) as deciding,
    ):
        row = made(viewer, f"{HR}/leave", leaveType="LOP", fromDate="2030-05-06", toDate="2030-05-07", reason="Wedding")
        path = f"{HR}/leave/{row['id']}"
        assert refusal(deciding.patch(path, json={"status": "DECLINED"})) == (None, ["actionNote"], None)
        approved = patched(deciding, path, status="APPROVED", actionNote="Enjoy")
        assert (approved["status"], approved["actionedBy"], approved["actionNote"]) == ("APPROVED", manager, "Enjoy")
        assert patched(deciding, path, status="APPROVED") == approved
        assert refusal(deciding.patch(path, json={"status": "DECLINED", "actionNote": "x"}))[2] == "APPROVED"
        assert patched(viewer, path, fromDate="2030-05-01") == approved
        assert patched(viewer, path, status="WITHDRAWN")["status"] == "WITHDRAWN"
        assert refusal(viewer.patch(path, json={"status": "APPROVED"})) == ("invalid_state", [], "WITHDRAWN")


def test_leave_that_is_over_cannot_be_withdrawn(juniper: httpx.Client) -> None:
    row = everything(juniper, f"{HR}/leave", status="APPROVED", to="2025-12-01")[0]
    assert refusal(juniper.patch(f"{HR}/leave/{row['id']}", json={"status": "WITHDRAWN"}))[2] == "APPROVED"


def test_who_is_away_today_is_on_leave(meridian: httpx.Client) -> None:
    person = an_employee(meridian, 40)
    now = person["createdAt"][:10]
    row = ask(meridian, person["id"], now, now).json()["data"]
    patched(meridian, f"{HR}/leave/{row['id']}", status="APPROVED")
    assert got(meridian, of(person))["status"] == "ON_LEAVE"
    assert person["id"] in {one["id"] for one in everything(meridian, f"{HR}/employees", status="ON_LEAVE")}


def run(client: httpx.Client, first: str, last: str, **body: Any) -> httpx.Response:
    return client.post(f"{PAYROLL}/runs", json={"periodFrom": first, "periodTo": last, "payoutDate": last, **body})


def test_a_run_is_worked_out_between_two_requests_and_paid(meridian: httpx.Client) -> None:
    unit = meridian.get(f"{HR}/departments").json()["data"][9]["id"]
    for row in everything(meridian, f"{HR}/employees", departmentId=unit):
        if row["status"] != "TERMINATED":
            patched(meridian, of(row), departmentId=None)
    pays: tuple[dict[str, Any], ...] = (
        {"amount": 1000.01},
        {"amount": 12_000, "period": "ANNUAL"},
        {"amount": 10, "period": "HOURLY"},
    )
    for number, pay in enumerate(pays):
        an_employee(meridian, 50 + number, departmentId=unit, joiningDate="2033-01-01", pay={**pay, "currency": "INR"})
    an_employee(meridian, 53, departmentId=unit, joiningDate="2033-01-01", pay={"amount": 5, "currency": "EUR"})
    row = run(meridian, "2033-03-01", "2033-03-31", departmentId=unit).json()["data"]
    assert (row["status"], row["headcount"], row["currency"], row["grossMinor"]) == ("DRAFT", 3, "INR", None)
    path = f"{PAYROLL}/runs/{row['id']}"
    assert refusal(meridian.patch(path, json={"status": "PAID"})) == ("invalid_state", [], "DRAFT")
    assert patched(meridian, path, status="RUNNING")["status"] == "RUNNING"
    done = got(meridian, path)
    # 1,000.01 + 1,000 + 1,600; 22 % and 13 % of each, half up
    totals = [done[name] for name in ("grossMinor", "deductionMinor", "netMinor", "employerMinor")]
    assert (done["status"], totals) == ("DONE", [360001, 22000 + 22000 + 35200, 360001 - 79200, 13000 + 13000 + 20800])
    paid = patched(meridian, path, status="PAID")
    assert paid["paidAt"] is not None and refusal(meridian.patch(path, json={"status": "RUNNING"}))[2] == "PAID"
    assert refusal(run(meridian, "2033-03-31", "2033-04-29", departmentId=unit)) == ("run_exists", ["periodFrom"], None)
    assert refusal(run(meridian, "2033-03-31", "2033-04-29"))[0] == "run_exists"
    assert run(meridian, "2033-03-31", "2033-04-29", type="OFF_CYCLE").status_code == 201
    for first, last, body, field in (
        ("2034-02-02", "2034-02-01", {}, "periodTo"), ("2034-01-01", "2034-03-04", {}, "periodTo"),
        ("2034-01-01", "2034-01-31", {"payoutDate": "2033-12-31"}, "payoutDate"),
    ):  # fmt: skip
        assert refusal(run(meridian, first, last, **body)) == ("rule_violated", [field], None)


def test_a_run_with_nobody_in_it_fails_and_may_be_tried_again(meridian: httpx.Client) -> None:
    path = f"{PAYROLL}/runs/{run(meridian, '1999-01-01', '1999-01-31').json()['data']['id']}"
    patched(meridian, path, status="RUNNING")
    assert got(meridian, path)["status"] == "FAILED"
    assert patched(meridian, path, status="RUNNING")["status"] == "RUNNING"
