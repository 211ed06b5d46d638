"""Answers that are sent while they are made, as their connection sees them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.core.calls import Answer
from gateway.downstream.direct import Turn
from gateway.downstream.states import Limits
from gateway.downstream.streaming import ClientLeft, ClientSlow, Streamed, stream
from tests.downstream.test_turns import HOST, App, on_uvloop, serving


class Exporting(App):
    """Streams five rows at `/v1/export`."""

    failure: Exception | None = None
    rows = 0

    async def serve(self, turn: Turn) -> None:
        if turn.path != "/v1/export":
            await super().serve(turn)
            return
        exported = Streamed(Answer(200), self.pieces(), self.close)
        exported.finished = self.finished
        await stream(turn, exported, b"")

    async def pieces(self) -> AsyncIterator[bytes]:
        for self.rows in range(1, 6):
            yield b"row"

    async def close(self) -> None:
        pass

    def finished(self, _: int, failure: Exception | None) -> None:
        self.failure = failure


def test_whoever_asks_for_the_head_of_a_stream_makes_nobody_work_for_the_rest() -> None:
    app = Exporting()

    async def asking() -> None:
        async with serving(app) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for target in (b"export", b"x"):
                writer.write(b"HEAD /v1/%b HTTP/1.1\r\n%b\r\n" % (target, HOST))
                assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
            writer.close()

    on_uvloop(asking())
    assert app.failure is None and app.rows == 1


class Endless:
    """Answers without an end; `ended` becomes why it ended."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    async def serve(self, turn: Turn) -> None:
        async def pieces() -> AsyncIterator[bytes]:
            while True:
                yield bytes(65_536)

        async def close() -> None:
            return

        answer = Streamed(Answer(200), pieces(), close)
        answer.finished = lambda _, failure: self.ended.set_result(failure)
        await stream(turn, answer, b"")


@pytest.mark.parametrize(("leaves", "why"), [(True, ClientLeft), (False, ClientSlow)])
def test_who_leaves_is_told_from_who_is_cut_off_for_not_reading(leaves: bool, why: type[Exception]) -> None:
    async def asking() -> Exception | None:
        app = Endless()
        async with serving(app, Limits(stall=0.3)) as (_, port):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"GET /v1/export HTTP/1.1\r\n%b\r\n" % HOST)
            await reader.readexactly(12)
            if leaves:
                writer.transport.abort()
            ended = await asyncio.wait_for(app.ended, 10)
            writer.close()
        return ended

    found: list[Exception | None] = []

    async def work() -> None:
        found.append(await asking())

    on_uvloop(work())
    assert [type(each) for each in found] == [why]
