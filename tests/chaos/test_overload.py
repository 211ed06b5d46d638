"""Three times as many requests as a service can answer: what it can answer is answered, and the rest is refused at once."""

from __future__ import annotations

import threading
import time
from collections import Counter
from pathlib import Path
from statistics import median, quantiles

import pytest

from tests.chaos.clients import Answer, Client
from tests.live import Live, live
from tests.process.serving import crowding

CONNECTIONS = 8
SECONDS = 0.2  # that the service takes for each: it can answer forty a second
LASTING = 4.0
# Short enough that whoever waits is answered: refused is who finds it full.
QUEUE = 4
# Beside other tests a start alone may take a minute.
pytestmark = pytest.mark.timeout(300)


def test_a_service_that_is_asked_three_times_what_it_can_answers_as_many_as_before(tmp_path: Path) -> None:
    crm = {
        "max_connections": CONNECTIONS,
        "concurrency": {"adaptive": False, "queue": QUEUE, "wait": "1s"},
        "timeouts": {"connect": "2s", "total": "10s"},
    }
    with live(tmp_path, crm=crm) as running, running.fault(path="/api/crm", delay_ms=round(SECONDS * 1000)):
        peak = asked(running, clients=CONNECTIONS)
        over = asked(running, clients=CONNECTIONS + QUEUE + 24)
    served, refused = ([each for each in over if each.status == status] for status in (200, 503))
    took = [each.seconds * 1000 for each in refused]
    told = Counter(f"{each.status} {each.code}".strip() for each in over)
    print(
        f"\noverload: peak={len(peak)}, asked={len(over)}, answers={dict(told)}, goodput={len(served) / len(peak):.2f}, "
        f"refusals_p50_ms={median(took):.1f}, refusals_p99_ms={quantiles(took, n=100)[-1]:.1f}"
    )
    assert {each.status for each in peak} == {200}
    assert set(told) == {"200", "503 overloaded"}
    assert len(over) >= 3 * len(served)
    assert len(served) >= 0.8 * len(peak)
    assert median(took) <= 50 * crowding()


def asked(running: Live, clients: int) -> list[Answer]:
    """What so many are answered that ask again as soon as they were, or after a moment when they were refused."""
    contact = running.call("POST", "/v1/contacts/search", {"limit": 1}).json()["data"][0]["id"]
    answers: list[Answer] = []
    until = time.monotonic() + LASTING

    def ask() -> None:
        client = Client(running.served.port, running.a.tokens["owner"], answers)
        while time.monotonic() < until:
            if client.ask("GET", f"/v1/contacts/{contact}")[0] != 200:
                time.sleep(SECONDS)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
