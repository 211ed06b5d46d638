"""Secrets that go in through the doors of agents and of events: they come out of no answer, page, log line, metric and span."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.keys.keyring import Keyring
from gateway.stores.sql import Sql
from tests.agents.acting import agent, call, raw
from tests.console.people import Person
from tests.live import UNLIMITED, Live
from tests.live import live as running
from tests.observe.collecting import Collector, collecting
from tests.process.ingested import registered
from tests.receiver import receiving
from tests.waiting import within

CANARY = "canary-5f1c0a9e7b"
PAGES = ("tokens", "connected", "agents", "apps", "history", "usage", "webhooks", "webhooks/events")
_EGRESS = {"http": True, "allow": [{"network": "127.0.0.0/8", "ports": ["1-65535"], "http": True}]}


@dataclass
class Watched:
    """A deployment that says all it can: at DEBUG, with every trace recorded."""

    live: Live
    collector: Collector
    owner: Person

    def said(self) -> dict[str, str]:
        """All that there is to be read by anybody but who sent it, by where that is."""
        served, seen = self.live.served, -1

        def settled() -> bool:
            nonlocal seen
            before, seen = seen, served.out.stat().st_size + len(self.collector.spans)
            return before == seen

        within(20, settled)
        said = {f"/console/{page}": self.owner.page(f"/console/{page}") for page in PAGES}
        said |= {f"admin {path}": served.admin(path).body.decode() for path in ("/metrics", "/readyz")}
        spans = "".join(map(str, self.collector.got))
        return said | {"stdout": served.out.read_text(), "stderr": served.err.read_text(), "spans": spans}

    def keep_to_themselves(self, secrets: list[str], told: str) -> None:
        """None of the secrets is anywhere; what was `told` is in the log, and there are spans."""
        said = self.said()
        assert told in said["stdout"] and said["spans"]
        assert not {(where, each) for where, text in said.items() for each in secrets if each in text}


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    settings: dict[str, Any] = {
        "logging": {"level": "debug"},
        "tracing": {"enabled": True, "share": "100%"},
        "webhooks": {"ingest": {"port": 0}, "egress": _EGRESS},
        "limits": dict.fromkeys(("agent", "ingest", "sign_in_address", "sign_in_account"), UNLIMITED),
    }
    with collecting() as collector:
        env = {**collector.environment, "GATEWAY_WEBHOOKS__COURIERS": "1"}
        with running(tmp_path_factory.mktemp("watched"), env=env, **settings) as live:
            yield Watched(live, collector, Person(live, "owner"))


def test_a_secret_that_an_agent_meets_comes_out_nowhere(watched: Watched) -> None:
    live = watched.live
    token, unknown = agent(live), agent(live, "member", "contact.read")
    address = live.sandbox.base_url.netloc.decode()
    stack = f"Traceback at http://{address}/api/crm with {live.a.api_key}: {CANARY}"
    record, person = "con_" + "0" * 24, {"first_name": "Ada", "password": CANARY}
    messages = [
        call("create", resource="contacts", values=person),
        call("create", resource="contacts", values={"first_name": "Ada"}, idempotency_key=CANARY),
        call("search", resource="contacts", search_text=CANARY),
        call("search", resource="contacts", cursor=f"10:{CANARY}"),
        call("search", resource="contacts", filters=[{"field": "email", "operator": "eq", "value": CANARY}]),
        call("search", resource="contacts", limit=CANARY),
        call("get", ids=[record]),
        call("delete", id=record, confirm=CANARY),
        call("act", id=record, action=CANARY),
        call(CANARY),
        {"jsonrpc": "2.0", "id": CANARY, "method": CANARY},
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": CANARY}},
        [CANARY],
    ]
    for message in messages:
        asked = raw(live, token, message, Cookie=f"a={CANARY}", Referer=f"https://x.example/?{CANARY}")
        # What names a field, a tool or a request is told back to who sent it; what it holds is not.
        if "values" in json.dumps(message):
            assert CANARY not in asked.text, message
        raw(live, f"{token[:-1]}_", message)
        raw(live, CANARY, message)
    switches: list[dict[str, Any]] = [
        {"status": 500, "body": stack, "headers": {"X-Debug": stack}},
        {"status": 200, "body": stack},
        {"status": 200, "body": {"data": {"id": "0" * 24, "createdAt": stack}}},
        {"status": 400, "body": {"error": {"fields": {"firstName": [stack]}, "message": stack}}},
        {"cut": "body"},
        {"garbage": "protocol"},
    ]
    told = ""
    for switch in switches:
        with live.fault(path="/api/crm", **switch):
            for message in (call("get", ids=[record]), call("create", resource="contacts", values={"first_name": "A"})):
                answer = raw(live, token, message)
                told += f"{answer.headers} {answer.text}"
    with live.fault(path="/api/auth", status=500, body=stack):
        answer = raw(live, unknown, call("whoami"))
        told += f"{answer.headers} {answer.text}"
    secrets = [CANARY, token, unknown, live.a.api_key, live.service_key]
    assert not [each for each in (*secrets, address) if each in told]
    watched.keep_to_themselves([*secrets, live.a.users["owner"]["password"], address], '"via":"mcp"')


def test_a_secret_that_a_service_posts_comes_out_nowhere(watched: Watched) -> None:
    live = watched.live
    keys = Keyring.load((live.served.data_dir / "keyring.json").read_bytes())
    with closing(Sql(f"sqlite:///{live.served.data_dir}/gateway.db")) as sql:
        capability = registered(sql, keys, live.a.business_id)
    port = int(live.served.wait_for("couriers started")["ingest_port"])
    deal = live.call("POST", "/v1/deals/search", {"limit": 1}).json()["data"][0]["id"]
    with receiving() as receiver:
        body = {
            "url": f"{receiver.url}?key={CANARY}",
            "events": ["deal.won"],
            "headers": {"X-Key": CANARY},
        }
        made = live.call("POST", "/v1/webhook_subscriptions", body)
        assert made.status_code == 201, made.text
        webhook, secret = made.json()["data"]["id"], made.json()["data"]["secret"]
        good = {
            "event": "deal.won",
            "timestamp": "2026-06-17T14:30:00Z",
            "tenantId": live.a.business_id,
            "data": {"id": deal.removeprefix("deal_"), "title": CANARY, "password": CANARY, CANARY: CANARY},
        }
        _posted(port, capability, good)
        sent, *_ = receiver.wait(1, lambda each: bool(each.document["type"] == "deal.won"))
        assert sent.headers["x-key"] == CANARY and CANARY not in sent.body.decode()
        assert sent.document["previous"] is None and sent.document["data"]["id"] == deal
    log = live.call("GET", f"/v1/webhook_subscriptions/{webhook}/deliveries?limit=100")
    seen = live.call("POST", "/v1/events/search", {"limit": 100})
    assert (log.status_code, seen.status_code) == (200, 200)
    assert CANARY not in log.text + seen.text
    watched.keep_to_themselves([CANARY, capability, secret], '"event":"webhook ingest refused"')
    # Of what its subscriber may read on its own page, the secrets are none.
    page = watched.owner.page(f"/console/webhooks/{webhook}")
    assert secret not in page and f"X-Key: {CANARY}" not in page and capability not in page


def _posted(port: int, capability: str, good: dict[str, Any]) -> None:
    """The good event, and whatever else can be posted, with the secret wherever something can stand; no answer repeats it."""
    place = f"http://127.0.0.1:{port}/in/{capability}"
    headers = {
        "Authorization": f"Bearer {CANARY}",
        "Cookie": f"a={CANARY}",
        "X-Signature": CANARY,
        "User-Agent": CANARY,
        "traceparent": CANARY,
    }
    bodies: list[Any] = [
        good,
        {**good, "event": CANARY},
        {**good, "tenantId": CANARY},
        {**good, "timestamp": CANARY},
        {**good, "data": {"id": CANARY}},
        {**good, "data": [CANARY]},
        {**good, "data": CANARY},
        {"event": CANARY},
        [CANARY],
    ]
    contents = [*(json.dumps(each).encode() for each in bodies), f"{CANARY}{{".encode(), CANARY.encode() * 20_000]
    with httpx.Client(timeout=30) as client:
        answers = [client.post(f"{place}?{CANARY}=1", content=each, headers=headers) for each in contents]
        answers += [
            client.post(f"http://127.0.0.1:{port}/in/{CANARY}", json=good),
            client.put(place, content=CANARY),
            client.get(f"http://127.0.0.1:{port}/{CANARY}"),
        ]
    assert [each.status_code for each in answers] == [200, 200, 403, 200, *(400,) * 6, 413, 404, 405, 404]
    assert not any(CANARY in f"{each.headers} {each.text}" or capability in each.text for each in answers)
