"""What happens around an answer: clients that read slowly, leave or go on talking, servers that stop, code that breaks."""

from __future__ import annotations

import asyncio
import gc
import json
import socket
import struct
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn
import uvloop

from gateway.downstream.connection import Connection, protocol
from gateway.downstream.direct import Turn
from gateway.downstream.states import Limits
from gateway.process.worker import malformed

HOST = b"Host: api.example.com\r\n"
LARGE = b"x" * 300_000
asked: list[weakref.ref[Turn]] = []
made: list[weakref.ref[Connection]] = []


class App:
    """Answers `LARGE` whatever is asked, `/v1/hang` never."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"%d" % len(LARGE))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": LARGE})

    async def serve(self, turn: Turn) -> None:
        if turn.path == "/v1/hang":
            await asyncio.Event().wait()
        asked.append(weakref.ref(turn))
        while (await turn.receive()).get("more_body"):
            pass
        await turn.answer(200, b"", LARGE if turn.method == "GET" else b"ok", b"text/plain")


@asynccontextmanager
async def serving(app: Any, limits: Limits | None = None) -> AsyncIterator[tuple[uvicorn.Server, int]]:
    class Watched(protocol(malformed("https://api.example.com/problems"), app.serve, limits=limits)):  # type: ignore[misc]
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(weakref.ref(self))

    config = uvicorn.Config(app, port=0, http=Watched, lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag and no event
        await asyncio.sleep(0.005)
    try:
        yield server, server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


def on_uvloop(work: Any) -> None:
    """On the loop that workers run on: it refuses what asyncio's lets pass."""
    uvloop.run(asyncio.wait_for(work, 30))


@pytest.mark.parametrize("targets", [[b"/page"], [b"/v1/x"], [b"/page", b"/v1/x"]])
def test_a_client_that_reads_late_gets_every_answer(targets: list[bytes]) -> None:
    async def late() -> None:
        async with serving(App()) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**16)
            for nth in range(40):
                writer.write(b"GET %b HTTP/1.1\r\n%b\r\n" % (targets[nth % len(targets)], HOST))
            await asyncio.sleep(0.3)
            for _ in range(40):
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
                assert await reader.readexactly(len(LARGE)) == LARGE
            writer.close()

    on_uvloop(late())


def test_neither_an_idle_connection_nor_a_closed_one_keeps_what_was_sent() -> None:
    async def several() -> None:
        async with serving(App()) as (_, port):
            made.clear()
            asked.clear()
            body = b"b" * 60_000
            for _ in range(20):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"POST /v1/x HTTP/1.1\r\n%bContent-Length: %d\r\n\r\n%b" % (HOST, len(body), body))
                assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 ")
                await asyncio.sleep(0)
                connection = made[-1]()
                assert connection is not None
                assert (connection._running, connection._reading, len(connection._waiting)) == (None, None, 0)
                del connection
                await asyncio.sleep(0)
                assert [each() for each in asked] == [None] * len(asked)
                writer.close()
                await writer.wait_closed()
            await asyncio.sleep(0.05)
            assert [each() for each in made] == [None] * 20

    gc.disable()
    try:
        on_uvloop(several())
    finally:
        gc.enable()


def test_a_client_in_the_midst_of_a_malformed_body_can_read_why_it_is_refused() -> None:
    async def talking() -> None:
        async with serving(App()) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
            await asyncio.sleep(0.05)
            writer.write(b"zz\r\n")
            for _ in range(20):
                with suppress(ConnectionError):
                    writer.write(b"a" * 1000)
                await asyncio.sleep(0.01)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
            writer.close()

    on_uvloop(talking())


def test_a_client_that_pipelines_and_leaves_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    async def leaving() -> None:
        async with serving(App()) as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/x HTTP/1.1\r\n%b\r\n" % HOST * 2)
            writer.transport.abort()
            await asyncio.sleep(0.2)

    on_uvloop(leaving())
    assert [record for record in caplog.records if record.levelname == "ERROR" and record.exc_info] == []


def test_a_client_that_leaves_with_more_requests_waiting_ends_the_one_under_way() -> None:
    class Waiting(App):
        told: Any = None

        async def serve(self, turn: Turn) -> None:
            await turn.receive()
            self.told = await turn.receive()

    app = Waiting()

    async def leaving() -> None:
        async with serving(app) as (_, port):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/x HTTP/1.1\r\n%b\r\n" % HOST * 3)
            await asyncio.sleep(0.1)
            # Reset: a client that only says no more still wants its answers.
            line = writer.get_extra_info("socket")
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            await asyncio.sleep(0.2)

    on_uvloop(leaving())
    assert app.told == {"type": "http.disconnect"}


