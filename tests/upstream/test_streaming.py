import asyncio
import time

import pytest

from gateway.upstream import Broken, Invalid, Pool, Saturated, Timeout, UpstreamError
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, Script, answers, serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PIECE = bytes(range(256)) * 64


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def read(pool: Pool, into: list[bytes]) -> None:
    async with pool.stream(b"GET", b"/x", b"") as answer:
        async for data in answer:
            into.append(data)  # noqa: PERF401 - a list built whole would lose what came before an error


def sends(count: int, *, end: bytes = b"0\r\n\r\n") -> Script:
    async def script(peer: Peer) -> None:
        while True:
            await peer.read()
            await peer.send(CHUNKED)
            for _ in range(count):
                await peer.send(chunk(PIECE))
            await peer.send(end)

    return script


async def test_the_head_comes_first_then_the_body_in_order_and_the_connection_is_used_again(
    make_pool: MakePool,
) -> None:
    async with serving(sends(200)) as service:
        pool = make_pool(service.url, max_response_bytes=10)
        for _ in range(2):
            async with pool.stream(b"GET", b"/export", b"Accept: text/csv\r\n") as answer:
                assert answer.status == 200
                assert (b"content-type", b"text/csv") in answer.headers
                assert b"".join([data async for data in answer]) == PIECE * 200
        assert service.connections == 1
        assert service.seen[0].line == b"GET /export HTTP/1.1"


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (OK, b"ok"),
        (b"HTTP/1.1 204 No\r\n\r\n", b""),
        (b"HTTP/1.1 500 Oops\r\nContent-Length: 3\r\n\r\nbad", b"bad"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + CHUNKED + chunk(b"abc") + b"0\r\n\r\n", b"abc"),
    ],
)
async def test_an_answer_that_arrives_in_one_piece_streams_too(make_pool: MakePool, wire: bytes, body: bytes) -> None:
    async with serving(answers(wire)) as service:
        pool = make_pool(service.url)
        for _ in range(2):
            async with pool.stream(b"GET", b"/x", b"") as answer:
                assert b"".join([data async for data in answer]) == body
        assert service.connections == 1


async def test_the_answer_to_a_streamed_head_ends_with_its_head(make_pool: MakePool) -> None:
    wire = HEAD + b"Content-Length: 5\r\n\r\n"
    async with serving(answers(wire)) as service, make_pool(service.url).stream(b"HEAD", b"/x", b"") as answer:
        assert [data async for data in answer] == []


async def test_a_service_is_held_back_while_the_reader_is_slow_and_its_slowness_is_no_timeout(
    make_pool: MakePool,
) -> None:
    count = 4000
    async with serving(sends(count)) as service:
        pool = make_pool(service.url, total_timeout=0.15)
        async with pool.stream(b"GET", b"/x", b"") as answer:
            await asyncio.sleep(0.4)
            held = service.bytes_sent
            assert held < count * len(PIECE) // 2  # what the sockets of both sides buffer
            assert answer._buffered < 1 << 20
            total = 0
            async for data in answer:
                total += len(data)
                assert answer._buffered < 1 << 20
        assert total == count * len(PIECE)


async def test_leaving_early_aborts_the_connection(make_pool: MakePool) -> None:
    async with serving(sends(100_000), answers(OK)) as service:
        pool = make_pool(service.url)
        async with pool.stream(b"GET", b"/x", b"") as answer:
            async for _ in answer:
                break
        assert pool._open == 0
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert (await pool.request(b"GET", b"/x", b"", idempotent=True)).body == b"ok"


