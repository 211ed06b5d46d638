"""The door for events, asked in this process with a deployment's settings (events.md §7, cases 6 and 23)."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from io import BytesIO
from ipaddress import ip_network
from types import FrameType
from typing import Any

import httpx
import orjson
import pytest
import uvicorn
from sqlalchemy import event as happening

from gateway.config.settings import Settings
from gateway.deployment import built_in
from gateway.downstream.connection import protocol
from gateway.keys import token_format
from gateway.observe import logs
from gateway.stores.limits import Limiter
from gateway.stores.redis_url import connect
from gateway.stores.sql import Sql, webhook_events, webhook_registrations
from gateway.stores.sql.webhook_registrations import Registration
from gateway.webhooks.ingest import LARGEST, POSTS, Ingest, malformed
from gateway.webhooks.intake import Intake, Unavailable
from tests.live import Live
from tests.stores.records import TENANT, statements
from tests.stores.webhooks import event
from tests.webhooks.delivering import KEYS, Post
from tests.webhooks.receivers import receiving
from tests.webhooks.rendered import Deployment

_WATCHED = "webhooks/ingest.py", "webhooks/senders.py", "keys/keyring.py"
CHUNKED = b"Transfer-Encoding: chunked"
NEAR, FAR = "127.0.0.0/8", "203.0.113.0/24"


def unheard(_: Iterable[str]) -> None:
    """Nobody is woken: couriers look by themselves."""


def registered(post: Post) -> str:
    capability, now = token_format.random_text(43), datetime.now(UTC)
    row = Registration(
        id=token_format.new_id(),
        tenant_id=TENANT.id,
        capability_hash=KEYS.hash(capability.encode()),
        hash_key_id=KEYS.hashing_id,
        capability_sealed="",
        internal_id=None,
        state="active",
        created_at=now,
        checked_at=now,
        heard_at=None,
    )
    with post.sql.session() as session:
        webhook_registrations.add(session, row)
    return f"/in/{capability}"


@asynccontextmanager
async def door(settings: Settings, post: Post, redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with AsyncExitStack() as stack:
        line = await connect(redis_url, timeout=1.0)
        stack.push_async_callback(line.aclose)
        types = built_in().events(settings.ids)
        app = Ingest(settings, types, post.sql, KEYS, Limiter(line, 1), Intake(post.sql, unheard))
        port = await stack.enter_async_context(listening(app))
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}"))


@asynccontextmanager
async def listening(app: Ingest) -> AsyncIterator[int]:
    """The port at which it answers, on the connections that couriers have."""
    speaking = protocol(malformed, app.serve, direct=POSTS)
    server = uvicorn.Server(uvicorn.Config(app, port=0, http=speaking, lifespan="off", log_config=None))
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag and no event
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


def narrowed(deployment: Deployment, network: str) -> Settings:
    """The settings, with events taken from this network alone."""
    webhooks = deployment.settings.webhooks
    narrow = webhooks.ingest.model_copy(update={"allowed_networks": (ip_network(network),)})
    return deployment.settings.model_copy(update={"webhooks": webhooks.model_copy(update={"ingest": narrow})})


def sparing(deployment: Deployment, quota: int) -> Settings:
    """The settings, with so many events an hour of each tenant."""
    limits = deployment.settings.limits
    limit = limits.ingest.model_copy(update={"quota": quota, "window": 3600.0, "burst": None})
    return deployment.settings.model_copy(update={"limits": limits.model_copy(update={"ingest": limit})})


async def work(client: httpx.AsyncClient, path: str, status: int) -> tuple[list[str], list[str]]:
    """What a post takes until it is refused: its SQL, and the functions of the door and of keys that run for it."""
    called: list[str] = []

    def note(frame: FrameType, what: str, _: object) -> None:
        if what == "call" and frame.f_code.co_filename.endswith(_WATCHED):
            called.append(frame.f_code.co_name)

    with statements() as asked:
        sys.setprofile(note)
        try:
            answer = await client.post(path, json=told(1))
        finally:
            sys.setprofile(None)
    assert answer.status_code == status
    return asked, called


def told(number: int, tenant: str = TENANT.id) -> dict[str, Any]:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"event": "deal.won", "timestamp": moment, "tenantId": tenant, "data": {"id": f"{number:024x}"}}


async def test_case_23_a_good_capability_from_elsewhere_is_no_more_than_an_unknown_one(live: Live, post: Post) -> None:
    deployment = Deployment(live)
    place, url = registered(post), deployment.facts.redis_url
    async with door(narrowed(deployment, FAR), post, url) as far:
        answers = [await far.post(each, json=told(1)) for each in (place, "/in/unknown")]
    assert [(each.status_code, each.json()) for each in answers] == [(403, {"error": "foreign_network"})] * 2
    async with door(narrowed(deployment, NEAR), post, url) as near:
        assert (await near.post("/in/unknown", json=told(1))).status_code == 404
        assert (await near.post(place, json=told(1, "another"))).json() == {"error": "tenant_mismatch"}
        assert (await near.post(place, json=told(1))).status_code == 200


async def test_case_23_from_elsewhere_a_good_capability_takes_the_same_work_as_a_bad_one(
    live: Live, post: Post
) -> None:
    """Work and not time: a look-up that one of them is spared would tell whoever guesses, on however busy a machine."""
    deployment = Deployment(live)
    url, place = deployment.facts.redis_url, registered(post)
    near_by, elsewhere = narrowed(deployment, NEAR), narrowed(deployment, FAR)
    async with door(near_by, post, url) as near, door(elsewhere, post, url) as far:
        assert (await near.post(place, json=told(1))).status_code == 200, "what is remembered of it helps nobody else"
        bad = await work(near, "/in/" + "x" * 43, 404)
        for _ in range(3):
            assert await work(far, place, 403) == await work(far, "/in/" + "x" * 43, 403) == bad
    assert len(bad[0]) > 0 and "find" in bad[1]


@pytest.mark.parametrize("depth", [250, 300, 900])
@pytest.mark.parametrize("event", ["deal.won", "contact.created"])
async def test_what_nests_too_deep_to_be_kept_is_no_event_wherever_it_stands(
    live: Live, post: Post, event: str, depth: int
) -> None:
    deployment = Deployment(live)
    deep = "[" * depth + "]" * depth
    async with door(deployment.settings, post, deployment.facts.redis_url) as client:
        place = registered(post)
        good = json.dumps({**told(1), "event": event})
        for whole in (good.replace('"data": {', f'"data": {{"deep": {deep}, '), good[:-1] + f', "deep": {deep}}}'):
            answer = await client.post(place, content=whole)
            assert answer.status_code == (200 if depth == 250 else 400), answer.text
        for member in ("event", "timestamp", "tenantId", "data", "id"):
            wrong = re.sub(rf'"{member}": ("[^"]*"|{{[^}}]*}})', f'"{member}": {deep}', good)
            answer = await client.post(place, content=wrong)
            # When it happened is then as little known as where nothing is said of it.
            assert answer.status_code == (200 if (member, depth) == ("timestamp", 250) else 400), (member, answer.text)


async def test_case_6_without_the_store_of_limits_events_are_accepted_and_delivered(live: Live, post: Post) -> None:
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        async with door(Deployment(live).settings, post, "redis://127.0.0.1:1") as client:
            place = registered(post)
            answers = await asyncio.gather(*(client.post(place, json=told(number)) for number in range(5)))
        assert [each.status_code for each in answers] == [200] * 5
        await post.settled(made)
    assert sorted(receiver.ids()) == sorted(each.json()["id"] for each in answers)


async def test_case_6_on_a_full_disk_nothing_is_half_accepted_and_with_room_again_everything_is(post: Post) -> None:
    made = await post.subscribe("http://127.0.0.1:1/")
    full = Sql(str(post.sql._engine.url))
    happening.listen(full._engine, "connect", _no_room)
    intake = Intake(full, unheard)
    answers = await asyncio.gather(*(intake.accept(event(number)) for number in range(64)), return_exceptions=True)
    assert {type(each) for each in answers} == {Unavailable}
    full.close()
    with post.sql.session(read_only=True) as session:
        assert webhook_events.page(session, TENANT.id) == ()
    assert post.deliveries(made) == []
    room = Intake(post.sql, unheard)
    assert all(await asyncio.gather(*(room.accept(event(number)) for number in range(64))))
    assert len(post.deliveries(made)) == 64


async def test_beyond_its_budget_a_tenant_is_told_when_to_come_again(live: Live, post: Post) -> None:
    deployment = Deployment(live)
    place = registered(post)
    async with door(sparing(deployment, 3), post, deployment.facts.redis_url) as client:
        answers = await asyncio.gather(*(client.post(place, json=told(number)) for number in range(8)))
    refused = [each for each in answers if each.status_code == 429]
    assert [each.status_code for each in answers if each not in refused] == [200] * 3
    assert len(refused) == 5
    for each in refused:
        assert each.json() == {"error": "throttled"} and 0 < int(each.headers["retry-after"]) <= 3 * 3600


def _no_room(connection: Any, _: object) -> None:
    """SQLite says of the largest file what it says of a full disk (SQLITE_FULL)."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


