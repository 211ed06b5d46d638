"""Workers of a running gateway are killed at any moment under keyed creates: `make test` kills a few, `make chaos` as many as it is
given (CHAOS_WORKER_KILLS).

Whoever was cut off asks again with the same key, and ends with the one record of it, or is told that its outcome is unknown.
"""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.chaos.clients import Ledger, Load, stored
from tests.live import live
from tests.process.serving import running as processes
from tests.stores.nodes import until

KILLS = int(os.environ.get("CHAOS_WORKER_KILLS", "8"))
WORKERS = 4
WRITERS = 6
pytestmark = pytest.mark.timeout(300 + 10 * KILLS)


def test_workers_killed_at_any_moment_lose_no_create_that_was_acknowledged_and_double_none(tmp_path: Path) -> None:
    ledger, killed = Ledger(), set[int]()
    idempotency = {"lease": "1s"}
    with live(tmp_path, server={"workers": WORKERS}, idempotency=idempotency) as running:
        supervisor = running.served.process.pid
        contact = running.call("POST", "/v1/contacts", {"first_name": "Read"}).json()["data"]["id"]

        def serving() -> list[int]:
            # One that was killed is there until its supervisor has seen it.
            return [pid for pid in processes(supervisor, "gateway.process.worker") if pid not in killed]

        load = Load(running.served.port, running.a.tokens["owner"], contact, ledger, readers=1, writers=WRITERS)
        began = time.monotonic()
        with load:
            for _ in range(KILLS):
                until(lambda: len(serving()) > 1, 60)
                load.more(WRITERS, (201,))
                time.sleep(random.uniform(0, 0.05))
                victim = random.choice(serving())
                os.kill(victim, signal.SIGKILL)
                killed.add(victim)
            until(lambda: running.served.admin("/readyz").status == 200, 60)
        took = time.monotonic() - began
        made = stored(running.database)
        told = f"kills={len(killed)}, seconds={took:.0f}, created={len(ledger.created)}, unknown={len(ledger.unknown)}"
        print(f"\nworkers killed: {told}, stored={len(made)}, {load.counts()}")
        assert load.wrong == [] and ledger.twice == []
        assert [each for each in load.answers if each.status >= 500] == []
        # Acknowledged: there, once. Unknown: there once, or not at all. And nothing that nobody was told of.
        assert {key: made.get(key) for key in ledger.created} == dict.fromkeys(ledger.created, 1)
        assert {made.get(key, 0) for key in ledger.unknown} <= {0, 1}
        assert made.keys() <= ledger.created.keys() | ledger.unknown
        # What was under way at a kill is cut off, of each client at most one.
        assert sum(each.status == 0 for each in load.answers) <= KILLS * (WRITERS + 1)
