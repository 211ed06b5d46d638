"""Raw bytes against the worker's HTTP parser, around an application that only counts what reaches it."""

import asyncio
import json
import socket
from typing import Any

import pytest

from gateway.downstream.direct import Turn
from gateway.downstream.states import Limits
from tests.process.edge import HOST, PLAIN, Edge, serving


async def test_a_plain_request_passes(edge: Edge) -> None:
    assert (await edge.say(PLAIN)).startswith(b"HTTP/1.1 200")


async def test_two_requests_on_one_connection_pass(edge: Edge) -> None:
    assert (await edge.say(PLAIN + PLAIN, PLAIN)).count(b"HTTP/1.1 200") == 3


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        b"GET / HTTP/1.1\nHost: api.example.com\n\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Folded: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X Y: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Nul: a\x00b\r\n\r\n",
        b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-Big: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: %b\r\n" % (i, b"a" * 100) for i in range(400)) + b"\r\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT example.com:443 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://other.example.com/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /v1/me#part HTTP/1.1\r\n" + HOST + b"\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: xchunked\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
)
async def test_what_two_parsers_could_read_differently_is_a_problem_document_and_a_closed_connection(
    edge: Edge, request_bytes: bytes
) -> None:
    answer = await edge.say(request_bytes)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), answer
    assert b"content-type: application/problem+json" in head and b"connection: close" in head
    problem = json.loads(body)
    assert problem["type"] == "https://api.example.com/problems/bad-request"
    assert problem["status"] == 400 and problem["code"] == "request_malformed" and len(problem["trace_id"]) == 32
    assert edge.seen == []


@pytest.mark.parametrize(
    ("request_bytes", "detail", "instance"),
    [
        (b"GET /a?b HTTP/1.1\r\n\r\n", "The header host is missing.", "/a"),
        (b"GET /a HTTP/1.1\r\n" + HOST + b"Host: b\r\n\r\n", "The header host is given twice.", "/a"),
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n", "The request's target is too long.", ""),
        (b"GET http://b/a HTTP/1.1\r\n" + HOST + b"\r\n", "The request's target is no path of this server.", ""),
        (b"GET /a HTTP/2.0\r\n" + HOST + b"\r\n", "Only HTTP/1.1 and HTTP/1.0 are spoken here.", "/a"),
        (b"FOO /a HTTP/1.1\r\n", "This is no valid HTTP request: Invalid method encountered.", ""),
    ],
)
async def test_the_refusal_says_what_is_wrong_and_where(
    edge: Edge, request_bytes: bytes, detail: str, instance: str
) -> None:
    head, _, body = (await edge.say(request_bytes)).partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert (problem["detail"], problem["instance"]) == (detail, instance)
    assert b"x-request-id: req_" in head and b"vary: Authorization, Version" in head


async def test_a_header_that_never_ends_is_refused_before_it_fills_the_memory(edge: Edge) -> None:
    answer = await edge.say(b"GET / HTTP/1.1\r\n" + HOST + b"X-Big: ", *[b"a" * 10_000] * 6)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert edge.seen == []


async def test_garbage_behind_a_request_is_never_written_into_its_answer(edge: Edge) -> None:
    answer = await edge.say(PLAIN + PLAIN + b"garbage\r\n\r\n")
    assert answer.count(b"HTTP/1.1") == answer.count(b"HTTP/1.1 200") == 2


