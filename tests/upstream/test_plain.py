"""The law of the shortcut: with it and without it every answer comes to the same."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.upstream import Response
from gateway.upstream import connection as module
from gateway.upstream.connection import Connection
from gateway.upstream.framing import HEAD_LIMIT
from gateway.upstream.plain import recognised
from tests.upstream.corpus import BYTES, CHUNKED, CORPUS, HEAD, LENGTH, PLAIN
from tests.upstream.service import OK


class Wire(asyncio.Transport):
    """Takes everything and sends nothing."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self if name == "socket" else default

    def fileno(self) -> int:
        return 0

    def write(self, data: object) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        pass


class Fate:
    """connection.Owner"""

    def __init__(self) -> None:
        self.told: list[str] = []

    def released(self, connection: Connection) -> None:
        self.told.append("reused")

    def lost(self, connection: Connection) -> None:
        self.told.append("lost")


Exchanges = list[list[bytes]]
Outcome = list[object]
Compare = Callable[..., Outcome]


@pytest.fixture(scope="module")
def compare() -> Iterator[Compare]:
    """Asserts that both ways lead to the same, and returns what that is."""
    loop = asyncio.new_event_loop()

    def outcome(exchanges: Exchanges, limit: int, *, end: bool) -> Outcome:
        fate = Fate()
        connection = Connection(fate, loop, limit)
        connection.connection_made(Wire())
        seen: Outcome = []
        for reads in exchanges:
            answer = connection.start(b"GET / HTTP/1.1\r\n\r\n", math.inf, bodyless=False)
            for read in reads:
                connection.data_received(read)
                seen.append((answer.done(), list(fate.told)))
                if not connection.busy:
                    break
            if end and connection.busy:
                connection.eof_received()
            seen.append(_said(answer))
            if connection.busy or connection.closed:
                break
        return seen

    def both(exchanges: Exchanges, limit: int = 1 << 20, *, end: bool = True) -> Outcome:
        vars(module)["recognised"] = lambda data: None
        try:
            parsed = outcome(exchanges, limit, end=end)
        finally:
            vars(module)["recognised"] = recognised
        assert outcome(exchanges, limit, end=end) == parsed
        return parsed

    yield both
    loop.close()


def _said(answer: "asyncio.Future[Response]") -> object:
    if not answer.done():
        return "nothing"
    error = answer.exception()
    if error is not None:
        return type(error), str(error), error.sent  # type: ignore[attr-defined]
    response = answer.result()
    return response.status, response.headers, response.body, response.header(b"content-length")


@pytest.mark.parametrize("wire", PLAIN)
def test_what_services_usually_answer_is_recognised(wire: bytes) -> None:
    found = recognised(wire)
    assert found is not None
    status, head, length = found
    assert wire[head - 4 : head] == b"\r\n\r\n"
    assert (b" %d " % status in wire[:13]) and length == len(wire) - head


@pytest.mark.parametrize("wire", PLAIN)
def test_what_is_recognised_is_not_parsed_however_its_body_comes(compare: Compare, wire: bytes) -> None:
    head = wire.index(b"\r\n\r\n") + 4
    with mock.patch.object(module, "Parsing", side_effect=AssertionError):
        connection = Connection(Fate(), asyncio.new_event_loop(), 2)
        connection.connection_made(Wire())
        for reads in ([wire], [wire[:head], *(wire[at : at + 1] for at in range(head, len(wire)))]):
            answer = connection.start(b"GET / HTTP/1.1\r\n\r\n", math.inf, bodyless=False)
            for read in reads:
                connection.data_received(read)
            assert answer.result().body == wire[head:]


def test_the_corpus_comes_to_the_same_in_one_read_and_leaves_the_connection_in_the_same_state(compare: Compare) -> None:
    for wire in CORPUS + BYTES:
        for end in (False, True):
            compare([[wire], [CHUNKED], [OK], [CHUNKED]], end=end)
            compare([[OK], [wire], [OK]], end=end)
            compare([[CHUNKED], [wire], [CHUNKED]], end=end)


def test_the_corpus_comes_to_the_same_wherever_it_is_split(compare: Compare) -> None:
    for wire in CORPUS:
        if len(wire) <= 300:
            for at in range(1, len(wire)):
                compare([[wire[:at], wire[at:]], [OK]], end=False)
            compare([[wire[at : at + 1] for at in range(len(wire))], [OK]])


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_the_limit_of_bodies_is_the_same(compare: Compare, limit: int) -> None:
    for wire in (
        *PLAIN,
        OK[:-1],
        OK + b"x",
        HEAD + b"Content-Length: 3\r\n\r\nok",
        HEAD + b"Content-Length: 000\r\n\r\n",
    ):
        for at in range(len(wire)):
            compare([[wire[:at], wire[at:]] if at else [wire], [OK]], limit)


