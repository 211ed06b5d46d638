"""What is recognised as a plain request, the parser reads in the same way: whoever wrote it, nothing depends on which did."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from gateway.downstream.connection import protocol
from gateway.downstream.direct import Turn
from gateway.downstream.plain import API, MOST
from gateway.downstream.target import plain_path
from gateway.process.worker import malformed

HOST = b"Host: api.example.com\r\n"
PLAIN = b"GET /v1/contacts/con_1?limit=5&cursor=a%2Fb HTTP/1.1\r\n" + HOST + b"Authorization: Bearer gw_pat_x\r\n\r\n"
BODY = b"POST /v1/contacts HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}"


class Wire(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self.written = b""

    def write(self, data: Any) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return False

    def close(self) -> None: ...
    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None: ...
    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


async def parsed(data: bytes, *, fast_path: bool = False) -> tuple[list[tuple[Any, ...]], bytes]:
    """The requests that reach `serve` when the data comes, each with its body, and what was written to the client."""
    read: list[tuple[Any, ...]] = []

    async def serve(turn: Turn) -> None:
        # The whole message has been read before the task that answers it begins.
        body = turn.whole if turn.whole is not None else bytes(turn.body)
        read.append((turn.method, turn.path, turn.query, dict(turn.headers), turn.keep_alive, turn.more_body, body))
        await turn.answer(204, b"", b"", b"")

    async def pages(_scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError("a page was asked for")

    speaking = protocol(malformed("https://api.example.com/problems"), serve, fast_path=fast_path)
    config = uvicorn.Config(pages, http=speaking, log_config=None, lifespan="off")
    config.load()
    wire, connection = Wire(), speaking(config, ServerState(), {})
    connection.connection_made(wire)
    connection.data_received(data)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection.connection_lost(None)
    return read, wire.written


def agree(data: bytes) -> bool:
    """Whether the data is recognised; if so, the parser reads one request in it, and the same."""
    plain = API.recognised(data)
    if plain is None:
        return False
    expected = (plain.method, plain_path(plain.path), plain.query, plain.headers, True, False, plain.body)
    read, written = asyncio.run(parsed(data))
    assert read == [expected]
    assert written.startswith(b"HTTP/1.1 204 ")
    assert asyncio.run(parsed(data, fast_path=True)) == (read, written)
    return True


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        BODY,
        BODY.replace(b"{}", b'{"a"').replace(b": 2", b": 4"),
        BODY.replace(b"/v1/contacts", b"/mcp"),
        BODY.replace(b"/v1/contacts", b"/mcp/readonly"),
        b"DELETE /v1/contacts/con_1 HTTP/1.1\r\nhost:x\r\n\r\n",
        PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: Keep-Alive\r\nX-Odd: a\tb  c \xe9!\r\n\r\n"),
    ],
)
def test_a_plain_request_is_recognised(data: bytes) -> None:
    assert agree(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        PLAIN[:-1],
        PLAIN + b"G",
        PLAIN + PLAIN,
        BODY[:-1],
        BODY + b"}",
        BODY.replace(b": 2", b": +2"),
        BODY.replace(b": 2", b": 2, 2"),
        BODY.replace(b": 2", b": 0x2"),
        BODY.replace(b": 2", b": 2\r\nContent-Length: 2"),
        BODY.replace(b": 2", b": 2\r\nTransfer-Encoding: chunked"),
        BODY.replace(b"Content-Length: 2", b"Transfer-Encoding: chunked"),
        BODY.replace(b": 2", b": 2\r\nExpect: 100-continue"),
        BODY.replace(b"{}", b"\xd9\xa2").replace(b": 2", b": \xd9\xa2"),
        PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"),
        PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive, upgrade\r\nUpgrade: h2c\r\n\r\n"),
        PLAIN.replace(b"\r\n\r\n", b"\r\nProxy-Connection: close\r\n\r\n"),
        PLAIN.replace(HOST, b""),
        PLAIN.replace(HOST, HOST + HOST),
        PLAIN.replace(HOST, HOST + b"host: other.example.com\r\n"),
        PLAIN.replace(b"Bearer gw", b"Bearer\r\n gw"),
        PLAIN.replace(b"Bearer", b"Bea\x00rer"),
        PLAIN.replace(b"Bearer", b"Bea\x7frer"),
        PLAIN.replace(b"Bearer", b"Bea\nrer"),
        PLAIN.replace(b"Bearer", b"Bea\rrer"),
        PLAIN.replace(b"Authorization:", b"Authorization :"),
        PLAIN.replace(b"Authorization:", b": "),
        PLAIN.replace(b"\r\n", b"\n"),
        PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        PLAIN.replace(b"GET", b"get"),
        PLAIN.replace(b"GET", b"HEAD"),
        PLAIN.replace(b"GET /v1", b"GET http://api.example.com/v1"),
        PLAIN.replace(b"/v1/", b"/v2/"),
        PLAIN.replace(b"/con_1", b"/con_1#x"),
        PLAIN.replace(b"/con_1", b"/con 1"),
        PLAIN.replace(b"/con_1", b"/con_\xe9"),
        b"\r\n" + PLAIN,
        PLAIN.replace(b"/con_1", b"/" + b"a" * MOST),
        PLAIN.replace(HOST, HOST + b"X-Big: " + b"a" * MOST + b"\r\n"),
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    assert API.recognised(data) is None


# Near a plain request: its own pieces, those that parsers disagree about, and bytes put anywhere.
_LINES = st.sampled_from(
    [
        HOST,
        b"Content-Length: 2\r\n",
        b"content-length:2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: keep-alive\r\n",
        b"Connection: close\r\n",
        b"Authorization: Bearer x\r\n",
        b"X-Forwarded-For: 192.0.2.1\r\n",
        b"Upgrade: websocket\r\n",
        b"Proxy-Connection: keep-alive\r\n",
        b"Proxy-Connection: close\r\n",
        b"Accept:\r\n",
        b" folded\r\n",
        b"\r\n",
    ]
)
_REQUESTS = st.builds(
    lambda method, target, lines, body: b"%b %b HTTP/1.1\r\n%b%b\r\n%b" % (method, target, HOST, b"".join(lines), body),
    st.sampled_from([b"GET", b"POST", b"PATCH", b"DELETE", b"PUT"]),
    st.sampled_from([b"/v1/contacts", b"/v1/contacts/con_1?limit=1", b"/v1//", b"/v1/a%00b", b"/v1/..", b"/v1"]),
    st.lists(_LINES, max_size=4),
    st.sampled_from([b"", b"{}", b"{}{}"]),
)
_CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(0, 3), st.binary(max_size=3)), max_size=3)


@settings(max_examples=1500, deadline=None)
@given(_REQUESTS, _CHANGES)
def test_whatever_is_recognised_the_parser_reads_alike(data: bytes, changes: list[tuple[int, int, bytes]]) -> None:
    for at, gone, new in changes:
        data = data[:at] + new + data[at + gone :]
    agree(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET /v1/a HTTP/1.1\r\na: " + b"x " * 100_000,
        b"GET /v1" + b"/a" * 100_000,
        b"GET /v1/a HTTP/1.1\r\n" + b"a: b\r\n" * 40_000,
        b"GET /v1/a HTTP/1.1\r\n" + b"a" * 200_000,
    ],
)
def test_looking_at_adversarial_input_takes_no_time(data: bytes) -> None:
    begun = time.process_time()
    API.recognised(data)
    assert time.process_time() - begun < 0.05
