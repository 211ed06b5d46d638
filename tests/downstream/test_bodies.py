"""Bodies against the worker's HTTP parser: malformed ones, those that nobody needs, and those that come when all is answered."""

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest

from gateway.downstream.states import Limits
from tests.process.edge import HOST, PLAIN, Edge, serving


@pytest.mark.parametrize(
    "chunks", [b"zz\r\n", b"-2\r\nhi\r\n", b"2\nhi\n0\n\n", b"2\r\nhi0\r\n\r\n", b"F" * 17 + b"\r\n"]
)
async def test_a_body_whose_chunks_are_malformed_is_refused_like_malformed_headers(edge: Edge, chunks: bytes) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    for pieces in ((head + chunks,), (head, chunks)):
        answer = await edge.say(*pieces)
        assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1
        assert (
            b"connection: close" in answer
            and json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_malformed"
        )


async def test_of_what_is_refused_in_the_packet_that_began_it_nothing_comes(hasty: Edge) -> None:
    request = b"DELETE / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\x0b"
    answer = await hasty.say(request)
    assert answer.startswith(b"HTTP/1.1 400 ") and hasty.seen == []


class Slow(Edge):
    """An application that asks for the body, if it does, long after it has begun."""

    async def read(self, receive: Any) -> None:
        await asyncio.sleep(0.1)
        await super().read(receive)


@pytest.mark.parametrize("below", [b"/", b"/v1/x"])
@pytest.mark.parametrize("method", [b"DELETE", b"GET", b"HEAD"])
@pytest.mark.parametrize("chunks", [b"zz\r\n", b"0\r\n\r\x0b", b"2\r\nhi\r\n0\r\nX Y: a\r\n\r\n"])
async def test_what_is_done_without_its_body_is_told_as_done_although_that_turns_out_to_be_none(
    below: bytes, method: bytes, chunks: bytes
) -> None:
    head = method + b" / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    async with serving(Slow(hasty=True, below=below)) as slow:
        answer = await slow.say(head, chunks, PLAIN)
        assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1") == 1 == len(slow.seen)
        assert b"connection: close" in answer
        assert answer.endswith(b"\r\n\r\n" if method == b"HEAD" else b"\r\n\r\nok")


@pytest.mark.parametrize("below", [b"/", b"/v1/x"])
async def test_who_asks_late_for_a_body_that_turned_out_to_be_none_is_refused_all_the_same(below: bytes) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    async with serving(Slow(below=below)) as slow:
        answer = await slow.say(head, b"2\r\nhi\r\n", b"zz\r\n", PLAIN)
        assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_malformed"


async def test_what_waits_for_its_turn_while_its_body_turns_out_to_be_none_is_refused_in_its_turn() -> None:
    head = b"DELETE / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    async with serving(Slow(hasty=True, below=b"/v1/x")) as slow:
        answer = await slow.say(PLAIN + head + b"zz\r\n", PLAIN)
        first, _, second = answer.partition(b"\r\n\r\nok")
        assert first.startswith(b"HTTP/1.1 200 ") and second.startswith(b"HTTP/1.1 400 ")
        assert answer.count(b"HTTP/1.1") == 2 and len(slow.seen) == 1


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HEAD / HTTP/1.1\r\n\r\n",),
        (b"HEAD / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",),
        (b"HEAD / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n", b"zz\r\n"),
    ],
    ids=["head", "body", "body later"],
)
async def test_the_refusal_of_a_head_has_no_body(edge: Edge, pieces: tuple[bytes, ...]) -> None:
    answer = await edge.say(*pieces)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.endswith(b"\r\n\r\n")
    assert b"content-length: " in answer


async def test_who_waits_to_be_asked_for_a_body_and_is_answered_instead_has_said_its_last(hasty: Edge) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(PLAIN)
    answer = await hasty.say(head, PLAIN)  # the body all the same, or the next request: nobody could tell
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1") == 1 == len(hasty.seen)
    assert b"connection: close" in answer


async def test_a_client_of_http_1_0_gets_no_interim_answer(edge: Edge) -> None:
    head = b"POST / HTTP/1.0\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    answer = await edge.say(head, b"hi")
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("below", [b"/", b"/v1/x"])
@pytest.mark.parametrize("limits", [Limits(rest=0.1), Limits(rest_size=100)], ids=["time", "size"])
async def test_a_body_that_goes_on_for_ever_behind_its_answer_is_cut_off(below: bytes, limits: Limits) -> None:
    async with serving(Edge(hasty=True, below=below), limits) as hasty:
        reader, writer = await asyncio.open_connection("127.0.0.1", hasty.port)
        writer.write(b"POST " + below + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 1000000\r\n\r\n")
        assert await reader.readexactly(12) == b"HTTP/1.1 200"
        # Cut off with input unread, the connection may be reset, which discards what was not read by then.
        ended = asyncio.create_task(reader.read())
        async with asyncio.timeout(3.0):
            while not ended.done():
                with suppress(ConnectionError):
                    writer.write(b"a")
                await asyncio.sleep(0.01)
        with suppress(ConnectionError):
            await ended
        writer.close()


@pytest.mark.parametrize("below", [b"/", b"/v1/x"])
async def test_a_body_that_ends_behind_its_answer_leaves_the_connection_in_use(below: bytes) -> None:
    async with serving(Edge(hasty=True, below=below), Limits(rest=0.1)) as hasty:
        late = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n"
        answers = await hasty.say(late, b"hi", *[b""] * 16, PLAIN)
        assert answers.count(b"HTTP/1.1 200") == 2
