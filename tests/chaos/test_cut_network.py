"""The network between a gateway and one of its stores is cut: nobody is told, nothing arrives, or what arrives is done and not answered."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.chaos.cables import Cable, Cut, cable
from tests.chaos.clients import Ledger, Load, stored
from tests.live import Live, live
from tests.stores.nodes import running_node, until
from tests.stores.postgres import running_server

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
HOW: tuple[Cut, ...] = ("both ways", "answers only")
NORMAL = 25.0  # seconds: five are the aim, and the rest is for what else the machine does
PORT = 7000
pytestmark = pytest.mark.timeout(300 + 120 * ROUNDS)


@contextmanager
def deployed(home: Path) -> Iterator[tuple[Live, dict[str, Cable]]]:
    valkey = home / "valkey.sock"
    with (
        running_node(home, unixsocket=str(valkey)),
        running_server() as postgres,
        cable({PORT: valkey}) as redis,
        cable({PORT: postgres.socket}) as sql,
    ):
        stores = {
            "redis": f"redis://{redis.address}:{PORT}",
            "sql": f"postgresql://tester@{sql.address}:{PORT}/postgres",
        }
        with live(home / "gateway", stores=stores, idempotency={"lease": "2s"}) as running:
            yield running, {"redis": redis, "sql": sql}


def test_a_network_that_is_cut_costs_no_read_of_who_is_known_and_doubles_no_create(tmp_path: Path) -> None:
    with deployed(tmp_path) as (running, cables):
        contact = running.call("POST", "/v1/contacts", {"first_name": "Read"}).json()["data"]["id"]
        for store, how in itertools.product(cables, HOW):
            for _ in range(ROUNDS):
                cut(running, contact, cables[store], store, how)


def cut(running: Live, contact: str, cable: Cable, store: str, how: Cut) -> None:
    """One cut under load, and what came of it."""
    ledger = Ledger()
    with Load(running.served.port, running.a.tokens["owner"], contact, ledger, writers=3) as load:
        load.more(10, (201,))
        began = time.monotonic()
        cable.cut(how)
        until(lambda: running.served.admin("/readyz").status == 503)
        load.more(50, (200,))
        mended = time.monotonic()
        cable.mend(how)
        until(lambda: running.served.admin("/readyz").status == 200)
        load.more(3, (201,))
        back = time.monotonic() - mended
    reads = [each for each in load.answers if each.method == "GET"]
    during = [each.seconds for each in reads if began <= each.at < mended]
    made = {
        key: count for key, count in stored(running.database).items() if key in ledger.created or key in ledger.unknown
    }
    print(
        f"\nnetwork to {store} cut, {how}: back_after_seconds={back:.2f}, created={len(ledger.created)}, "
        f"unknown={len(ledger.unknown)}, reads_during={len(during)}, slowest={max(during):.2f}, {load.counts()}"
    )
    assert load.wrong == [] and ledger.twice == []
    assert len(during) > 10 and {each.status for each in reads} == {200}
    assert {each.status for each in load.answers} <= {200, 201, 409, 503}
    assert {key: made.get(key) for key in ledger.created} == dict.fromkeys(ledger.created, 1)
    assert {made.get(key, 0) for key in ledger.unknown} <= {0, 1}
    assert back <= NORMAL
