"""Faults on demand: each code of the error guide by one call, made by what makes it in earnest, and never for a live token."""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.error_codes import Recipe, error_codes, recipes
from tests.live import NEWEST
from tests.sandboxes.boxed import Boxed

SEARCH: tuple[str, str, dict[str, Any]] = ("POST", "/v1/contacts/search", {})
ME = ("GET", "/v1/me")


def sent(boxed: Boxed, recipe: Recipe) -> httpx.Response:
    headers = [(name.encode(), value.encode()) for name, value in recipe.sent(boxed.token, NEWEST)]
    return boxed.live.client.request(recipe.method, recipe.target, content=recipe.content, headers=headers)


@pytest.mark.parametrize("code", error_codes())
def test_every_code_of_the_error_guide_is_had_with_one_call(boxed: Boxed, code: str) -> None:
    answer = sent(boxed, recipes()[code])
    assert answer.json()["code"] == code
    slug = answer.json()["type"].rpartition("/")[2]
    assert slug == error_codes()[code].slug


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_live_token_with_a_fault_is_refused_and_nothing_is_done(boxed: Boxed, method: str) -> None:
    before = boxed.live.counted()
    asked = SEARCH if method == "POST" else ME
    answer = boxed.live.call(*asked, headers={"Test-Fault": "slow=1ms"})
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_unknown")
    assert "Test-Fault" in answer.json()["detail"] and answer.json()["header"] == "Test-Fault"
    assert boxed.live.counted() == before


def test_a_fault_that_is_unknown_or_cannot_happen_is_refused(boxed: Boxed) -> None:
    for fault, asked in (("nonsense", ME), ("cursor_invalid", ME), ("upstream_failed", ME), ("conflict", SEARCH)):
        answer = boxed.meets(fault, *asked)
        assert (answer.status_code, answer.json()["code"]) == (400, "parameter_invalid"), answer.text
        assert answer.json()["detail"].startswith("Test-Fault: ")


def test_what_was_not_asked_to_fail_is_answered_as_ever(boxed: Boxed) -> None:
    answer = boxed.call(*SEARCH)
    assert answer.status_code == 200 and answer.headers["test-mode"] == "true"
    assert boxed.call(*ME).status_code == 200


def test_slow_takes_as_long_as_it_says_once_and_a_client_that_waits_for_less_is_told(boxed: Boxed) -> None:
    for asked in (SEARCH, ME):
        began = time.perf_counter()
        assert boxed.meets("slow=400ms", *asked).status_code == 200
        assert 0.4 <= time.perf_counter() - began < 0.79
    answer = boxed.meets("slow=5s", *SEARCH, **{"X-Request-Timeout": "0.2"})
    assert (answer.status_code, answer.json()["code"]) == (504, "upstream_timeout")


def test_a_rate_limit_is_told_as_a_real_one_is(boxed: Boxed) -> None:
    answer = boxed.meets("rate_limited; retry_after=3", *ME)
    assert answer.status_code == 429 and answer.headers["retry-after"] == "3"
    assert answer.json()["retry_after"] == 3 and answer.json()["violated_policies"] == ["token"]
    assert answer.headers["x-ratelimit-remaining"] == "0" and "r=0;t=3" in answer.headers["ratelimit"]


def test_an_outcome_that_is_not_known_was_carried_out_and_is_remembered_as_such(boxed: Boxed) -> None:
    key, email = str(uuid4()), f"{uuid4()}@example.com"
    body = {"first_name": "Ada", "email": email}
    lost = boxed.meets("outcome_unknown", "POST", "/v1/contacts", body, **{"Idempotency-Key": key})
    assert (lost.status_code, lost.json()["code"]) == (504, "upstream_timeout")
    again = boxed.call("POST", "/v1/contacts", body, headers={"Idempotency-Key": key})
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_outcome_unknown")
    where = {"filters": [{"field": "email", "operator": "eq", "value": email}]}
    assert len(boxed.call("POST", "/v1/contacts/search", where).json()["data"]) == 1


def test_an_answer_that_is_cut_breaks_off_in_its_body(boxed: Boxed) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        boxed.meets("cut", *SEARCH)
    headers = {"Authorization": f"Bearer {boxed.token}", "Version": NEWEST, "Test-Fault": "cut"}
    with boxed.live.client.stream("GET", "/v1/contacts/export", headers=headers) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            answer.read()


def test_a_token_that_is_told_to_have_expired_is_none_the_worse(boxed: Boxed) -> None:
    answer = boxed.meets("token_expired", *ME)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert boxed.call(*ME).status_code == 200


def test_faults_of_an_upload_and_an_export_are_had_too(boxed: Boxed) -> None:
    csv = {"token": boxed.token, "content": b"first_name\nAda\n"}
    for fault in ("upstream_failed", "upstream_unreachable", "body_timeout", "overloaded", "conflict"):
        headers = {"Test-Fault": fault, "Content-Type": "text/csv"}
        assert boxed.live.call("POST", "/v1/contacts/import", headers=headers, **csv).json()["code"] == fault  # type: ignore[arg-type]
    for fault in ("upstream_failed", "upstream_unreachable", "overloaded"):
        assert boxed.code(fault, "GET", "/v1/contacts/export") == fault


def test_what_is_asked_for_is_counted_apart_from_what_fails_in_earnest(boxed: Boxed) -> None:
    def counted(name: str) -> float:
        lines = httpx.get(f"http://127.0.0.1:{boxed.live.served.admin_port}/metrics").text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    before = counted('gateway_injected_faults_total{fault="upstream_failed"}')
    failed = 'gateway_requests_total{contract="2026-09-01",method="POST",route="/v1/contacts/search",status="502"}'
    assert boxed.code("upstream_failed", *SEARCH) == "upstream_failed"
    assert counted('gateway_injected_faults_total{fault="upstream_failed"}') == before + 1
    assert counted(failed) == 0
