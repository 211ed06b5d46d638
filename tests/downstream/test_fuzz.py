"""The standing fuzz target over parser, fast path and framing. Its law: read alike, or refused.

However the bytes of a connection are cut into pieces, and whether the fast path looks at them or not, the same requests
come of them; and a third reader that was written by others (h11) finds the same in what is served, or refuses it.
`make test` tries a few hundred connections, `make fuzz` as many as it is given (FUZZ_EXAMPLES).
"""

from __future__ import annotations

import asyncio
import os
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import h11
import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from gateway.downstream.connection import protocol
from gateway.downstream.direct import Turn
from gateway.downstream.target import plain_path
from gateway.process.worker import malformed
from tests.downstream.simulated import Clock, Wire

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "200"))


class Heard(NamedTuple):
    """A request as the application had it. Headers of one name are joined, as they mean the same (RFC 9110 § 5.3)."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes


def joined(headers: Any) -> dict[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        values[bytes(name)] = values[bytes(name)] + b", " + bytes(value) if bytes(name) in values else bytes(value)
    return values


def ours(pieces: list[bytes], *, fast_path: bool) -> tuple[list[Heard], list[bytes]]:
    """What the application hears when the pieces come one after the other, and the status of each answer."""
    heard: list[Heard] = []

    async def whole(receive: Any) -> bytes | None:
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body, more = body + message["body"], message["more_body"]
        return body

    async def serve(turn: Turn) -> None:
        method, path, query, headers = turn.method, turn.path, turn.query, dict(turn.headers)
        if (body := await whole(turn.receive)) is not None:
            heard.append(Heard(method, path, query, headers, body))
        await turn.answer(200, b"", b"ok", b"text/plain")

    async def page(scope: Any, receive: Any, send: Any) -> None:
        path = plain_path(scope["raw_path"].decode("ascii"))
        if (body := await whole(receive)) is not None:
            heard.append(Heard(scope["method"], path, scope["query_string"], joined(scope["headers"]), body))
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def drive() -> bytes:
        speaking = protocol(malformed("https://api.example.com/problems"), serve, fast_path=fast_path)
        config = uvicorn.Config(page, http=speaking, log_config=None, lifespan="off")
        config.load()
        wire, connection = Wire(loop), speaking(config, ServerState(), {}, loop)
        wire.protocol = connection
        connection.connection_made(wire)
        for piece in pieces:
            await asyncio.sleep(0.01)
            if wire.closing:
                break
            connection.data_received(piece)
        await asyncio.sleep(1000)
        assert wire.lost is not None
        return wire.written

    loop = Clock()
    try:
        written = loop.run_until_complete(drive())
    finally:
        loop.close()
    return heard, [answer[:3] for answer in written.split(b"HTTP/1.1 ")[1:]]


def theirs(data: bytes) -> list[Heard]:
    """What h11 reads in the same bytes, up to where it refuses."""
    found: list[Heard] = []
    reader = h11.Connection(h11.SERVER, max_incomplete_event_size=64 * 1024)
    reader.receive_data(data)
    request: h11.Request | None = None
    body = b""
    try:
        while True:
            event = reader.next_event()
            if isinstance(event, h11.Request):
                request, body = event, b""
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                assert request is not None
                path, _, query = request.target.partition(b"?")
                text = plain_path(path.decode("ascii", "replace"))
                found.append(Heard(request.method.decode(), text, query, joined(request.headers), body))
                reader.send(h11.Response(status_code=200, headers=[("content-length", "0")]))
                reader.send(h11.EndOfMessage())
                if reader.our_state is not h11.DONE or reader.their_state is not h11.DONE:
                    return found
                reader.start_next_cycle()
            else:
                return found
    except h11.ProtocolError:
        return found


_NAMES = st.sampled_from(
    [
        b"Accept",
        b"accept",
        b"Connection",
        b"Content-Length",
        b"Transfer-Encoding",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"X-A",
        b"Authorization",
        b"Host",
        b"Expect",
        b"Content-Length ",
        b"X\x00",
        b"",
        b"Proxy-Connection",
        b"Keep-Alive",
    ]
)
_VALUES = st.sampled_from(
    [
        b"0",
        b"2",
        b"4",
        b"+2",
        b"2, 2",
        b"0x2",
        b"02",
        b"99999999999999999999",
        b"chunked",
        b"Chunked",
        b"gzip, chunked",
        b"close",
        b"keep-alive",
        b"upgrade",
        b"h2c",
        b"a\tb",
        b"\xe9",
        b"",
        b" a ",
        b"a\x00b",
        b"a\rb",
        b"100-continue",
        b"127.0.0.1",
        b"api.example.com",
        b"a\r\n b",
    ]
)
_HEADERS = st.lists(
    st.builds(
        lambda name, colon, value, end: name + colon + value + end,
        _NAMES,
        st.sampled_from([b": ", b":", b" :"]),
        _VALUES,
        st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\r"]),
    ),
    max_size=4,
).map(b"".join)
_TARGETS = st.sampled_from(
    [
        b"/v1/contacts",
        b"/v1/c?limit=1",
        b"/v1",
        b"/page",
        b"/%76%31/me",
        b"/v1/%6de",
        b"/v1/a%2Fb",
        b"//v1/x",
        b"*",
        b"http://api.example.com/v1/x",
        b"http://other/v1/x",
        b"/v1/x#y",
        b"/v1/x y",
        b"/v1/\xe9",
        b"/v1/\x7f",
    ]
)
_CHUNKS = st.lists(
    st.sampled_from(
        [
            b"2\r\nab\r\n",
            b"0\r\n\r\n",
            b"0\r\nX: y\r\n\r\n",
            b"2;a=b\r\nab\r\n",
            b"02\r\nab\r\n",
            b"2\nab\n",
            b"-1\r\n",
            b"g\r\n",
            b"2\r\nabc\r\n",
            b"FFFFFFFFFFFFFFFFF\r\n",
            b"2 \r\nab\r\n",
            b"0\r\n",
        ]
    ),
    max_size=3,
).map(b"".join)
_REQUESTS = st.builds(
    lambda line, host, headers, body: line + host + headers + b"\r\n" + body,
    st.builds(
        lambda method, target, version: b"%b %b %b\r\n" % (method, target, version),
        st.sampled_from([b"GET", b"POST", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS", b"get", b"CONNECT"]),
        _TARGETS,
        st.sampled_from([b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/1.2", b"HTTP/2.0", b"http/1.1"]),
    ),
    st.sampled_from([b"Host: api.example.com\r\n"] * 6 + [b"", b"Host: a\r\nHost: b\r\n"]),
    _HEADERS,
    st.one_of(st.sampled_from([b"", b"{}", b"abcd"]), _CHUNKS),
)
_STREAMS = st.builds(
    lambda requests, at, gone, noise: requests[:at] + noise + requests[at + gone :],
    st.lists(_REQUESTS, min_size=1, max_size=3).map(b"".join),
    st.integers(0, 300),
    st.integers(0, 2),
    st.one_of(st.just(b""), st.binary(max_size=2)),
)
_CUTS = st.lists(st.integers(1, 400), max_size=5)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, *(place for place in places if place < len(data)), len(data)})
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=EXAMPLES, deadline=None)
@given(_STREAMS, _CUTS)
def test_what_is_served_was_read_alike_by_everybody(data: bytes, places: list[int]) -> None:
    parsed, statuses = ours([data], fast_path=False)
    assert ours([data], fast_path=True) == (parsed, statuses)
    # What is refused may be refused sooner, but nothing else may be served.
    pieces, _ = ours(cut(data, places), fast_path=True)
    assert pieces[: len(parsed)] == parsed[: len(pieces)]
    for one, other in zip(parsed, theirs(data), strict=False):
        assert one.method == other.method and one.query == other.query and one.body == other.body
        assert one.path == other.path or other.path.startswith("http://")
        # An absolute target names the host itself (RFC 9112 § 3.2.2), which a client of HTTP/1.0 need not repeat.
        named = urlsplit(other.path).netloc.encode() if other.path.startswith("http://") else other.headers.get(b"host")
        assert one.headers.get(b"host") == named
        assert one.headers.get(b"authorization") == other.headers.get(b"authorization")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=200))
def test_noise_is_no_request(data: bytes) -> None:
    heard, statuses = ours([data], fast_path=True)
    assert heard == [] and set(statuses) <= {b"400"}