@pytest.mark.parametrize("line", [b"X: ", b"Content-Length: 2\r\nX: "])
@pytest.mark.parametrize("size", [HEAD_LIMIT - 100, HEAD_LIMIT, HEAD_LIMIT + 1, 2 * HEAD_LIMIT])
def test_the_limit_of_heads_is_the_same(compare: Compare, line: bytes, size: int) -> None:
    for total in range(size - 2, size + 3):
        rest = b"\r\nContent-Length: 2\r\n\r\nok" if line == b"X: " else b"\r\n\r\nok"
        wire = HEAD + line + b"a" * (total - len(HEAD) - len(line) - len(rest)) + rest
        compare([[wire], [OK]])
        compare([[wire[:-1], b"k"], [OK]])
        compare([[wire + b"x"]])


def test_any_byte_anywhere_comes_to_the_same(compare: Compare) -> None:
    wire = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\nX: b \r\n\r\nok"
    outcomes = set()
    for at in range(len(wire)):
        compare([[wire[:at] + wire[at + 1 :]], [OK]])
        for code in range(256):
            byte = bytes((code,))
            for cut in (at, at + 1):
                outcomes.add(repr(compare([[wire[:at] + byte + wire[cut:]], [CHUNKED]], end=False)))
    assert len(outcomes) > 1000


@pytest.mark.parametrize(
    "piece",
    [b"a", b"C", b"X: a\r\n", b"C:\r\n", b"Connection: keep-alive\r\n", b"Content-Length: 2\r\n", b"Content-Lengt:\r\n", b":", b"\t", b"9"],
)  # fmt: skip
@pytest.mark.parametrize("start", [b"HTTP/1.1 200 ", HEAD, HEAD + LENGTH, HEAD + b"X: ", HEAD + b"Content-Length: "])
def test_no_head_takes_long_to_look_at(start: bytes, piece: bytes) -> None:
    data = start + piece * (100_000 // len(piece))
    began = time.process_time()
    recognised(data)
    assert time.process_time() - began < 0.05


NAMES = st.sampled_from(
    [
        b"Content-Length",
        b"Connection",
        b"Transfer-Encoding",
        b"Upgrade",
        b"X-A",
        b"Date",
        b"Proxy-Connection",
        b"T",
        b"C",
    ]
)
VALUES = st.sampled_from(
    [
        b"2",
        b"0",
        b"7",
        b"02",
        b"keep-alive",
        b"Keep-Alive",
        b"close",
        b"chunked",
        b"a b",
        b"",
        b"\xe4",
        b"a\tb",
        b"\x00",
        b"a\rb",
        b"a\nb",
        b"2, 2",
    ]
)
SPACES = st.sampled_from([b"", b"", b" ", b" ", b" ", b"\t", b"  ", b" \t "])
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"\r\n ", b"\r\n\t", b"\r\r\n", b""])


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    name = draw(NAMES)
    name = draw(st.sampled_from([name, name, name.lower(), name.upper(), name.swapcase(), name + b" ", b" " + name]))
    return name + b":" + draw(SPACES) + draw(VALUES) + draw(SPACES) + draw(ENDS)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    status = draw(
        st.sampled_from(
            [
                b"200 OK",
                b"200 OK",
                b"404 ",
                b"500 A\tB",
                b"204 No",
                b"304 Not",
                b"103 Early",
                b"2000 OK",
                b"200",
                b"600 X",
            ]
        )
    )
    start = (
        draw(st.sampled_from([b"HTTP/1.1 "] * 5 + [b"HTTP/1.0 ", b"http/1.1 ", b"\r\nHTTP/1.1 "])) + status + draw(ENDS)
    )
    fields = draw(st.lists(lines(), max_size=5))
    fields.insert(
        draw(st.integers(0, len(fields))), draw(st.sampled_from([LENGTH, LENGTH, b"content-length:2\r\n", b""]))
    )
    body = draw(st.sampled_from([b"ok", b"ok", b"o", b"okay", b"ok\r\n", b"", b"1\r\na\r\n0\r\n\r\n", b"ok" + OK]))
    wire = start + b"".join(fields) + b"\r\n" + body
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(wire)))
        wire = wire[:at] + draw(st.binary(max_size=2)) + wire[at + draw(st.integers(0, 2)) :]
    return wire


@settings(max_examples=1500, deadline=None)
@given(
    wire=answers(),
    cuts=st.lists(st.integers(1, 200), max_size=3),
    limit=st.sampled_from([1, 2, 1 << 20]),
    end=st.booleans(),
)
def test_made_up_answers_come_to_the_same(
    compare: Compare, wire: bytes, cuts: list[int], limit: int, end: bool
) -> None:
    places = [0, *sorted({cut for cut in cuts if cut < len(wire)}), len(wire)]
    reads = [wire[at:to] for at, to in pairwise(places)]
    compare([reads, [CHUNKED], [wire], [OK]], limit, end=end)
