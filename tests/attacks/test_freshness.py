"""What was allowed a moment ago and no longer is: roles, users and tokens, on every worker."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.agents.acting import LIST, agent, call, raw
from tests.console.people import Fields, Person
from tests.live import NEWEST, Live
from tests.process.serving import family
from tests.waiting import within

RECORD = "/v1/contacts/con_" + "0" * 24
Lines = list[http.client.HTTPConnection]


def _workers(live: Live) -> list[int]:
    return [
        pid
        for pid in family(live.served.process.pid)
        if b"gateway.process.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]


@pytest.fixture
def lines(wary: Live) -> Iterator[Lines]:
    """A connection to each of the workers: the kernel spreads them, so they are opened until every worker has one."""
    workers = _workers(wary)
    found: dict[int, http.client.HTTPConnection] = {}
    assert len(workers) == 2
    with ExitStack() as stack:
        for _ in range(64):
            line = http.client.HTTPConnection("127.0.0.1", wary.served.port, timeout=10)
            stack.callback(line.close)
            _asked(line, wary.a.tokens["owner"])
            found.setdefault(_serving(line, workers), line)
            if len(found) == len(workers):
                break
        assert len(found) == len(workers)
        yield list(found.values())


def _serving(line: http.client.HTTPConnection, workers: list[int]) -> int:
    """The worker that holds the other end of an accepted connection."""
    port, server = line.sock.getsockname()[1], line.sock.getpeername()[1]
    for entry in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, *rest = entry.split()
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (server, port):
            held = f"socket:[{rest[6]}]"
            return next(
                pid for pid in workers for fd in Path(f"/proc/{pid}/fd").iterdir() if str(fd.readlink()) == held
            )
    raise AssertionError("no worker has the connection")


def _asked(line: http.client.HTTPConnection, token: str, method: str = "GET") -> tuple[int, str, str]:
    """Status, code and challenge of an answer."""
    line.request(method, RECORD, headers={"Authorization": f"Bearer {token}", "Version": NEWEST})
    answer = line.getresponse()
    return answer.status, json.loads(answer.read())["code"], answer.headers.get("www-authenticate", "")


def test_a_changed_role_bites_on_every_worker_within_its_time(wary: Live, lines: Lines) -> None:
    member = wary.a.users["manager"]
    token = wary.token(wary.a, "manager", "contact.all")
    assert [_asked(line, token, "DELETE")[0] for line in lines] == [404, 404]
    try:
        wary.sandbox_command("set-role", "--user", member["email"], "--role", "viewer")
        within(1.05, lambda: [_asked(line, token, "DELETE")[:2] for line in lines] == [(403, "role_forbids")] * 2)
        before = wary.counted()
        assert [_asked(line, token, "DELETE")[:2] for line in lines] == [(403, "role_forbids")] * 2
        assert wary.counted() == before
        assert [_asked(line, token)[0] for line in lines] == [404, 404]
    finally:
        wary.sandbox_command("set-role", "--user", member["email"], "--role", "manager")
    within(3, lambda: [_asked(line, token, "DELETE")[0] for line in lines] == [404, 404])


def test_a_role_that_was_lost_is_lost_at_every_door(wary: Live) -> None:
    manager, scopes = wary.a.users["manager"], "contact.all expense.all webhook.read"
    token, agents = wary.token(wary.a, "manager", scopes), agent(wary, "manager", "contact.all expense.read")
    person, keyed = Person(wary, "manager"), {"Idempotency-Key": "made as a manager"}
    page = wary.call("POST", "/v1/expenses/search", {"limit": 1}, token=token).json()
    create = call("create", resource="contacts", values={"first_name": "Ada"})
    form: Fields = {"name": "Expenses", "days": "1", "scope": ["expense.read"], "for": "api"}

    def tools() -> set[str]:
        return {each["name"] for each in raw(wary, agents, LIST).json()["result"]["tools"]}

    def statuses() -> list[int]:
        asked = [
            wary.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token, headers=keyed),
            wary.call(
                "POST", "/v1/expenses/search", {"limit": 1, "cursor": page["meta"]["cursor"]["next"]}, token=token
            ),
            wary.call("GET", f"/v1/expenses/{page['data'][0]['id']}", token=token),
            wary.call("POST", "/v1/expenses/get", {"ids": [page["data"][0]["id"]]}, token=token),
            wary.call("POST", "/v1/events/search", {"limit": 1}, token=token),
            wary.call("POST", "/v1/webhook_subscriptions/search", {"limit": 1}, token=token),
            person.http.get("/console/webhooks"),
            person.post("/console/tokens/new", form),
        ]
        return [each.status_code for each in asked]

    assert statuses() == [201, *(200,) * 7]
    assert "create" in tools() and not raw(wary, agents, create).json()["result"].get("isError")
    try:
        wary.sandbox_command("set-role", "--user", manager["email"], "--role", "viewer")
        within(3, lambda: statuses()[0] == 403)
        before = wary.counted()
        assert statuses() == [*(403,) * 6, 404, 422]
        assert tools() == {"whoami", "describe", "search", "get"}
        for asked in (create, call("search", resource="expenses"), call("get", ids=[page["data"][0]["id"]])):
            told = raw(wary, agents, asked).json()["result"]
            assert told["isError"] and "role_forbids" in told["content"][0]["text"]
        assert wary.counted() == before
    finally:
        wary.sandbox_command("set-role", "--user", manager["email"], "--role", "manager")
    within(3, lambda: statuses()[2] == 200)


def test_a_disabled_user_is_out_on_every_worker_within_the_time(wary: Live, lines: Lines) -> None:
    member = wary.a.users["member"]
    token = wary.token(wary.a, "member", "contact.read")
    assert [_asked(line, token)[0] for line in lines] == [404, 404]
    try:
        wary.sandbox_command("set-active", "--user", member["email"], "--active", "no")
        within(1.05, lambda: [_asked(line, token)[0] for line in lines] == [401, 401])
        before = wary.counted()
        for line in lines:
            status, _, challenge = _asked(line, token)
            assert status == 401 and 'error="invalid_token"' in challenge
        assert wary.counted() == before
    finally:
        wary.sandbox_command("set-active", "--user", member["email"], "--active", "yes")
    within(3, lambda: [_asked(line, token)[0] for line in lines] == [404, 404])


def test_a_revoked_token_is_refused_by_every_worker_at_once(wary: Live, lines: Lines) -> None:
    token, token_id = wary.record(wary.a, "owner", "contact.all")
    assert [_asked(line, token)[0] for line in lines] == [404, 404]
    wary.run("tokens", "revoke", f"tok_{token_id}")
    revoked, before = time.monotonic(), wary.counted()
    assert [_asked(line, token)[:2] for line in lines] == [(401, "token_revoked")] * 2
    assert time.monotonic() - revoked < 1
    assert wary.counted() == before


def test_a_stored_answer_is_not_replayed_to_a_revoked_token(wary: Live) -> None:
    token, token_id = wary.record(wary.a, "owner", "contact.all")
    key = {"Idempotency-Key": "replayed-after-revocation"}
    assert wary.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token, headers=key).status_code == 201
    assert wary.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token, headers=key).status_code == 201
    wary.run("tokens", "revoke", f"tok_{token_id}")
    refused = wary.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=token, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
