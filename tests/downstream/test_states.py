"""From every state a connection is closed within a known time after the last byte, whatever was read, answered or refused."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from adapters.core.calls import Answer
from gateway.downstream.connection import Connection, protocol
from gateway.downstream.direct import Turn
from gateway.downstream.states import FOLLOWS, Limits, State
from gateway.downstream.streaming import Streamed, stream
from gateway.process.worker import malformed
from tests.downstream.simulated import Clock, Wire

HOST = b"Host: api.example.com\r\n"
GET = b"GET /v1/x HTTP/1.1\r\n" + HOST + b"\r\n"
PAGE = b"GET /page HTTP/1.1\r\n" + HOST + b"\r\n"
OLD = b"GET /v1/stream HTTP/1.0\r\n" + HOST + b"\r\n"
STREAM = b"GET /v1/stream HTTP/1.1\r\n" + HOST + b"\r\n"
CLOSING = b"GET /v1/x HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
BIG = b"GET /v1/big HTTP/1.1\r\n" + HOST + b"\r\n"
EXPORT = b"GET /v1/export HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\nabc"
LENGTH = b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n"
HASTY = b"POST /v1/hasty HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n"
REFUSING = b"POST /v1/closing HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n"
CHUNKED = b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
PAGE_CHUNKED = b"POST /page HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
EXPECTING = b"POST /v1/x HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\nExpect: 100-continue\r\n\r\n"

LIMITS = Limits()
BODY = 15.0
"""Seconds that the application waits for a body, as `server.body_timeout` bounds it."""
LONGEST = BODY + LIMITS.idle + LIMITS.rest + LIMITS.stall + LIMITS.flush
"""Seconds after the last byte within which all is over: one state after the other, each to its end."""


async def page(scope: Any, receive: Any, send: Any) -> None:
    async with asyncio.timeout(BODY):
        while (await receive()).get("more_body"):
            pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def rows() -> AsyncIterator[bytes]:
    for _ in range(5):
        yield b"row"
        await asyncio.sleep(0)


async def nothing() -> None:
    pass


async def serve(turn: Turn) -> None:
    if turn.path == "/v1/stream":
        await turn.begin(200, b"", b"text/plain")
        for _ in range(4):
            await turn.piece(b"x" * 40_000)
        await turn.piece(b"", more=False)
        return
    if turn.path == "/v1/big":
        await turn.answer(200, b"", b"x" * 70_000, b"text/plain")
        return
    if turn.path == "/v1/export":
        exported = Streamed(Answer(200), rows(), nothing)
        exported.finished = lambda *_: None
        await stream(turn, exported, b"")
        return
    if turn.path in ("/v1/late", "/v1/later"):
        await asyncio.sleep(5.0)
    if turn.path in ("/v1/x", "/v1/later"):
        try:
            async with asyncio.timeout(BODY):
                while (await turn.receive()).get("more_body"):
                    pass
        except TimeoutError:
            await turn.answer(408, b"connection: close\r\n", b"late", b"text/plain")
            return
    await turn.answer(200, b"connection: close\r\n" if turn.path == "/v1/closing" else b"", b"ok", b"text/plain")


def begun(loop: Clock, limits: Limits = LIMITS) -> tuple[Connection, Wire]:
    """A connection on which nothing was said yet."""
    speaking = protocol(malformed("https://api.example.com/problems"), serve, limits=limits)
    config = uvicorn.Config(page, http=speaking, log_config=None, lifespan="off")
    config.load()
    wire, connection = Wire(loop), speaking(config, ServerState(), {}, loop)
    wire.protocol = connection
    connection.connection_made(wire)
    return connection, wire


def driven(steps: list[Any], *, unread: bool = False, limits: Limits = LIMITS) -> tuple[Connection, Wire, float]:
    """A connection after these steps (bytes that come, seconds that pass, None for the end of what comes) and silence since."""
    loop = Clock()

    async def drive() -> tuple[Connection, Wire, float]:
        connection, wire = begun(loop, limits)
        wire.unread = unread
        arriving: list[Any] = list(steps)
        while arriving and wire.lost is None:
            step = arriving.pop(0)
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            while wire.paused and wire.lost is None:  # noqa: ASYNC110 - the loop's time is not real
                await asyncio.sleep(0.1)
            if wire.closing:
                break
            if step is None:
                connection.eof_received()
                break
            connection.data_received(step)
            await asyncio.sleep(0)
        last = loop.time()
        await asyncio.sleep(LONGEST * 2)
        return connection, wire, last

    try:
        return loop.run_until_complete(drive())
    finally:
        loop.close()


def over(steps: list[Any], *, unread: bool = False, limits: Limits = LIMITS) -> tuple[Wire, float]:
    """The wire, and the seconds from the last byte to the end of the connection, which must come."""
    connection, wire, last = driven(steps, unread=unread, limits=limits)
    assert wire.lost is not None, connection.state.name
    assert connection.state is State.CLOSED
    assert not connection.server_state.connections and not connection.server_state.tasks
    return wire, wire.lost - last


STATES: Mapping[str, tuple[list[Any], float]] = {
    "nothing was said": ([], LIMITS.head),
    "empty lines": ([b"\r\n\r\n"], LIMITS.head),
    "a part of a head": ([b"GET / HT"], LIMITS.head),
    "a part of the next head": ([GET, 1.0, b"GET /v1"], LIMITS.head),
    "a head byte by byte": ([*(bytes([each]) for each in GET[:20])], LIMITS.head),
    "answered": ([GET], LIMITS.idle),
    "answered, then empty lines": ([GET, 60.0, b"\r\n"], LIMITS.idle - 60),
    "a page was answered": ([PAGE], LIMITS.idle),
    "answered for good": ([CLOSING], LIMITS.linger),
    "answered in HTTP/1.0": ([OLD], LIMITS.linger),
    "a body that does not come": ([LENGTH + b"abc"], BODY + LIMITS.linger),
    "a body for a page that does not come": ([PAGE_CHUNKED + b"2\r\nab"], BODY + LIMITS.linger),
    "a body that nobody waits for": ([HASTY + b"abc"], LIMITS.rest),
    "a body that was refused": ([REFUSING + b"abc"], LIMITS.linger),
    "no request": ([b"FOO\r\n\r\n"], LIMITS.linger),
    "no request behind one": ([GET, b"FOO\r\n\r\n"], LIMITS.linger),
    "no chunk": ([CHUNKED + b"ZZ\r\n"], LIMITS.linger),
    "no chunk, later": ([CHUNKED, b"ZZ\r\n"], LIMITS.linger),
    "no chunk behind one": ([CHUNKED + b"2\r\nab\r\n", 1.0, b"ZZ\r\n"], LIMITS.linger),
    "no chunk for a page": ([PAGE_CHUNKED, b"ZZ\r\n"], LIMITS.linger),
    "no chunk while nobody waits for it": ([CHUNKED.replace(b"/x", b"/late"), 1.0, b"ZZ\r\n"], 4.0 + LIMITS.linger),
    "no chunk in a body that nobody waits for": ([CHUNKED.replace(b"/x", b"/hasty"), 1.0, b"ZZ\r\n"], LIMITS.linger),
    "more than may wait": ([GET.replace(b"GET", b"PUT") * 300], LIMITS.linger),
    "a refused client that goes on": ([b"FOO\r\n\r\n", *[b"a", 0.5] * 100], LIMITS.linger),
    "the end": ([None], 0.0),
    "the end in a head": ([b"GET /v1", None], 0.0),
    "the end behind a request": ([GET, None], 0.0),
    "the end in a body": ([LENGTH + b"abc", None], 0.0),
    "the end while lingering": ([CLOSING, 0.1, None], 0.0),
}


@pytest.mark.parametrize(("steps", "seconds"), STATES.values(), ids=STATES)
def test_a_connection_ends_within_its_state_s_time(steps: list[Any], seconds: float) -> None:
    assert over(steps)[1] <= seconds + 0.2


def test_a_stream_that_begins_late_comes_whole_although_the_body_of_its_request_was_cut_off() -> None:
    loop = Clock()

    async def late() -> bytes:
        connection, wire = begun(loop)
        wire.unread = True
        connection.data_received(BIG + EXPORT)

        async def end() -> None:
            while wire.paused:  # noqa: ASYNC110 - the loop's time is not real
                await asyncio.sleep(0.1)
            connection.eof_received()

        ending = asyncio.create_task(end())
        await asyncio.sleep(5.0)
        wire.unread, wire.kept = False, 0
        connection.resume_writing()
        await ending
        await asyncio.sleep(LONGEST)
        return wire.written

    try:
        written = loop.run_until_complete(late())
    finally:
        loop.close()
    assert written.endswith(b"3\r\nrow\r\n" * 5 + b"0\r\n\r\n")


def test_a_server_that_stops_lets_an_answer_be_read_whose_request_is_still_coming() -> None:
    loop = Clock()

    async def stopping() -> tuple[State, State, float]:
        connection, wire = begun(loop)
        connection.data_received(HASTY + b"abc")
        await asyncio.sleep(1.0)
        before = connection.state
        connection.shutdown()
        after, stopped = connection.state, loop.time()
        await asyncio.sleep(LONGEST)
        assert wire.lost is not None
        return before, after, wire.lost - stopped

    try:
        before, after, seconds = loop.run_until_complete(stopping())
    finally:
        loop.close()
    assert (before, after) == (State.REST, State.LINGERING) and seconds <= LIMITS.linger + 0.2


def test_nobody_is_asked_for_a_body_that_cannot_come() -> None:
    wire, _ = over([EXPECTING.replace(b"/x", b"/later"), 1.0, None])
    assert wire.written.startswith(b"HTTP/1.1 200 ") and wire.written.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("steps", "seconds"), [([STREAM], LIMITS.stall), ([OLD], LIMITS.stall), ([GET * 50], LIMITS.idle)]
)
def test_a_client_that_reads_nothing_holds_a_connection_no_longer_than_one_that_says_nothing(
    steps: list[Any], seconds: float
) -> None:
    assert over(steps, unread=True)[1] <= seconds + LIMITS.flush + 0.2


def test_every_state_has_a_way_out_and_an_end() -> None:
    for state in State:
        ends, seen = [state], {state}
        for each in ends:
            fresh = FOLLOWS[each] - seen
            seen |= fresh
            ends += fresh
        assert State.CLOSED in seen, state.name
        # What is about to end never comes back.
        assert state < State.LINGERING or min(seen) >= state
    assert len(LIMITS.by_state()) == len(State)


def test_a_step_that_is_not_drawn_is_refused() -> None:
    connection, _, _ = driven([GET])
    with pytest.raises(RuntimeError, match="CLOSED cannot become IDLE"):
        connection.enter(State.IDLE)


_STEPS = st.one_of(
    st.sampled_from(
        [GET, PAGE, OLD, STREAM, CLOSING, LENGTH, HASTY, REFUSING, CHUNKED, PAGE_CHUNKED, EXPECTING, GET * 120, None]
    ),
    st.sampled_from([CHUNKED.replace(b"/x", b"/late"), EXPECTING.replace(b"/x", b"/later")]),
    st.sampled_from([b"2\r\nab\r\n", b"0\r\n\r\n", b"ZZ\r\n", b"abc", b"abcdef", b"\r\n", b"FOO\r\n\r\n", b"GET / H"]),
    st.builds(lambda whole, at: whole[:at], st.sampled_from([GET, LENGTH + b"abcdef", CHUNKED]), st.integers(1, 90)),
    st.floats(0.05, 20.0),
    st.binary(min_size=1, max_size=5),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_STEPS, max_size=8), st.booleans())
def test_whatever_comes_every_connection_ends(steps: list[Any], unread: bool) -> None:
    wire, seconds = over(steps, unread=unread)
    assert seconds <= LONGEST
    # However it ended, nothing but answers was said, and none behind one that was the last by its own words.
    assert wire.written == b"" or wire.written.startswith(b"HTTP/1.1 ")
    assert b"HTTP/1.1" not in wire.written.partition(b"connection: close")[2]