async def say(port: int, *pieces: bytes) -> bytes:
    """What the port answers to these bytes, each piece in a packet of its own, until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for piece in pieces:
        writer.write(piece)
        await writer.drain()
        await asyncio.sleep(0.02)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


def written(place: str, body: bytes, *lines: bytes) -> bytes:
    length = b"Content-Length: %d" % len(body)
    head = b"\r\n".join((b"POST %b HTTP/1.1" % place.encode(), b"Host: ingest", *(lines or (length,))))
    return head + b"\r\n\r\n" + body


async def test_however_the_bytes_of_a_post_come_it_is_the_same_event(live: Live, post: Post) -> None:
    place, body = registered(post), orjson.dumps(told(1))
    whole = written(place, body)
    chunked = written(place, b"5\r\n%b\r\n%x\r\n%b\r\n0\r\n\r\n" % (body[:5], len(body) - 5, body[5:]), CHUNKED)
    assert POSTS.recognised(whole) is not None and POSTS.recognised(chunked) is None
    async with door(Deployment(live).settings, post, "redis://127.0.0.1:1") as client:
        port = client.base_url.port
        assert port is not None
        ways = ([whole], [whole[:-60], whole[-60:]], [whole[:20], whole[20:]], [chunked], [whole + whole])
        answers = [await say(port, *pieces) for pieces in ways]
    assert [each.count(b"HTTP/1.1 200 OK") for each in answers] == [1, 1, 1, 1, 2]
    assert [b'{"id":"evt_' in each for each in answers] == [True, False, False, False, False]
    with post.sql.session(read_only=True) as session:
        assert len(webhook_events.page(session, TENANT.id)) == 1


async def test_what_is_no_event_is_refused_in_one_way_and_nobody_is_told_where_it_went(live: Live, post: Post) -> None:
    place, lines = registered(post), BytesIO()
    large = b"Content-Length: %d" % (LARGEST + 1)
    grown = b"%x\r\n%b\r\n0\r\n\r\n" % (LARGEST + 1, b" " * (LARGEST + 1))
    logs.configure("info", lines)
    try:
        async with door(Deployment(live).settings, post, "redis://127.0.0.1:1") as client:
            port = client.base_url.port
            assert port is not None
            assert (await client.get(place)).status_code == 405
            assert (await client.get("/readyz")).json() == {"sql": "ok"}
            answers = [
                await say(port, written(place, b"", large)),
                await say(port, written(place, grown, CHUNKED)),
                await say(port, written(place, b"{}", b"Content-Length: 2", b"Content-Length: 3")),
                await say(port, written(place, b"{", b"Content-Length: 9")),
                await say(port, b"\x16\x03\x01" + place.encode()),
            ]
    finally:
        logs.configure()
    assert [(each[9:12], orjson.loads(each.partition(b"\r\n\r\n")[2])["error"]) for each in answers] == [
        *[(b"413", "too_large")] * 2,
        *[(b"400", "malformed")] * 1,
        *[(b"400", "gone")] * 1,
        *[(b"400", "malformed")] * 1,
    ]
    assert place[4:].encode() not in lines.getvalue()
