"""`gateway webhooks …` on a data directory whose gateway is down: what waits, what died, and what is done about it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.stores.sql import Sql, audit, tenants, webhook_clock, webhook_deliveries, webhook_endpoints, webhook_events
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_models import DeliveryRow, LaneRow, QueueRow
from tests.process.serving import founded
from tests.stores.records import TENANT
from tests.stores.webhooks import event, subscribed


class Deployment:
    """A data directory with one subscription, and the command."""

    def __init__(self, home: Path) -> None:
        self.data_dir = founded(home)
        url = f"sqlite:///{self.data_dir}/gateway.db"
        migrate(url)
        self.sql = Sql(url)
        with self.sql.session() as session:
            tenants.add(session, TENANT)
            self.endpoint: Endpoint = subscribed(session)
        self.webhook = f"whk_{self.endpoint.id}"

    def run(self, *arguments: str, code: int = 0) -> Any:
        done = CliRunner().invoke(main, ["webhooks", *arguments, "--json", "--data-dir", str(self.data_dir)])
        assert done.exit_code == code, done.output
        return json.loads(done.stdout) if code == 0 else done.stderr

    def happen(self, *numbers: int) -> list[str]:
        with self.sql.session() as session:
            accepted = webhook_events.accept(session, [event(n) for n in numbers], webhook_clock.now(session))
            made = [webhook_deliveries.of_event(session, self.endpoint.id, each) for each in accepted.ids.values()]
            return [each for each in made if each is not None]

    def later(self, *numbers: int) -> None:
        """Events that stay in the log, for a subscription that is not delivered to."""
        with self.sql.session() as session:
            webhook_events.accept(session, [event(n) for n in numbers], webhook_clock.now(session))

    def pause(self) -> None:
        done = CliRunner().invoke(main, ["webhooks", "pause", self.webhook, "--data-dir", str(self.data_dir)])
        assert done.exit_code == 0, done.output

    def die(self, *ids: str) -> None:
        with self.sql.session() as session:
            for each in ids:
                row = session.get_one(DeliveryRow, each)
                row.status, row.reason, row.attempts, row.last_status = "dead", "attempts", 10, 503
                session.delete(session.get_one(QueueRow, each))

    def statuses(self) -> list[str]:
        with self.sql.session(read_only=True) as session:
            return [each.status for each in webhook_deliveries.page(session, self.endpoint.id)]

    def told(self) -> list[str]:
        with self.sql.session(read_only=True) as session:
            return [each.action for each in audit.tail(session, TENANT.id) if each.subject == self.webhook]


@pytest.fixture
def stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    monkeypatch.chdir(tmp_path)
    made = Deployment(tmp_path)
    with closing(made.sql):
        yield made


def test_what_died_is_listed_with_why_and_sent_once_more(stopped: Deployment) -> None:
    first, second, _ = stopped.happen(1, 2, 3)
    stopped.die(first, second)
    dead = stopped.run("dead", "list", "--tenant", TENANT.name)["dead"]
    assert {each["id"] for each in dead} == {f"dlv_{first}", f"dlv_{second}"}
    assert {(each["reason"], each["attempts"], each["last_status"]) for each in dead} == {("attempts", 10, 503)}
    assert len(stopped.run("dead", "list", "--limit", "1")["dead"]) == 1
    assert stopped.run("dead", "replay", "--webhook", stopped.webhook) == {"sent": 2}
    assert sorted(stopped.statuses()) == ["dead", "dead", "pending", "pending", "pending"]
    assert stopped.run("dead", "list")["dead"] == [], "what is on its way again is dead no more"
    assert stopped.run("dead", "replay") == {"sent": 0}
    assert stopped.told() == ["webhook.replay"]


def test_what_died_long_ago_is_only_for_who_looks_so_far_back(stopped: Deployment) -> None:
    (old,) = stopped.happen(1)
    stopped.die(old)
    with stopped.sql.session() as session:
        session.get_one(DeliveryRow, old).created_at = datetime.now(UTC) - timedelta(days=3)
    assert stopped.run("dead", "list")["dead"] == []
    assert len(stopped.run("dead", "list", "--since", "7d")["dead"]) == 1
    assert "write it as 30m" in stopped.run("dead", "list", "--since", "yesterday", code=2)


def test_lanes_are_listed_with_what_waits_and_why_it_does(stopped: Deployment) -> None:
    stopped.happen(1, 2)
    (lane,) = stopped.run("lanes")["lanes"]
    assert (lane["webhook_id"], lane["state"], lane["waiting"], lane["behind"]) == (stopped.webhook, "idle", 2, None)
    with stopped.sql.session() as session:
        session.get_one(LaneRow, stopped.endpoint.id).blocked_until = webhook_clock.now(session) + 60_000
    (blocked,) = stopped.run("lanes", "--state", "blocked")["lanes"]
    assert blocked["blocked_until"] is not None and stopped.run("lanes", "--state", "leased")["lanes"] == []
    stopped.pause()
    stopped.later(3, 4, 5)
    (paused,) = stopped.run("lanes", "--tenant", TENANT.name)["lanes"]
    assert (paused["state"], paused["behind"]) == ("disabled", 3)


def test_what_waits_is_cancelled_from_queue_and_log_and_shown_as_missed(stopped: Deployment) -> None:
    stopped.happen(1, 2)
    stopped.pause()
    stopped.later(3)
    assert stopped.run("purge", stopped.webhook) == {"cancelled": 2}
    assert stopped.statuses() == ["cancelled", "cancelled"]
    (lane,) = stopped.run("lanes")["lanes"]
    assert (lane["waiting"], lane["behind"]) == (0, 0)
    with stopped.sql.session(read_only=True) as session:
        assert webhook_endpoints.health(session, [stopped.endpoint.id])[stopped.endpoint.id].missed is not None
    assert stopped.told() == ["webhook.pause", "webhook.purge"]


def test_a_trial_of_what_is_paused_or_unknown_is_refused(stopped: Deployment) -> None:
    stopped.pause()
    assert "is paused: resume it first" in stopped.run("test", stopped.webhook, code=3)
    for command in (("test", "whk_nobody"), ("purge", "whk_nobody"), ("dead", "list", "--webhook", "whk_nobody")):
        assert "there is no webhook whk_nobody" in stopped.run(*command, code=4)