async def test_trailer_fields_do_not_become_headers(edge: Edge) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = await edge.say(head, b"2\r\nhi\r\n0\r\nAuthorization: Bearer smuggled\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert [name for name, _ in edge.seen[0]["headers"]] == [b"host", b"transfer-encoding"]


async def test_an_upgrade_that_nobody_offers_is_answered_plainly(edge: Edge) -> None:
    answer = await edge.say(b"GET / HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
SMUGGLED = b"DELETE /v1/x HTTP/1.1\r\n" + HOST + b"Authorization: Bearer smuggled\r\n\r\n"


@pytest.mark.parametrize(
    ("framing", "body"),
    [
        (b"Content-Length: %d\r\n" % len(SMUGGLED), SMUGGLED),
        (b"Transfer-Encoding: chunked\r\n", b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
    ],
    ids=["length", "chunked"],
)
@pytest.mark.parametrize("pieces", [1, 2, 60])
async def test_the_body_behind_a_wish_to_upgrade_is_its_body_and_no_request(
    edge: Edge, framing: bytes, body: bytes, pieces: int
) -> None:
    whole = b"POST %b HTTP/1.1\r\n" % edge.below + HOST + UPGRADE + framing + b"\r\n" + body + PLAIN
    size = -(-len(whole) // pieces)
    answer = await edge.say(*[whole[at : at + size] for at in range(0, len(whole), size)])
    assert answer.count(b"HTTP/1.1 200 ") == answer.count(b"HTTP/1.1") == 2
    assert edge.bodies == [SMUGGLED, b""]


async def test_many_wishes_to_upgrade_in_one_read_are_all_answered(edge: Edge) -> None:
    wish = b"GET / HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n"
    assert (await edge.say(wish * 50)).count(b"HTTP/1.1 200 ") == 50


@pytest.mark.parametrize("line", [b"X-Trailer: " + b"a" * 200_000, b"".join(b"X-%d: a\r\n" % i for i in range(9_000))])
@pytest.mark.parametrize("early", [False, True], ids=["read", "answered before"])
async def test_trailer_fields_that_never_end_are_refused_before_they_fill_the_memory(
    edge: Edge, line: bytes, early: bool
) -> None:
    edge.hasty = early
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    pieces = [line[at : at + 9_000] for at in range(0, len(line), 9_000)]
    answer = await edge.say(head, b"2\r\nhi\r\n0\r\n", *pieces)
    assert answer.count(b"HTTP/1.1") <= 1
    assert answer == b"" or answer.startswith(b"HTTP/1.1 200 " if early else b"HTTP/1.1 400 ")


async def test_a_large_body_does_not_count_against_the_head_that_follows_it(edge: Edge) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 40000\r\n\r\n"
    assert (await edge.say(head + b"a" * 40_000 + PLAIN[:25], PLAIN[25:])).count(b"HTTP/1.1 200 ") == 2


async def test_empty_lines_between_requests_are_no_header(edge: Edge) -> None:
    assert (await edge.say(b"\r\n" * 20_000, PLAIN)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("pieces", [(), (b"\r\n",), (b"GET / HT",), (PLAIN, b"GET / HTTP/1.1\r\nHo")])
async def test_a_client_that_takes_forever_with_its_headers_is_cut_off(
    pieces: tuple[bytes, ...],
) -> None:
    async with serving(Edge(), Limits(head=0.1)) as edge:
        reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        async with asyncio.timeout(1.0):
            await reader.read()
        writer.close()


@pytest.mark.parametrize("below", [b"/", b"/v1/x"])
async def test_a_body_may_take_longer_than_the_headers(below: bytes) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 8\r\n\r\n"
    async with serving(Edge(below=below), Limits(head=0.05)) as edge:
        assert (await edge.say(head, *[b"aa"] * 8)).startswith(b"HTTP/1.1 200")


class Flood(Edge):
    """An application whose answer never ends."""

    def __init__(self) -> None:
        super().__init__()
        self.left = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await receive()
        leaving = asyncio.create_task(receive())
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await self.pour(lambda piece: send({"type": "http.response.body", "body": piece, "more_body": True}), leaving)

    async def serve(self, turn: Turn) -> None:
        await turn.receive()
        leaving = asyncio.create_task(turn.receive())
        await turn.begin(200, b"", b"text/plain")
        await self.pour(turn.piece, leaving)

    async def pour(self, write: Any, leaving: asyncio.Task[Any]) -> None:
        while not leaving.done():
            await write(b"x" * 65536)
            await asyncio.sleep(0)
        self.left.set()


@pytest.mark.parametrize("target", [b"/", b"/v1/me"])
async def test_a_client_that_never_reads_its_answer_is_cut_off(target: bytes) -> None:
    flood = Flood()
    async with serving(flood, Limits(stall=0.2)):
        with socket.create_connection(("127.0.0.1", flood.port)) as client:
            client.sendall(PLAIN.replace(b"/v1/me", target))
            async with asyncio.timeout(5):
                await flood.left.wait()


CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "pieces",
    [
        (b"FOO / HTTP/1.1\r\n\r\n",),
        (PLAIN, b"FOO / HTTP/1.1\r\n\r\n"),
        (CHUNKED + b"ZZ\r\n",),
        (CHUNKED, b"ZZ\r\n"),
        (CHUNKED + b"2\r\nok\r\nZZ\r\n",),
        (CHUNKED, b"2\r\nok\r\n", b"ZZ\r\n"),
    ],
)
async def test_whoever_is_refused_and_stays_is_cut_off_soon(edge: Edge, pieces: tuple[bytes, ...]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", edge.port)
    for piece in pieces:
        writer.write(piece.replace(b" / HTTP", b" %b HTTP" % edge.below))
        await asyncio.sleep(0.02)
    assert b"HTTP/1.1 400 " in await reader.read()
    # The client stays, and neither closes nor says anything.
    async with asyncio.timeout(2.0):
        while edge.connections:  # noqa: ASYNC110 - nobody announces the loss of a connection
            await asyncio.sleep(0.02)
    writer.close()
