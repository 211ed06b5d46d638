"""The volume of the data directory fills up and is emptied again: what was acknowledged stays, and all is as before by itself."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from tests.live import Live, live
from tests.stores.nodes import until

MEGABYTES = 48
NORMAL = 25.0  # seconds: five are the aim, and the rest is for what else the machine does
ROUNDS = 30
# Beside other tests a start alone may take a minute.
pytestmark = pytest.mark.timeout(300)


@contextmanager
def volume(place: Path) -> Iterator[None]:
    """A file system of its own, with little room."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "volume", place], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def full(place: Path) -> Iterator[None]:
    """Not a byte is left while this lasts."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file:
        with suppress(OSError):
            while True:
                file.write(bytes(2**16))
        try:
            yield
        finally:
            filler.unlink()


class Keys:
    """Creates by their idempotency key, with the id that each was answered with."""

    def __init__(self, running: Live) -> None:
        self._running = running
        self.ids: dict[str, str] = {}
        self.asked: list[str] = []
        self.statuses: Counter[int] = Counter()

    def create(self, key: str) -> int:
        if key not in self.asked:
            self.asked.append(key)
        body = {"first_name": "Disk", "last_name": key}
        answer = self._running.call("POST", "/v1/contacts", body, headers={"Idempotency-Key": key})
        self.statuses[answer.status_code] += 1
        if answer.status_code == 201:
            assert self.ids.setdefault(key, answer.json()["data"]["id"]) == answer.json()["data"]["id"]
        return answer.status_code

    def made(self) -> dict[str, int]:
        """How many records the service has of each key."""
        with closing(sqlite3.connect(f"file:{self._running.database}?mode=ro", uri=True)) as connection:
            asked = "SELECT c_lastName, count(*) FROM contacts WHERE c_firstName = 'Disk' GROUP BY 1"
            return dict(connection.execute(asked).fetchall())


def test_a_volume_that_is_full_costs_nothing_that_was_acknowledged_and_no_restart(tmp_path: Path) -> None:
    with volume(tmp_path / "data"), live(tmp_path) as running:
        keys, other = Keys(running), Counter[int]()
        assert {keys.create(f"before-{number}") for number in range(5)} == {201}
        contact = keys.ids["before-0"]
        workers = running.served.admin("/readyz").json["checks"]
        with full(tmp_path / "data"):
            for number in range(ROUNDS):
                keys.create(f"during-{number}")
                other[running.call("GET", f"/v1/contacts/{contact}").status_code] += 1
                url = {"url": f"https://example.com/{number}", "events": ["contact.created"]}
                other[running.call("POST", "/v1/webhook_subscriptions", url).status_code] += 1
            # A reload is taken, and says so, though the facts about it cannot be written down.
            file = tmp_path / "config.yaml"
            file.write_text(yaml.safe_dump(yaml.safe_load(file.read_text()) | {"server": {"shutdown_delay": "1s"}}))
            running.served.process.send_signal(signal.SIGHUP)
            assert running.served.wait_for("configuration reloaded")["config"]
            # What it took last is in the memory of this Valkey only.
            assert "embedded valkey does not answer" not in [line["event"] for line in running.served.events()]
        since = time.monotonic()
        until(lambda: running.served.admin("/readyz").status == 200 and keys.create("after") == 201)
        back = time.monotonic() - since
        print(f"\nfull disk: creates={dict(keys.statuses)}, others={dict(other)}, back_after_seconds={back:.2f}")
        assert running.served.admin("/readyz").json["checks"] == workers
        # Each ends as one record: what was told before is told again, what was refused is made now.
        assert {keys.create(key) for key in keys.asked} == {201}
        assert keys.made() == dict.fromkeys(keys.asked, 1)
        assert {*keys.statuses, *other} <= {200, 201, 503}
        assert back <= NORMAL
