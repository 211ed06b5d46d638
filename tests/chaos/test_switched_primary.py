"""The primary of PostgreSQL is lost and its standby takes its place, while services post events: no event that was taken is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Self

import pytest

from gateway.keys.keyring import Keyring
from gateway.stores.sql import Sql
from tests.process.ingested import EGRESS, owner, registered, subscribed, told
from tests.process.serving import Served, ask, until_stopped
from tests.receiver import Receiver, receiving
from tests.stores.nodes import free_ports, until
from tests.stores.postgres import Postgres, synchronous_pair

NORMAL = 25.0  # seconds: five are the aim, and the rest is for what else the machine does
# Beside other tests a start alone may take a minute.
pytestmark = pytest.mark.timeout(300)


class Posting:
    """A service that posts events as fast as they are taken, and asks for each again until it is."""

    def __init__(self, port: int, place: str, tenant: str) -> None:
        self._asked = port, place, tenant
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.taken: dict[str, float] = {}  # by id, when it was answered
        self.statuses: Counter[int] = Counter()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        port, place, tenant = self._asked
        number = 0
        event = told(tenant, number)
        while not self._stop.is_set():
            try:
                answer = ask(port, "POST", place, event)
            except OSError:
                self.statuses[0] += 1
                continue
            self.statuses[answer.status] += 1
            if answer.status != 200:
                time.sleep(0.02)
                continue
            # One that was taken without being answered is known when it comes again, and has no new id.
            with suppress(KeyError):
                self.taken[answer.json["id"]] = time.monotonic()
            number += 1
            event = told(tenant, number)


@contextmanager
def deployed(home: Path, pair: tuple[Postgres, Postgres], receiver: Receiver) -> Iterator[tuple[Served, Posting]]:
    hosts = ",".join(f"127.0.0.1:{each.port}" for each in pair)
    url = f"postgresql://tester@{hosts}/postgres"
    settings = {
        "GATEWAY_STORES__SQL": url,
        "GATEWAY_TEST": "off",
        "GATEWAY_WEBHOOKS__COURIERS": "1",
        "GATEWAY_WEBHOOKS__INGEST__PORT": "0",
        "GATEWAY_WEBHOOKS__EGRESS": EGRESS,
    }
    with until_stopped(Served(home, **settings)) as served, closing(Sql(url)) as sql:
        port = int(served.wait_for("couriers started")["ingest_port"])
        keys = Keyring.load((served.data_dir / "keyring.json").read_bytes())
        tenant = served.ask("GET", "/v1/me").json["data"]["tenant"]["id"].removeprefix("biz_")
        place = f"/in/{registered(sql, keys, tenant)}"
        subscribed(sql, keys, tenant, receiver.url, owner(served))
        with Posting(port, place, tenant) as posting:
            yield served, posting


def test_a_primary_that_is_switched_costs_no_event_that_was_taken_and_is_followed_by_itself(tmp_path: Path) -> None:
    with (
        receiving() as receiver,
        synchronous_pair(*free_ports(2)) as (primary, standby),
        deployed(tmp_path / "gateway", (primary, standby), receiver) as (served, posting),
    ):
        until(lambda: len(posting.taken) >= 30)
        primary.stop(signal.SIGQUIT)
        until(lambda: posting.statuses[503] >= 5)
        # Who is known goes on without a database.
        assert served.ask("GET", "/v1/me").status == 200
        assert standby.ask("SELECT pg_promote()") is True
        since = time.monotonic()
        until(lambda: served.admin("/readyz").status == 200 and max(posting.taken.values()) > since)
        back = time.monotonic() - since
        known = len(posting.taken)
        until(lambda: len(posting.taken) >= known + 30)
        taken = set(posting.taken)
        until(lambda: taken <= {each.headers["webhook-id"] for each in receiver.got}, 90)
        print(
            f"\nprimary switched: back_after_seconds={back:.2f}, taken={len(taken)}, answers={dict(posting.statuses)}"
        )
        assert set(posting.statuses) <= {200, 503}
        assert back <= NORMAL
