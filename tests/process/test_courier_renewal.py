"""Couriers and reloads: those that a change does not concern are left alone, the others are followed without a gap."""

from __future__ import annotations

import http.client
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from gateway.config import Settings, load, watched
from gateway.process.couriers import concerned
from gateway.stores.sql.webhook_models import QueueRow
from tests.process.ingested import owner, registered, subscribed, told
from tests.process.serving import ask, running
from tests.process.test_couriers import Receiver, couriers
from tests.waiting import within

COURIER = "gateway.process.courier"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


def written(home: Path, **sections: Any) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.yaml").write_text(yaml.safe_dump(sections))


def test_couriers_are_followed_while_events_are_posted_and_none_is_refused_lost_or_sent_twice(
    tmp_path: Path, receiver: Receiver
) -> None:
    home = tmp_path / "gateway"
    written(home)
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        subscribed(sql, keys, tenant, receiver.url, owner(served))
        ids: list[str] = []
        refused: list[object] = []
        ended = threading.Event()

        def post() -> None:
            while not ended.is_set():
                try:
                    answer = ask(port, "POST", place, told(tenant, len(ids) + len(refused)))
                    ids.append(answer.json["id"])
                except (OSError, http.client.HTTPException, KeyError) as error:
                    refused.append(error)

        posting = threading.Thread(target=post)
        posting.start()
        try:
            within(20, lambda: len(ids) > 5)
            seen = [running(served.process.pid, COURIER)]
            for turn in range(3):
                written(home, identity={"role_ttl": f"{30 + turn}s"})
                assert served.reload()["state"] == "swapped"
                within(20, lambda: len(running(served.process.pid, COURIER)) == 1)
                seen.append(running(served.process.pid, COURIER))
        finally:
            ended.set()
            posting.join()
        assert refused == []
        assert len({pid for each in seen for pid in each}) == 4, seen
        receiver.wait(len(ids), 60)
        assert sorted(each[0] for each in receiver.received) == sorted(ids)
        # What concerns workers alone leaves it where it is; and one that dies comes back as it was.
        written(home, identity={"role_ttl": "32s"}, cursors={"lifetime": "2h"})
        assert served.reload()["state"] == "swapped"
        assert running(served.process.pid, COURIER) == seen[-1]
        os.kill(seen[-1][0], signal.SIGKILL)
        served.wait_for("courier died")
        within(20, lambda: b"gateway_couriers 1.0" in served.admin("/metrics").body)
        assert ask(port, "POST", place, told(tenant, 100_000)).status == 200


def settings(home: Path, **sections: Any) -> Settings:
    written(home, **sections)
    return load(home / "config.yaml", {}, {})


def test_couriers_are_concerned_by_all_but_what_they_do_not_read(tmp_path: Path) -> None:
    before = settings(tmp_path)
    assert not concerned(before, settings(tmp_path, cursors={"lifetime": "2h"}), {}, {})
    assert concerned(before, settings(tmp_path, identity={"role_ttl": "9s"}), {}, {})
    both = settings(tmp_path, cursors={"lifetime": "2h"}, webhooks={"keep": "9d"})
    assert concerned(before, both, {}, {})


def test_couriers_are_concerned_by_a_file_that_has_changed_and_by_a_reload_of_the_same(tmp_path: Path) -> None:
    before, after = settings(tmp_path), settings(tmp_path, cursors={"lifetime": "2h"})
    secret = tmp_path / "secret"
    secret.write_text("one")
    seen = watched.contents(frozenset({secret}))
    secret.write_text("two")
    assert concerned(before, after, seen, watched.contents(frozenset({secret})))
    assert concerned(before, before, {}, {})


def test_a_reload_whose_courier_does_not_come_up_is_refused_everywhere_and_what_ran_goes_on(
    tmp_path: Path, receiver: Receiver
) -> None:
    home = tmp_path / "gateway"
    written(home)
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        subscribed(sql, keys, tenant, receiver.url, owner(served))
        former, before = running(served.process.pid, COURIER), served.admin("/readyz").json
        policy = served.ask("GET", "/v1/me").headers["RateLimit-Policy"]
        ended = threading.Event()

        def kill() -> None:
            while not ended.is_set():
                for each in {*running(served.process.pid, COURIER)} - {*former}:
                    with suppress(ProcessLookupError):
                        os.kill(each, signal.SIGKILL)

        killing = threading.Thread(target=kill)
        killing.start()
        try:
            written(home, limits={"token": {"quota": 300, "burst": 71}})
            reloaded = served.reload()
        finally:
            ended.set()
            killing.join()
        assert reloaded["state"] == "refused" and "courier" in reloaded["faults"][0]["text"], reloaded
        after = served.admin("/readyz").json
        assert (after["status"], after["reload"], after["config"]) == ("ready", "refused", before["config"])
        assert after["reload_faults"] == [reloaded["faults"][0]["text"]]
        assert served.wait_for("configuration refused")["running"] == before["config"]
        assert served.wait_for("courier could not be renewed")["reason"]
        shown = served.admin("/metrics").body.decode()
        assert 'gateway_config_reloads_total{result="refused"} 1.0' in shown
        assert "gateway_config_last_reload_successful 0.0" in shown
        assert running(served.process.pid, COURIER) == former
        assert served.ask("GET", "/v1/me").headers["RateLimit-Policy"] == policy
        ids = {ask(port, "POST", place, told(tenant, number)).json["id"] for number in range(20)}
        receiver.wait(20)
        assert {each[0] for each in receiver.received} == ids
        # Nothing of it is left that the next one would stumble over.
        assert served.reload()["state"] == "swapped"
        assert "71" in served.ask("GET", "/v1/me").headers["RateLimit-Policy"]
        within(20, lambda: len(running(served.process.pid, COURIER)) == 1)
        assert running(served.process.pid, COURIER) != former


def test_the_admin_port_tells_that_it_stops_until_couriers_have_ended(tmp_path: Path, receiver: Receiver) -> None:
    with couriers(tmp_path) as (served, port, tenant, sql, keys):
        place = f"/in/{registered(sql, keys, tenant)}"
        subscribed(sql, keys, tenant, receiver.url, owner(served))
        receiver.hold = 2.0

        def taken() -> bool:
            with sql.session(read_only=True) as session:
                return session.scalar(select(QueueRow.claims)) == 1

        assert ask(port, "POST", place, told(tenant, 0)).status == 200
        within(20, taken)
        served.process.terminate()
        served.wait_for("stopping")
        with suppress(OSError, http.client.HTTPException):
            while True:
                assert served.admin("/readyz").status == 503
        assert running(served.process.pid, COURIER) == []
        assert len(receiver.received) == 1, "what was under way was waited for"
