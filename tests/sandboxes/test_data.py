"""A sandbox's data and clock from the outside: reset, snapshots, and what time does to records, contracts, cursors and keys."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from gateway.stores.sql import webhook_endpoints, webhook_events
from gateway.webhooks.messages import Ended, Rendered
from tests.live import NEWEST, OLDEST
from tests.sandboxes.apart import Apart, apart
from tests.webhooks.rendered import Deployment, sent

_SUNSET = (datetime.now(UTC) + timedelta(days=400)).date()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    versions = {OLDEST: {"deprecated": "2026-09-01", "sunset": f"{_SUNSET}"}}
    with apart(tmp_path_factory.mktemp("data"), versions=versions) as running:
        yield running


@pytest.fixture
def box(both: Apart) -> Box:
    """A sandbox of the test's own."""
    return Box(both, both.another(seed="small")["token"])


class Box:
    """One sandbox, by its token."""

    def __init__(self, both: Apart, token: str) -> None:
        self.both, self.token = both, token

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> httpx.Response:
        return self.both.live.call(method, path, body, **{"token": self.token, "version": NEWEST, **more})

    def told(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.ask(method, f"/v1/test/{path}", body)
        assert answer.status_code == status, answer.text
        return answer.json().get("data") if answer.content else None

    def contacts(self) -> list[str]:
        found = self.ask("POST", "/v1/contacts/search", {"limit": 100}).json()["data"]
        return sorted(row["id"] for row in found)

    def made(self, key: str | None = None) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.ask("POST", "/v1/contacts", {"first_name": "Asha"}, headers=headers)
        assert answer.status_code == 201, answer.text
        row: dict[str, Any] = answer.json()["data"]
        return row


def test_a_reset_brings_the_same_ids_back_and_forgets_idempotency_keys(box: Box) -> None:
    before, key = box.contacts(), uuid4().hex
    first = box.made(key)["id"]
    assert box.made(key)["id"] == first, "a key is remembered"
    told = box.told("POST", "reset")
    assert (told["seed"], told["records"]) == ("small", 20)
    assert box.contacts() == before
    assert box.made(key)["id"] != first, "a key is of the data that it was used in"
    assert box.told("POST", "reset", {"seed": "empty"})["records"] == 0
    assert box.contacts() == []
    assert box.told("POST", "reset", {"seed": "small", "records": 30})["records"] == 30
    assert len(box.contacts()) == 30


def test_a_reset_of_two_thousand_records_and_a_restore_take_a_moment(both: Apart) -> None:
    box = Box(both, both.another(seed="small", records=2000)["token"])
    kept = box.told("POST", "snapshots", {}, status=201)["id"]
    calls = {"reset": 0.5, f"snapshots/{kept}/restore": 0.2}
    took: dict[str, list[float]] = {path: [] for path in calls}
    for _ in range(5):
        for path, each in took.items():
            box.made()
            began = time.perf_counter()
            assert box.told("POST", path)["records"] == 2000
            each.append(time.perf_counter() - began)
    # What the machine does beside makes one dearer, never cheaper.
    assert {path: min(each) < calls[path] for path, each in took.items()} == dict.fromkeys(calls, True), took


def test_two_sandboxes_have_the_same_ids_and_not_the_same_records(both: Apart, box: Box) -> None:
    other = Box(both, both.another(seed="small")["token"])
    assert box.contacts() == other.contacts()
    path = f"/v1/contacts/{box.contacts()[0]}"
    assert box.ask("PATCH", path, {"job_title": "Changed"}).status_code == 200
    assert other.ask("GET", path).json()["data"]["job_title"] != "Changed"
    box.told("POST", "reset", {"seed": "empty"})
    assert len(other.contacts()) == 20


def test_a_snapshot_is_kept_listed_restored_and_deleted(box: Box) -> None:
    made = box.made()["id"]
    kept = box.told("POST", "snapshots", {"name": "with one"}, status=201)
    assert kept["name"] == "with one"
    assert box.told("GET", "snapshots") == [kept]
    assert box.ask("DELETE", f"/v1/contacts/{made}").status_code == 204
    box.told("PUT", "clock", {"advance": "P2D"})
    box.told("POST", f"snapshots/{kept['id']}/restore")
    assert box.ask("GET", f"/v1/contacts/{made}").status_code == 200
    assert box.told("GET", "clock")["ahead_ms"] == 0
    box.told("DELETE", f"snapshots/{kept['id']}", status=204)
    assert box.told("GET", "snapshots") == []
    for method, path in (("POST", f"snapshots/{kept['id']}/restore"), ("DELETE", "snapshots/..%2Fclock")):
        answer = box.ask(method, f"/v1/test/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "record_not_found")


def test_there_are_so_many_snapshots_and_the_next_is_a_conflict(box: Box) -> None:
    for _ in range(20):
        box.told("POST", "snapshots", status=201)
    refused = box.ask("POST", "/v1/test/snapshots")
    assert (refused.status_code, refused.json()["code"]) == (409, "snapshot_limit")


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer", "code"),
    [
        ("POST", "reset", {"seed": "huge"}, "/seed", "value_unknown"),
        ("POST", "reset", {"records": 5001}, "/records", "out_of_range"),
        ("POST", "reset", {"records": "5"}, "/records", "type_invalid"),
        ("POST", "reset", {"seed": "empty", "records": 3}, "/records", "out_of_range"),
        ("POST", "reset", {"size": 3}, "/size", "field_unknown"),
        ("POST", "snapshots", {"name": ""}, "/name", "too_short"),
        ("PUT", "clock", {}, "", "required"),
        ("PUT", "clock", {"now": "2030-01-01T00:00:00Z", "advance": "P1D"}, "", "required"),
        ("PUT", "clock", {"now": "tomorrow"}, "/now", "datetime_invalid"),
        ("PUT", "clock", {"now": "2020-01-01T00:00:00Z"}, "/now", "out_of_range"),
        ("PUT", "clock", {"advance": "30 days"}, "/advance", "format_invalid"),
        ("PUT", "clock", {"advance": "P1D1Y"}, "/advance", "format_invalid"),
        ("PUT", "clock", {"advance": "P9999Y"}, "/advance", "out_of_range"),
    ],
)
def test_what_cannot_be_is_refused_where_it_is_wrong(
    box: Box, method: str, path: str, body: Any, pointer: str, code: str
) -> None:
    refused = box.ask(method, f"/v1/test/{path}", body)
    assert refused.status_code == 422, refused.text
    assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [(pointer, code)]


def test_a_live_token_moves_no_clock(both: Apart) -> None:
    for method, path, body in (
        ("POST", "reset", None), ("GET", "clock", None), ("PUT", "clock", {"advance": "P1D"}), ("GET", "snapshots", None),
        ("POST", "snapshots", None), ("POST", "snapshots/snap_0a1b2c3d4e5f6071/restore", None),
    ):  # fmt: skip
        refused = both.ask(method, f"/v1/test/{path}", both.owner, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "test_token_required")


def test_records_are_dated_by_the_clock(box: Box) -> None:
    told = box.told("PUT", "clock", {"now": "2031-05-01T00:00:00Z"})
    assert told["now"].startswith("2031-05-01T00:0")
    assert box.made()["created_at"].startswith("2031-05-01T00:0")


def test_a_contract_is_retired_by_the_clock_of_the_sandbox_and_no_other(both: Apart, box: Box) -> None:
    assert box.ask("GET", "/v1/me", version=OLDEST).status_code == 200
    box.told("PUT", "clock", {"now": f"{_SUNSET - timedelta(days=1)}T23:00:00Z"})
    told = box.ask("GET", "/v1/me", version=OLDEST)
    assert told.status_code == 200
    assert {"deprecation", "sunset"} <= told.headers.keys()
    box.told("PUT", "clock", {"advance": "PT2H"})
    refused = box.ask("GET", "/v1/me", version=OLDEST)
    assert (refused.status_code, refused.json()["code"]) == (400, "version_retired")
    assert OLDEST not in refused.json()["contracts"]
    assert box.ask("GET", "/v1/me").status_code == 200
    # a day that has come here has not come elsewhere
    assert box.ask("GET", "/v1/me", version=f"{_SUNSET}").status_code == 200
    for token in (both.owner, both.of_a):
        assert both.live.call("GET", "/v1/me", token=token, version=OLDEST).status_code == 200
        future = both.live.call("GET", "/v1/me", token=token, version=f"{_SUNSET}")
        assert future.json()["code"] == "version_future"
    box.told("POST", "reset")
    assert box.ask("GET", "/v1/me", version=OLDEST).status_code == 200


def test_a_subscription_of_a_contract_ends_by_the_clock_of_its_sandbox(both: Apart, box: Box) -> None:
    def subscribed(to: Box, **more: Any) -> httpx.Response:
        url = f"https://hooks.example.com/{uuid4()}"
        return to.ask("POST", "/v1/webhook_subscriptions", {"url": url, "events": ["contact.created"], **more})

    def rendered(subscription: str, event: str) -> Rendered:
        """As a courier has it from the store."""
        whose = deployment.store(lambda session: webhook_endpoints.get(session, subscription.removeprefix("whk_")))
        return deployment.render(
            whose, deployment.store(lambda session: webhook_events.get(session, event.removeprefix("evt_")))
        )

    deployment = Deployment(both.live)
    other = Box(both, both.another(seed="small")["token"])
    here, there = (subscribed(each, version=OLDEST).json()["data"]["id"] for each in (box, other))
    moment = f"{_SUNSET}T01:00:00Z"
    box.told("PUT", "clock", {"now": moment})
    ours, theirs = (each.told("POST", "events/contact.created", status=202) for each in (box, other))
    assert ours["created_at"][:10] == moment[:10] != theirs["created_at"][:10]
    ended = Ended("disabled", "contract_retired", cancel=False)
    assert rendered(here, ours["id"]) == ended
    assert sent(rendered(there, theirs["id"]))["version"] == OLDEST
    # No other can be made, and this one goes on only with another contract.
    refused = subscribed(box, version=OLDEST)
    assert [each["pointer"] for each in refused.json()["errors"]] == ["/version"]
    internal, now, path = here.removeprefix("whk_"), datetime.now(UTC), f"/v1/webhook_subscriptions/{here}"
    deployment.store(lambda session: webhook_endpoints.stop(session, internal, "disabled", ended.reason, now))
    assert box.ask("POST", f"{path}/resume").json()["code"] == "state_conflict"
    assert box.ask("PATCH", path, {"version": NEWEST}).status_code == 200
    assert box.ask("POST", f"{path}/resume").status_code == 200
    box.told("POST", "reset")
    assert subscribed(box, version=OLDEST).status_code == 201


def test_cursors_and_idempotency_keys_get_old_by_the_clock(box: Box) -> None:
    key, search = uuid4().hex, {"limit": 5}
    first = box.made(key)["id"]
    cursor = box.ask("POST", "/v1/contacts/search", search).json()["meta"]["cursor"]["next"]
    box.told("PUT", "clock", {"advance": "PT1H"})
    assert box.made(key)["id"] == first
    assert box.ask("POST", "/v1/contacts/search", {**search, "cursor": cursor}).status_code == 200
    box.told("PUT", "clock", {"advance": "P30D"})
    assert box.made(key)["id"] != first
    stale = box.ask("POST", "/v1/contacts/search", {**search, "cursor": cursor})
    assert (stale.status_code, stale.json()["code"]) == (400, "cursor_invalid")


def test_tokens_and_limits_keep_to_the_real_time(box: Box) -> None:
    before = box.ask("GET", "/v1/me")
    box.told("PUT", "clock", {"advance": "P10Y"})
    after = box.ask("GET", "/v1/me")
    assert after.status_code == 200
    assert after.json()["data"]["token"]["expires_at"] == before.json()["data"]["token"]["expires_at"]


def test_the_command_line_does_the_same(both: Apart) -> None:
    made = both.made()
    box, name = Box(both, made["token"]), made["sandbox"]
    contacts = box.contacts()
    kept = both.live.run("test", "snapshot", name, "--name", "fresh")
    box.made()
    assert both.live.run("test", "clock", name, "--advance", "P1D")["ahead_ms"] == 86_400_000
    assert box.told("GET", "clock")["ahead_ms"] == 86_400_000
    assert both.live.run("test", "clock", name)["ahead_ms"] == 86_400_000
    assert both.live.run("test", "restore", name, kept["id"])["seed"] == "small"
    assert box.contacts() == contacts
    assert both.live.run("test", "reset", name, "--seed", "empty")["records"] == 0
    assert box.contacts() == []
