"""Whatever comes on a connection, what was done is told as done, what is refused was not done, and a body is never a request."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from typing import Any

import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from gateway.downstream.connection import protocol
from gateway.downstream.direct import Turn
from gateway.process.worker import malformed
from tests.downstream.simulated import Clock, Wire

HOST = b"Host: api.example.com\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
WHOLE = [b"\r\n", b"Content-Length: 5\r\n\r\nhello", CHUNKED + b"0\r\n\r\n"]
BROKEN = [CHUNKED + end for end in (b"zz\r\n", b"-1\r\n", b"0\r\n\r\x0b", b"0\r\nX Y: a\r\n\r\n")]
SHORT = [b"Content-Length: 50\r\n\r\nhello", CHUNKED]
BEHIND = b"DELETE /v1/without/0/99 HTTP/1.1\r\n" + HOST + b"\r\n"
BODY = 10.0


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: whether what is asked for is done with its body or without, and after how many seconds."""

    method: bytes
    place: bytes
    need: bytes
    seconds: float
    version: bytes
    more: bytes
    framed: bytes

    def written(self, number: int) -> bytes:
        path = b"/%b/%b/%r/%d" % (self.place, self.need, self.seconds, number)
        return b"%b %b HTTP/%b\r\n%b%b%b" % (self.method, path, self.version, HOST, self.more, self.framed)


def requests(framed: list[bytes]) -> st.SearchStrategy[Asked]:
    return st.builds(
        Asked,
        st.sampled_from([b"DELETE", b"GET", b"HEAD", b"POST"]),
        st.sampled_from([b"v1", b"page"]),
        st.sampled_from([b"with", b"without"]),
        st.sampled_from([0.0, 0.5, 3.0]),
        st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0"]),
        st.sampled_from([b"", b"", b"Expect: 100-continue\r\n"]),
        st.sampled_from(framed),
    )


class Doing:
    """Remembers what was done, by the number of the request. What is cut off is not done."""

    def __init__(self) -> None:
        self.done: set[int] = set()

    async def status(self, path: str, receive: Any) -> int:
        _, _, need, seconds, number = path.split("/")
        await asyncio.sleep(float(seconds))
        try:
            async with asyncio.timeout(BODY):
                more = need == "with"
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return 422
                    more = message["more_body"]
        except TimeoutError:
            return 408
        self.done.add(int(number))
        return 200

    async def serve(self, turn: Turn) -> None:
        await turn.answer(await self.status(turn.path, turn.receive), b"", b"ok", b"text/plain")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        status = await self.status(scope["path"], receive)
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})


def told(written: bytes, asked: list[Asked]) -> list[int]:
    """The statuses of the answers, of which nothing may follow one that is the last by its own words."""
    found: list[int] = []
    while written:
        head, _, written = written.partition(b"\r\n\r\n")
        request, status = asked[len(found)], int(head[9:12])
        if status == 100:
            assert request.more and request.version == b"1.1"
            continue
        length = re.search(rb"content-length: (\d+)", head)
        if length is not None and request.method != b"HEAD":
            written = written[int(length[1]) :]
        found.append(status)
        assert not (b"connection: close" in head and written)
    return found


@settings(max_examples=300, deadline=None)
@given(
    st.lists(requests(WHOLE), max_size=4),
    requests(WHOLE + BROKEN * 2 + SHORT),
    st.lists(st.tuples(st.integers(1, 600), st.sampled_from([0.0, 0.2, 2.0])), max_size=5),
    st.booleans(),
)
def test_what_is_told_as_done_was_done_and_what_is_refused_was_not(
    before: list[Asked], last: Asked, cuts: list[tuple[int, float]], ends: bool
) -> None:
    asked, doing, loop = [*before, last], Doing(), Clock()
    sent = b"".join(each.written(number) for number, each in enumerate(asked)) + BEHIND * (last.framed in BROKEN)
    places = sorted({at: pause for at, pause in cuts if at < len(sent)}.items())
    pieces = [sent[at:to] for at, to in zip([0, *dict(places)], [*dict(places), len(sent)], strict=True)]

    async def drive() -> Wire:
        speaking = protocol(malformed("https://api.example.com/problems"), doing.serve)
        config = uvicorn.Config(doing, http=speaking, log_config=None, lifespan="off")
        config.load()
        wire, connection = Wire(loop), speaking(config, ServerState(), {}, loop)
        wire.protocol = connection
        connection.connection_made(wire)
        for piece, pause in zip(pieces, [*dict(places).values(), 0.0], strict=True):
            while wire.paused and wire.lost is None:  # noqa: ASYNC110 - the loop's time is not real
                await asyncio.sleep(0.1)
            if not wire.closing:
                connection.data_received(piece)
                await asyncio.sleep(pause)
        if ends and not (wire.paused or wire.closing):
            connection.eof_received()
        await asyncio.sleep(1000.0)
        assert wire.lost is not None and not connection.server_state.tasks
        return wire

    try:
        statuses = told(loop.run_until_complete(drive()).written, asked)
    finally:
        loop.close()
    assert {number for number, status in enumerate(statuses) if status == 200} == doing.done
