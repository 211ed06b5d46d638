"""The disk of the data directory becomes slow: who is known does not notice, and what has to be written waits or is refused."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import pytest

from bench.needs import from_debian, program_path
from tests.live import live
from tests.process.serving import running as processes
from tests.stores.nodes import until

SLOW = 0.3  # seconds that each write takes to reach the disk
COUNT = 20
# Beside other tests a start alone may take a minute.
pytestmark = pytest.mark.timeout(300)


@contextmanager
def slow(pids: list[int], told: Path) -> Iterator[None]:
    """Whatever these processes have written takes its time to be on the disk (`fsync`, `fdatasync`); `told` has each of these."""
    from_debian("strace", "strace")
    calls = "fsync,fdatasync"
    line = [program_path("strace"), "-f", "-qq", "-o", str(told), f"--trace={calls}"]
    line += [f"--inject={calls}:delay_enter={round(SLOW * 1e6)}", *(f"--attach={each}" for each in pids)]
    process = subprocess.Popen(line)
    traced = [Path(f"/proc/{each}/status") for each in pids]
    until(lambda: all("TracerPid:\t0" not in each.read_text() for each in traced))
    try:
        yield
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def test_a_slow_disk_fails_no_request_of_who_is_known_and_loses_no_create(tmp_path: Path) -> None:
    with live(tmp_path) as running:
        made = running.call("POST", "/v1/contacts", {"first_name": "Slow"}).json()["data"]["id"]
        (valkey,) = processes(running.served.process.pid, "valkey-server")
        workers = processes(running.served.process.pid, "gateway.process.worker")

        def reads() -> tuple[Counter[int], float]:
            took, statuses = [], Counter[int]()
            for _ in range(COUNT):
                began = time.monotonic()
                statuses[running.call("GET", f"/v1/contacts/{made}").status_code] += 1
                took.append(time.monotonic() - began)
            return statuses, median(took)

        _, before = reads()
        with slow([valkey, *workers], tmp_path / "waited"):
            statuses, during = reads()
            ids: dict[str, str] = {}
            for number in range(COUNT):
                key = {"Idempotency-Key": f"slow-{number}"}
                answer = running.call("POST", "/v1/contacts", {"first_name": "Slow"}, headers=key)
                statuses[answer.status_code] += 1
                if answer.status_code == 201:
                    ids[key["Idempotency-Key"]] = answer.json()["data"]["id"]
                url: dict[str, object] = {"url": f"https://example.com/{number}", "events": ["contact.created"]}
                statuses[running.call("POST", "/v1/webhook_subscriptions", url).status_code] += 1
        waited = (tmp_path / "waited").read_text().count("(DELAYED)")
        print(
            f"\nslow disk: waited={waited}, {dict(statuses)}, read_before_ms={before * 1000:.1f}, during_ms={during * 1000:.1f}"
        )
        assert waited > 0
        assert set(statuses) <= {200, 201, 503} and statuses[200] == COUNT
        # A tracer stops the process at each of its system calls, which is most of the difference.
        assert during < SLOW
        for told, first in ids.items():
            again = running.call("POST", "/v1/contacts", {"first_name": "Slow"}, headers={"Idempotency-Key": told})
            assert (again.status_code, again.json()["data"]["id"]) == (201, first)
