"""What a warm request may cost, in counts: never in time, which depends on who else uses the machine."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tracemalloc
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import httptools
import pytest
import redis
import uvicorn
from uvicorn.server import ServerState

from gateway.app import App, create
from gateway.config import Runtime, load
from gateway.downstream.connection import protocol
from gateway.observe import trace, tracing
from gateway.process.worker import malformed
from tests.live import NEWEST, OLDEST, Live
from tests.stores.records import statements

WARM = 20


class Inside:
    """The live deployment's application once more, in this process, where its work can be counted."""

    def __init__(self, app: App, live: Live, contact: str) -> None:
        self.app = app
        self.live = live
        self.contact = contact
        self.wire = Wire(app)

    async def single(self, version: str = NEWEST) -> dict[str, Any]:
        return await self.ask("GET", f"/v1/contacts/{self.contact}", b"", version)

    async def page(self, version: str = NEWEST) -> dict[str, Any]:
        return await self.ask("POST", "/v1/contacts/search", b'{"limit":50}', version)

    async def ask(self, method: str, path: str, body: bytes, version: str) -> dict[str, Any]:
        """One request, as the event loop would hand it to a connection that is kept alive."""
        token = self.live.a.tokens["owner"]
        head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nVersion: {version}\r\n"
        if body:
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        answer = await self.wire.say(f"{head}\r\n".encode() + body)
        told, _, content = answer.partition(b"\r\n\r\n")
        assert told.startswith(b"HTTP/1.1 200 "), answer
        answered: dict[str, Any] = json.loads(content)
        return answered


class Wire(asyncio.Transport):
    """A connection of the worker's protocol to a client in this process."""

    def __init__(self, app: App) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        speaking = protocol(malformed("https://api.example.com/problems"), app.serve)
        config = uvicorn.Config(app, http=speaking, log_config=None, lifespan="off")
        config.load()
        self._protocol = speaking(config, ServerState(), {})
        self._protocol.connection_made(self)
        self._answered: asyncio.Future[bytes] | None = None

    async def say(self, data: bytes) -> bytes:
        self._answered = asyncio.get_running_loop().create_future()
        self._protocol.data_received(data)
        return await self._answered

    def write(self, data: Any) -> None:
        assert self._answered is not None
        self._answered.set_result(data)

    def is_closing(self) -> bool:
        return False

    def hang_up(self) -> None:
        self._protocol.connection_lost(None)

    def close(self) -> None:
        pass


@pytest.fixture
async def inside(live: Live) -> AsyncIterator[Inside]:
    async with warm(live) as counted:
        yield counted


@asynccontextmanager
async def warm(live: Live) -> AsyncIterator[Inside]:
    facts = live.served.facts()
    # What a gateway leaves to others of itself holds no key that the configuration has.
    facts["service_keys"] = {"auth": (live.served.home / "auth-key").read_text()}
    runtime = Runtime.from_json(json.dumps(facts))
    app = create(load(live.served.home / "config.yaml", {}, {"server": {"data_dir": str(runtime.data_dir)}}), runtime)
    await app.start()
    made = live.call("POST", "/v1/contacts", {"first_name": "Ada"}).json()["data"]["id"]
    counted = Inside(app, live, made)
    for _ in range(WARM):
        await counted.single()
        await counted.page()
    yield counted
    counted.wire.hang_up()
    await app.aclose()


def commands(live: Live) -> dict[str, int]:
    """How often the store has run each command so far, those of this question left out."""
    url = live.served.facts()["redis_url"]
    with redis.Redis(unix_socket_path=url.removeprefix("unix://")) as store:
        told: dict[str, dict[str, int]] = store.info("commandstats")
    own = {"cmdstat_info", "cmdstat_client|setinfo", "cmdstat_hello", "cmdstat_ping"}
    inner = {"cmdstat_time", "cmdstat_mget", "cmdstat_set"}  # what the script itself calls
    return {name: each["calls"] for name, each in told.items() if name not in own | inner}


@pytest.mark.parametrize("version", [NEWEST, OLDEST])
async def test_a_warm_request_costs_one_question_to_the_store_and_one_to_the_service_and_no_sql(
    inside: Inside, version: str
) -> None:
    for ask in (inside.single, inside.page):
        before, called = commands(inside.live), inside.live.counted()
        with statements() as sql:
            for _ in range(10):
                await ask(version)
        after = commands(inside.live)
        changed = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
        assert changed == {"cmdstat_evalsha": 10}
        assert inside.live.counted() - called == 10
        assert sql == []


