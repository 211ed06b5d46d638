"""One Idempotency-Key, one effect: whatever fails, and however often it is sent."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.live import NEWEST, OLDEST, Live


def create(live: Live, key: str, body: dict[str, Any] | None = None, **more: Any) -> httpx.Response:
    """POST a contact under a key."""
    sent = {"first_name": "Once"} if body is None else body
    return live.call("POST", "/v1/contacts", sent, headers={"Idempotency-Key": key, **more.pop("headers", {})}, **more)


def created(live: Live) -> int:
    """How many contacts the service has made."""
    counts = live.sandbox.get("/_control/counts").json()
    found: int = counts.get("POST /api/crm/contacts", {}).get("created", 0)
    return found


@pytest.fixture
def key() -> str:
    return str(uuid.uuid4())


def test_twenty_parallel_creates_with_one_key_make_one_contact(live: Live, key: str) -> None:
    before = created(live)
    with live.fault(method="POST", path="/api/crm/contacts", delay_ms=100), ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: create(live, key), range(20)))
    assert created(live) == before + 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"idempotency_in_progress"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers if answer.status_code == 409)
    again = create(live, key)
    first = next(answer for answer in answers if answer.status_code == 201)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (again.status_code, again.content, again.headers["location"]) == (
        201,
        first.content,
        first.headers["location"],
    )


def test_another_body_or_contract_under_the_same_key_is_refused(live: Live, key: str) -> None:
    assert create(live, key).status_code == 201
    for other in (create(live, key, {"first_name": "Twice"}), create(live, key, version=OLDEST)):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    # Order of members and white space do not make another request; the date within one contract does not either.
    assert create(live, key, version="2026-10-10").headers["idempotent-replayed"] == "true"


def test_the_same_key_on_another_path_token_or_tenant_is_another_key(live: Live, key: str) -> None:
    assert create(live, key).status_code == 201
    headers = {"Idempotency-Key": key}
    other = live.call("POST", "/v1/companies", {"name": "Once Ltd"}, headers=headers)
    assert other.status_code == 201
    assert "idempotent-replayed" not in other.headers
    for token in (live.token(live.a, "owner", "contact.write"), live.b.tokens["owner"]):
        foreign = create(live, key, token=token)
        assert foreign.status_code == 201
        assert "idempotent-replayed" not in foreign.headers


def test_a_rotated_token_keeps_its_keys(live: Live, key: str) -> None:
    token, token_id = live.record(live.a, "owner", "contact.write")
    first = create(live, key, token=token)
    successor = live.run("tokens", "rotate", f"tok_{token_id}")["token"]
    again = create(live, key, token=successor)
    assert again.headers["idempotent-replayed"] == "true"
    assert again.content == first.content


def test_a_replay_after_revocation_is_unauthorized(live: Live, key: str) -> None:
    token, token_id = live.record(live.a, "owner", "contact.write")
    assert create(live, key, token=token).status_code == 201
    live.run("tokens", "revoke", f"tok_{token_id}")
    refused = create(live, key, token=token)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")


def test_a_failure_before_the_send_frees_the_key(live: Live, key: str) -> None:
    assert create(live, key, {"first_name": 5}).status_code == 422
    assert create(live, key, token=live.a.tokens["viewer"]).status_code == 403
    assert create(live, key).status_code == 201


def test_a_service_at_its_limit_frees_the_key(live: Live, key: str) -> None:
    with live.fault(method="POST", path="/api/crm/contacts", status=429):
        limited = create(live, key)
        assert (limited.status_code, limited.json()["violated_policies"]) == (429, ["service"])
    assert create(live, key).status_code == 201


def test_a_refusal_by_the_service_frees_the_key_for_the_corrected_body(live: Live, key: str) -> None:
    wrong = {"first_name": "Once", "company_id": "cmp_" + "0" * 24}
    first, again = create(live, key, wrong), create(live, key, wrong)
    for refused in (first, again):
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["pointer"] == "/company_id"
        assert "idempotent-replayed" not in refused.headers
    corrected = create(live, key)
    assert corrected.status_code == 201
    assert create(live, key).content == corrected.content


def test_a_record_that_is_not_there_frees_the_key_too(live: Live, key: str) -> None:
    task = live.call("POST", "/v1/tasks", {"title": "Once"}).headers["location"]
    assert live.call("DELETE", task).status_code == 204
    for _ in range(2):
        missing = live.call("POST", f"{task}/complete", headers={"Idempotency-Key": key})
        assert missing.status_code == 404
        assert "idempotent-replayed" not in missing.headers


def test_a_corrected_body_is_another_request_to_the_service_as_well(live: Live, key: str) -> None:
    create(live, key, {"first_name": "Once", "company_id": "cmp_" + "0" * 24})
    create(live, key)
    refused, corrected = (each["headers"]["idempotency-key"] for each in live.sent(2))
    assert refused != corrected


@pytest.mark.parametrize(
    "fault",
    [
        {"cut": "before"},
        {"cut": "body", "then_execute": True},
        {"status": 500, "then_execute": True},
        {"garbage": True, "then_execute": True},
        {"delay_ms": 3000},
    ],
    ids=str,
)
def test_an_ambiguous_failure_is_never_blindly_repeated(live: Live, key: str, fault: dict[str, Any]) -> None:
    before = created(live)
    with live.fault(method="POST", path="/api/crm/contacts", **fault):
        assert create(live, key).status_code in (502, 504)
    after = created(live)
    again = create(live, key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_outcome_unknown")
    assert created(live) == after <= before + 1


@pytest.mark.parametrize("wrong", ["", "x" * 256, "a\tb", "ä"])
def test_a_malformed_key_is_refused(live: Live, wrong: str) -> None:
    headers = [
        (b"Authorization", f"Bearer {live.a.tokens['owner']}".encode()),
        (b"Version", NEWEST.encode()),
        (b"Idempotency-Key", wrong.encode("utf-8")),
    ]
    refused = live.client.post("/v1/contacts", json={"first_name": "A"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "idempotency_key_invalid")


def test_actions_honour_the_key_too(live: Live, key: str) -> None:
    task = live.call("POST", "/v1/tasks", {"title": "Once"}).headers["location"]
    headers = {"Idempotency-Key": key}
    first = live.call("POST", f"{task}/complete", headers=headers)
    assert first.json()["data"]["status"] == "completed"
    live.call("POST", f"{task}/reopen")
    again = live.call("POST", f"{task}/complete", headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
    assert live.call("GET", task).json()["data"]["status"] == "open"


def test_an_action_without_a_body_and_with_an_empty_one_is_one_request(live: Live, key: str) -> None:
    task = live.call("POST", "/v1/tasks", {"title": "Once"}).headers["location"]
    headers = {"Idempotency-Key": key}
    first = live.call("POST", f"{task}/complete", headers=headers)
    again = live.call("POST", f"{task}/complete", {}, headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


def test_the_service_is_sent_a_key_of_the_gateways_own(live: Live, key: str) -> None:
    create(live, key)
    headers = live.sent()[0]["headers"]
    assert len(headers["idempotency-key"]) == 64
    assert key not in str(headers)


def test_the_same_record_spelled_otherwise_is_the_same_request(live: Live, key: str) -> None:
    task = live.call("POST", "/v1/tasks", {"title": "Once"}).headers["location"]
    headers = {"Idempotency-Key": key}
    first = live.call("POST", f"{task}/complete", headers=headers)
    again = live.call("POST", f"{task.replace('task_', 'task%5F')}/complete", headers=headers)
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")