def test_a_head_that_waits_to_be_read_is_not_late() -> None:
    class Slow(App):
        async def serve(self, turn: Turn) -> None:
            await asyncio.sleep(0.1 if turn.path == "/v1/a" else 0.6)
            await turn.answer(200, b"", b"ok", b"text/plain")

    async def pipelining() -> None:
        async with serving(Slow(), Limits(head=0.2)) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/a HTTP/1.1\r\n%b\r\nGET /v1/b HTTP/1.1\r\n%b\r\nGET /v1/a HT" % (HOST, HOST))
            await asyncio.sleep(0.05)
            writer.write(b"TP/1.1\r\n%b\r\n" % HOST)
            for _ in range(3):
                assert (await reader.readuntil(b"\r\n\r\nok")).startswith(b"HTTP/1.1 200 ")
            writer.close()

    on_uvloop(pipelining())


@pytest.mark.parametrize("target", [b"/page", b"/v1/x"])
def test_of_many_pipelined_requests_a_hundred_wait_and_what_is_answered_is_answered_in_order(target: bytes) -> None:
    class Counting(App):
        most = 0

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            self.count()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
            await send({"type": "http.response.body", "body": b"ok"})

        async def serve(self, turn: Turn) -> None:
            self.count()
            await turn.answer(200, b"", b"ok", b"text/plain")

        def count(self) -> None:
            connection = made[-1]()
            assert connection is not None
            self.most = max(self.most, len(connection._waiting))

    app = Counting()

    async def flooding() -> None:
        async with serving(app) as (_, port):
            made.clear()
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET %b HTTP/1.1\r\n%b\r\n" % (target, HOST) * 5000)
            answers = await reader.read(-1)
            writer.close()
        assert answers.count(b"HTTP/1.1 200 ") == answers.count(b"ok") == app.most + 1
        assert answers.count(b"connection: close") == 1

    on_uvloop(flooding())
    assert 90 <= app.most <= 100


def test_what_breaks_outside_of_the_stages_is_a_problem_document(inside_dispatch: Any) -> None:
    status, head, document = inside_dispatch("breaks")
    assert (status, document["code"], document["status"]) == (500, "internal_error", 500)
    assert b"connection: close" in head
    assert b"vary: Authorization, Version\r\ncache-control: no-store\r\nx-request-id: req_" in head


def test_a_request_that_the_end_of_the_grace_cuts_off_is_told(inside_dispatch: Any) -> None:
    status, head, document = inside_dispatch("hangs")
    assert (status, document["code"], document["instance"]) == (503, "shutting_down", "/v1/me")
    assert b"connection: close" in head


@pytest.fixture
def inside_dispatch(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A real dispatch of which every operation breaks, or hangs until the server stops; what the client is told."""
    from gateway.api import dispatch
    from gateway.api.dependencies import Dependencies
    from gateway.brands import Brands
    from gateway.config.settings import Settings
    from gateway.deployment import built_in

    def ask(way: str) -> tuple[int, bytes, Any]:
        async def breaks(_: Any) -> Any:
            raise RuntimeError("a fault of ours")

        async def hangs(_: Any) -> Any:
            await asyncio.Event().wait()

        monkeypatch.setattr(dispatch, "unserved", lambda *_: {"breaks": breaks, "hangs": hangs}[way])
        settings = Settings()
        absent: Any = dict.fromkeys(
            (
                "callers",
                "limiter",
                "strangers",
                "identities",
                "permissions",
                "cursors",
                "keyring",
                "replays",
                "internal",
            )
        )
        services = Dependencies(settings=settings, catalogue=built_in(), **absent)
        serve = dispatch.Dispatch([], services, Brands(settings.brands, 80), None, {})
        told: list[bytes] = []

        async def asked() -> None:
            app = App()
            app.serve = serve  # type: ignore[method-assign]
            async with serving(app) as (server, port):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(b"GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                await asyncio.sleep(0.05)
                if way == "hangs":
                    server.should_exit = True
                told.append(await reader.read())
                writer.close()

        on_uvloop(asked())
        head, _, body = told[0].partition(b"\r\n\r\n")
        return int(head.split()[1]), head, json.loads(body)

    return ask