async def test_a_warm_request_leaves_no_task_no_timer_and_no_memory_behind(inside: Inside) -> None:
    async def many(count: int) -> None:
        for _ in range(count):
            await inside.single()
            await inside.page()

    await many(50)
    left: list[int] = []
    # What the worker does by itself every few seconds, on a slow machine while these are answered, leaves something once.
    while len(left) < 3 and min(left, default=400) >= 400:
        gc.collect()
        tasks, blocks = len(asyncio.all_tasks()), sys.getallocatedblocks()
        await many(200)
        gc.collect()
        assert len(asyncio.all_tasks()) == tasks
        left.append(sys.getallocatedblocks() - blocks)
    assert min(left) < 400  # one block a request would be 400


async def test_what_a_request_allocates_at_once_is_bounded(inside: Inside) -> None:
    """262 kB of it are what asyncio's own loop sets aside for each read."""
    found = {}
    for name, ask in (("single", inside.single), ("page", inside.page)):
        tracemalloc.start()
        await ask()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        await ask()
        found[name] = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert found["single"] < 400_000
    assert found["page"] < 900_000


async def test_the_number_of_calls_a_request_makes_is_bounded(inside: Inside) -> None:
    """Python and C functions together, those of asyncio's own loop too, which are half of a single.

    A page costs a few calls for each of its records, and an old contract hardly more.
    """
    found = {}
    for version in (NEWEST, OLDEST):
        for name, ask in (("single", inside.single), ("page", inside.page)):
            calls = 0

            def count(_frame: object, kind: str, _argument: object) -> None:
                nonlocal calls
                calls += kind in ("call", "c_call")

            sys.setprofile(count)
            try:
                for _ in range(WARM):
                    await ask(version)
            finally:
                sys.setprofile(None)
            found[name, version] = calls / WARM
    assert found["single", NEWEST] < 500
    assert found["page", NEWEST] < 1000
    assert found["page", OLDEST] < found["page", NEWEST] * 1.3


async def functions(inside: Inside) -> Counter[tuple[str, str]]:
    """What WARM singles call in Python, by file and name; what was compiled at the start is in no file."""
    found = Counter[tuple[str, str]]()

    def count(frame: FrameType, kind: str, _argument: object) -> None:
        if kind == "call":
            file = frame.f_code.co_filename
            found["" if file.startswith("<") else file, frame.f_code.co_name] += 1

    sys.setprofile(count)
    try:
        for _ in range(WARM):
            await inside.single()
    finally:
        sys.setprofile(None)
    return found


async def test_a_request_that_is_not_recorded_makes_one_call_more_than_with_tracing_off_and_none_of_tracing(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with warm(live) as inside:
        off = await functions(inside)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    tracing.install("gateway", 0.0)
    try:
        async with warm(live) as inside:
            on = await functions(inside)
            monkeypatch.setattr(trace.recorded, "bound", "g")
            recorded = await functions(inside)
    finally:
        tracing.close()

    def in_each(more: Counter[tuple[str, str]], less: Counter[tuple[str, str]]) -> set[str]:
        # Where requests pass: elsewhere are timers, too.
        return {name for (file, name), count in (more - less).items() if count >= WARM and "/gateway/api/" in file}

    def of_tracing(called: Counter[tuple[str, str]]) -> set[str]:
        ours = ("tracing.py", "spans.py", "exemplars.py")
        names = {name for file, name in called if "opentelemetry" in file or Path(file).name in ours}
        return names | {name for file, name in called if Path(file).name == "trace.py" and name == "enter"}

    assert (in_each(on, off), in_each(off, on)) == ({"either"}, set())
    assert of_tracing(off) == of_tracing(on) == set()
    assert of_tracing(recorded) >= {"enter", "end", "note", "on_end"}
    assert recorded.total() - on.total() < 40 * WARM


def test_the_parser_is_the_compiled_one() -> None:
    """An interpreted parser would halve what a worker can do, and nothing else would tell."""
    assert httptools.HttpRequestParser.__module__ == "httptools.parser.parser"