async def test_leaving_unread_what_has_arrived_whole_keeps_the_connection(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        async with pool.stream(b"GET", b"/x", b""):
            pass
        assert (await pool.request(b"GET", b"/x", b"", idempotent=True)).body == b"ok"
        assert service.connections == 1


async def test_a_body_that_fills_the_buffer_with_its_last_byte_leaves_a_connection_that_still_reads(
    make_pool: MakePool,
) -> None:
    body = b"a" * (256 * 1024 + 1)
    async with serving(answers(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body, OK)) as service:
        pool = make_pool(service.url)
        async with pool.stream(b"GET", b"/x", b"") as answer:
            await asyncio.sleep(0.1)
            assert (await pool.request(b"GET", b"/x", b"", idempotent=True)).body == b"ok"
            assert b"".join([data async for data in answer]) == body
        assert service.connections == 1


@pytest.mark.parametrize(
    ("end", "error"),
    [(b"5\r\nab", Broken), (b"zz\r\n", Invalid), (b"5;" + b"x" * 100_000, Invalid)],
    ids=["cut", "garbage", "endless extension"],
)
async def test_a_stream_that_fails_on_the_way_gives_what_came_and_then_the_error(
    make_pool: MakePool, end: bytes, error: type[UpstreamError]
) -> None:
    async def fails(peer: Peer) -> None:
        await peer.read()
        await peer.send(CHUNKED + chunk(b"first"))
        await asyncio.sleep(0.02)
        await peer.send(end)

    async with serving(fails) as service:
        got: list[bytes] = []
        with pytest.raises(error) as caught:
            await read(make_pool(service.url), got)
        assert got[0] == b"first"
        assert caught.value.sent


@pytest.mark.parametrize("begun", [b"", CHUNKED, CHUNKED + chunk(b"first")], ids=["silent", "head", "first piece"])
async def test_a_service_that_stalls_is_a_timeout(make_pool: MakePool, begun: bytes) -> None:
    async def stalls(peer: Peer) -> None:
        await peer.read()
        await peer.send(begun)
        await peer.hold()

    async with serving(stalls) as service:
        began = time.monotonic()
        with pytest.raises(Timeout) as caught:
            await read(make_pool(service.url, total_timeout=0.2), [])
        assert caught.value.sent
        assert 0.15 < time.monotonic() - began < 1


async def test_a_long_stream_may_take_longer_than_the_total_timeout(make_pool: MakePool) -> None:
    async def steady(peer: Peer) -> None:
        await peer.read()
        await peer.send(CHUNKED)
        for _ in range(8):
            await asyncio.sleep(0.05)
            await peer.send(chunk(b"a"))
        await peer.send(b"0\r\n\r\n")

    async with (
        serving(steady) as service,
        make_pool(service.url, total_timeout=0.2).stream(b"GET", b"/x", b"") as answer,
    ):
        assert [data async for data in answer] == [b"a"] * 8


async def test_a_stream_on_a_reused_connection_that_dies_is_repeated_once_silently(make_pool: MakePool) -> None:
    async def dies_at_the_second(peer: Peer) -> None:
        await peer.read()
        await peer.send(OK)
        await peer.read()
        peer.reset()

    async with serving(dies_at_the_second, sends(1)) as service:
        pool = make_pool(service.url)
        await pool.request(b"GET", b"/x", b"", idempotent=True)
        async with pool.stream(b"GET", b"/x", b"") as answer:
            assert b"".join([data async for data in answer]) == PIECE
        assert [seen.connection for seen in service.seen] == [0, 0, 1]


async def test_a_stream_counts_as_a_connection_until_it_ends(make_pool: MakePool) -> None:
    async with serving(sends(100_000)) as service:
        pool = make_pool(service.url, max_connections=1, connect_timeout=0.05)
        async with pool.stream(b"GET", b"/x", b""):
            with pytest.raises(Saturated):
                await pool.request(b"GET", b"/x", b"", idempotent=True)


@pytest.mark.parametrize("begun", [b"", CHUNKED + chunk(b"first")], ids=["before the head", "in the body"])
async def test_a_cancelled_stream_aborts_its_connection(make_pool: MakePool, begun: bytes) -> None:
    async def stalls(peer: Peer) -> None:
        await peer.read()
        await peer.send(begun)
        await peer.hold()

    async with serving(stalls) as service:
        pool = make_pool(service.url)
        task = asyncio.ensure_future(read(pool, []))
        await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert pool._open == 0
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
