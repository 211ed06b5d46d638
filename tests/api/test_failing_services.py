"""What clients see of a service that fails, and that the others see nothing of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.live import Live
from tests.live import live as running

SEARCH = "/v1/contacts/search"
CONTACTS = "/api/crm/contacts"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway that suspends calls to its CRM after a few failures."""
    crm = {
        "timeouts": {"connect": "1s", "total": "1s"},
        "retries": {"attempts": 1, "budget": "20%", "backoff": "5ms"},
        "breaker": {"enabled": True, "calls": 6, "pause": "500ms"},
        "max_connections": 4,
        "concurrency": {"queue": 4, "wait": "100ms"},
    }
    with running(tmp_path_factory.mktemp("guarded"), crm=crm) as pair:
        yield pair


def recovered(pair: Live) -> None:
    until = time.monotonic() + 10
    while pair.call("POST", SEARCH, {"limit": 1}).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.1)


def counted(pair: Live, metric: str) -> float:
    lines = pair.served.admin("/metrics").body.decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(metric))


def test_a_service_that_fails_is_suspended_and_taken_up_again(guarded: Live) -> None:
    recovered(guarded)
    with guarded.fault(path=CONTACTS, status=503):
        for _ in range(30):
            answer = guarded.call("POST", SEARCH, {"limit": 1})
            if answer.status_code == 503:
                break
        assert answer.status_code == 503
        problem = answer.json()
        assert problem["code"] == "upstream_suspended" and int(answer.headers["Retry-After"]) >= 1
        before = guarded.counted()
        for _ in range(20):
            guarded.call("POST", SEARCH, {"limit": 1})
        # One may have been the call that tries.
        assert guarded.counted() - before <= 2
        assert guarded.call("GET", "/v1/me").status_code == 200
        assert guarded.call("POST", "/v1/projects/search", {"limit": 1}).status_code == 200
    recovered(guarded)
    assert counted(guarded, 'gateway_breaker_open{calls="read",service="crm"}') == 0
    assert counted(guarded, 'gateway_upstream_refused_total{reason="open",service="crm"}') >= 1
    guarded.served.wait_for("calls suspended")
    guarded.served.wait_for("calls resumed")


def test_a_read_that_fails_once_is_answered_all_the_same(guarded: Live) -> None:
    recovered(guarded)
    for _ in range(10):
        guarded.call("POST", SEARCH, {"limit": 1})
    before = counted(guarded, "gateway_upstream_retries_total")
    with guarded.fault(path=CONTACTS, status=503, times=1):
        assert guarded.call("POST", SEARCH, {"limit": 1}).status_code == 200
    assert counted(guarded, "gateway_upstream_retries_total") == before + 1


def test_a_hung_service_costs_the_others_nothing(guarded: Live) -> None:
    recovered(guarded)

    def took(path: str) -> list[float]:
        seconds = []
        for _ in range(40):
            began = time.perf_counter()
            answer = guarded.call("POST", path, {"limit": 1})
            assert answer.status_code == 200, answer.text
            seconds.append(time.perf_counter() - began)
        return sorted(seconds)

    def asked(_: int) -> tuple[int, str, float]:
        began = time.perf_counter()
        answer = httpx.post(
            guarded.url + SEARCH,
            json={"limit": 1},
            headers={"Authorization": f"Bearer {guarded.a.tokens['owner']}", "Version": "2026-09-01"},
            timeout=20,
        )
        return answer.status_code, answer.json().get("code", ""), time.perf_counter() - began

    quiet = took("/v1/projects/search")
    with guarded.fault(path=CONTACTS, delay_ms=5000), ThreadPoolExecutor(20) as threads:
        hung = threads.map(asked, range(20))
        beside = took("/v1/projects/search")
        ended = list(hung)
        print(f"median beside a hung service {beside[20] * 1000:.1f} ms, else {quiet[20] * 1000:.1f} ms")
        assert {code for _, code, _ in ended} <= {"overloaded", "upstream_timeout", "upstream_suspended"}
        assert sum(code == "upstream_timeout" for _, code, _ in ended) <= 8  # those under way and those that waited
        assert sum(code == "overloaded" for _, code, _ in ended) >= 8
        assert beside[20] < 0.5
    recovered(guarded)


def test_a_client_says_how_long_it_waits(guarded: Live) -> None:
    recovered(guarded)
    with guarded.fault(path=CONTACTS, delay_ms=600, times=1):
        began = time.perf_counter()
        answer = guarded.call("POST", SEARCH, {"limit": 1}, headers={"X-Request-Timeout": "0.2"})
        assert answer.status_code == 504 and answer.json()["code"] == "upstream_timeout"
        assert time.perf_counter() - began < 0.55
    assert guarded.call("POST", SEARCH, {"limit": 1}, headers={"X-Request-Timeout": "7.5"}).status_code == 200
    told = guarded.sent()[0]["headers"]["x-request-timeout"]
    assert 6 < float(told) <= 7.5
    for wrong in ("soon", "0", "-1", "1e3", ""):
        answer = guarded.call("POST", SEARCH, {"limit": 1}, headers={"X-Request-Timeout": wrong})
        assert answer.status_code == 400 and answer.json()["code"] == "parameter_invalid", wrong


def test_the_file_of_the_configuration_speaks_of_shares(tmp_path: Path, guarded: Live) -> None:
    (tmp_path / "config.yaml").write_text("services: {auth: {base_url: sandbox, retries: {budget: 0.2}}}")
    done = guarded.served.run("check", "--config", str(tmp_path / "config.yaml"))
    assert done.returncode == 2 and "services.auth.retries.budget" in done.stderr and "'20%'" in done.stderr
