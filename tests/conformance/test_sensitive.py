"""What only some may see, and what nobody may: over the wire, as the contract lists it (contract-waves.md, section 8)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.live import Live

NEVER = (
    *("bankAccount", "pan", "aadhaar", "taxId", "dob", "homeAddress", "personalEmail", "personalPhone"),
    *("maritalStatus", "exitReason", "hrNotes"),
    *("tenantId", "openingBalance", "bankAccountNo", "ipAddress", "satisfactionToken"),
    *("geo", "ip", "deviceId", "photoUrl", "internalMemo", "marginPct"),
)
# With its point it is found in no id, which a number alone would be now and then.
AMOUNT = "73512.25"
PAY = {"amount": AMOUNT, "currency": "INR", "period": "annual", "effective_from": "2026-04-01"}
BODY: dict[str, Any] = {
    "first_name": "Guarded",
    "employment_type": "full_time",
    "start_date": "2026-04-01",
    "compensation": PAY,
}


@pytest.fixture(scope="module")
def made(live: Live) -> dict[str, Any]:
    answer = live.call("POST", "/v1/employees", {**BODY, "email": "guarded.one@example.com"})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"]  # type: ignore[no-any-return]


def test_compensation_is_there_for_those_with_its_scope_and_absent_for_all_others(
    live: Live, made: dict[str, Any]
) -> None:
    assert made["compensation"] == PAY
    location = f"/v1/employees/{made['id']}"
    without = live.token(live.a, "owner", "employee.read employee.write compensation.write")
    named = {"search_text": "guarded.one"}
    for token in (without, live.a.tokens["manager"], live.a.tokens["viewer"]):
        read = live.call("GET", location, token=token).json()["data"]
        (listed,) = live.call("POST", "/v1/employees/search", named, token=token).json()["data"]
        expected = {name: value for name, value in made.items() if name != "compensation"}
        assert read == listed == expected
    assert live.call("GET", location).json()["data"] == made
    patched = live.call("PATCH", location, {"compensation": {**PAY, "amount": "80000.00"}}, token=without)
    assert (patched.status_code, "compensation" in patched.json()["data"]) == (200, False)
    assert live.call("GET", location).json()["data"]["compensation"]["amount"] == "80000.00"


@pytest.mark.parametrize("sent", [PAY, None, "nonsense", {"amount": 1}])
def test_compensation_is_not_set_without_its_scope_and_nothing_is_sent(
    live: Live, made: dict[str, Any], sent: object
) -> None:
    token = live.token(live.a, "owner", "employee.read employee.write compensation.read")
    before = live.counted()
    made_or_changed: list[tuple[str, str, dict[str, Any]]] = [("PATCH", f"/v1/employees/{made['id']}", {})]
    if sent is not None:  # which is as good as not sent in a create
        made_or_changed.append(("POST", "/v1/employees", {**BODY, "email": "x@example.com"}))
    for method, path, body in made_or_changed:
        refused = live.call(method, path, {**body, "compensation": sent}, token=token)
        problem = refused.json()
        assert (refused.status_code, problem["code"], problem["denied_by"]) == (403, "scope_missing", "scope")
        assert problem["required_scopes"] == ["compensation.write", "employee.write"]
        assert "compensation.write" in refused.headers["www-authenticate"]
        assert AMOUNT not in refused.text
    assert live.counted() == before


def test_a_role_without_it_is_told_that_it_is_the_role(live: Live, made: dict[str, Any]) -> None:
    token = live.token(live.a, "manager", "employee.all compensation.all")
    assert "compensation" not in live.call("GET", f"/v1/employees/{made['id']}", token=token).json()["data"]


def test_a_replay_tells_nobody_more_than_they_may_see_by_now(live: Live) -> None:
    body, key = {**BODY, "email": "guarded.two@example.com"}, {"Idempotency-Key": "guarded-replay"}
    full, family = live.record(live.a, "owner", "employee.all compensation.all")
    lesser, _ = live.record(live.a, "owner", "employee.all compensation.write", family)
    first = live.call("POST", "/v1/employees", body, token=full, headers=key)
    assert first.json()["data"]["compensation"] == PAY
    for token, shown in ((full, True), (lesser, False)):
        again = live.call("POST", "/v1/employees", body, token=token, headers=key)
        assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true"), again.text
        assert ("compensation" in again.json()["data"]) is shown


def test_what_nobody_may_see_is_in_no_answer_and_can_be_written_by_nobody(live: Live, made: dict[str, Any]) -> None:
    key = {"Authorization": f"Bearer {live.a.api_key}"}
    held = live.sandbox.get(f"/api/hr/employees/{made['id'].removeprefix('emp_')}", headers=key).json()["data"]
    assert {"bankAccount", "pan", "hrNotes"} <= held.keys()
    for path in ("employees", "tickets", "accounts"):
        told = live.call("POST", f"/v1/{path}/search", {"limit": 100}).json()["data"]
        assert not _names(told) & {*NEVER}
    for name in ("bank_account", "bankAccount", "pan", "tax_id", "dob", "hr_notes", "exit_reason"):
        refused = live.call("PATCH", f"/v1/employees/{made['id']}", {name: "1815-12-10"})
        assert [(e["pointer"], e["code"]) for e in refused.json()["errors"]] == [(f"/{name}", "field_unknown")]
        assert "1815-12-10" not in refused.text


def _names(value: object) -> set[str]:
    """Every member's name, at every depth."""
    if isinstance(value, list):
        return set().union(*map(_names, value))
    if isinstance(value, dict):
        return {*value}.union(*map(_names, value.values()))
    return set()


def test_nothing_guarded_or_hidden_stands_in_an_example_or_a_log(live: Live) -> None:
    document = live.client.get("/openapi.json").json()
    shown = [body for path in document["paths"].values() for body in _examples(path)]
    assert shown
    assert not _names(shown) & {*NEVER, "compensation"}
    logged = live.served.out.read_text()
    assert AMOUNT not in logged
    assert not [name for name in NEVER if len(name) > 4 and json.dumps(name) in logged]


def _examples(node: object) -> list[Any]:
    if isinstance(node, list):
        return [found for each in node for found in _examples(each)]
    if not isinstance(node, dict):
        return []
    own = [node["example"]] if "example" in node else []
    own += [each["value"] for each in node["examples"].values()] if isinstance(node.get("examples"), dict) else []
    return own + [found for each in node.values() for found in _examples(each)]
