import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from gateway.upstream import Broken, Timeout, Unsendable
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, answers, serving

PIECE = bytes(range(256)) * 64


async def pieces(*parts: bytes, pause: float = 0.0) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(pause)
        yield part


class Endless:
    """An endless body that notes how much was taken from it and whether it was let go."""

    def __init__(self) -> None:
        self.taken = 0
        self.released = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                self.taken += len(PIECE)
                yield PIECE
        finally:
            self.released = True


async def test_a_body_of_known_length_arrives_whole(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        for _ in range(2):
            answer = await pool.upload(
                b"POST", b"/import", b"Content-Type: text/csv\r\n", pieces(*[PIECE] * 100), length=100 * len(PIECE)
            )
            assert answer.body == b"ok"
        assert service.connections == 1
        assert [seen.body for seen in service.seen] == [PIECE * 100] * 2
        assert service.seen[0].header(b"Content-Length") == [b"1638400"]
        assert service.seen[0].header(b"Transfer-Encoding") == []


async def test_a_body_of_unknown_length_is_chunked_and_an_empty_piece_does_not_end_it(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        for parts in ((b"ab", b"", PIECE, b"c"), ()):
            assert (await pool.upload(b"PUT", b"/x", b"", pieces(*parts), length=None)).body == b"ok"
            assert service.seen[-1].body == b"".join(parts)
        assert service.connections == 1
        assert service.seen[0].header(b"Content-Length") == []


async def test_an_answer_before_the_end_of_the_body_is_returned_and_the_rest_is_not_sent(make_pool: MakePool) -> None:
    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"

    async def refuses(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.reader.readexactly(1000)
        await peer.send(refusal)
        await peer.hold()

    async with serving(refuses, answers(OK)) as service:
        pool = make_pool(service.url)
        body = Endless()
        answer = await pool.upload(b"POST", b"/import", b"", body.__aiter__(), length=None)
        assert (answer.status, answer.body) == (413, b"big")
        assert pool._open == 0
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert (await pool.request(b"GET", b"/x", b"", idempotent=True)).body == b"ok"
        assert service.connections == 2


async def test_an_early_answer_to_a_plain_request_is_returned_and_its_connection_is_not_used_again(
    make_pool: MakePool,
) -> None:
    async def refuses(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await asyncio.sleep(1)

    async with serving(refuses, answers(OK)) as service:
        pool = make_pool(service.url)
        answer = await pool.request(b"POST", b"/x", b"", PIECE * 2000, idempotent=False)
        assert answer.status == 413
        assert pool._open == 0
        assert (await pool.request(b"GET", b"/x", b"", idempotent=True)).body == b"ok"


async def test_a_body_is_not_taken_faster_than_the_service_reads_it(make_pool: MakePool) -> None:
    async def deaf(peer: Peer) -> None:
        await asyncio.sleep(5)

    async with serving(deaf) as service:
        body = Endless()
        began = time.monotonic()
        with pytest.raises(Timeout) as caught:
            await make_pool(service.url, total_timeout=0.3).upload(b"POST", b"/x", b"", body.__aiter__(), length=None)
        assert caught.value.sent
        assert time.monotonic() - began < 1.5
        assert body.taken < 16 << 20  # what the sockets of both sides buffer


async def test_the_time_the_body_takes_to_come_is_no_timeout_but_a_late_answer_is(make_pool: MakePool) -> None:
    async def late(peer: Peer) -> None:
        await peer.read()
        await peer.hold()

    async with serving(answers(OK), late) as service:
        pool = make_pool(service.url, total_timeout=0.15)
        slow = pieces(b"a", b"b", b"c", pause=0.2)
        assert (await pool.upload(b"POST", b"/x", b"", slow, length=3)).body == b"ok"
        await asyncio.sleep(0.05)
        pool._idle[0].drop()
        began = time.monotonic()
        with pytest.raises(Timeout):
            await pool.upload(b"POST", b"/x", b"", pieces(b"a"), length=1)
        assert 0.1 < time.monotonic() - began < 0.6


async def test_what_the_body_raises_is_raised_and_the_service_sees_no_whole_request(make_pool: MakePool) -> None:
    class GoneError(Exception):
        pass

    async def breaks() -> AsyncIterator[bytes]:
        yield b"half"
        raise GoneError

    for length in (None, 8):
        async with serving(answers(OK)) as service:
            pool = make_pool(service.url)
            with pytest.raises(GoneError):
                await pool.upload(b"POST", b"/x", b"", breaks(), length=length)
            await asyncio.wait_for(service.peers[0].ended.wait(), 1)
            assert service.seen[0].body == (b"half" if length is None else b"")
            assert pool._open == 0


@pytest.mark.parametrize("length", [3, 9])
async def test_a_body_that_breaks_its_promise_of_length_is_refused_and_never_complete(
    make_pool: MakePool, length: int
) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        with pytest.raises(Unsendable) as caught:
            await pool.upload(b"POST", b"/x", b"", pieces(b"abc"[: length - 1], b"defgh"[:4]), length=length)
        assert caught.value.sent
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert all(seen.body == b"" for seen in service.seen)
        assert pool._open == 0


async def test_a_service_that_goes_away_during_the_body_is_broken_and_the_body_is_let_go(make_pool: MakePool) -> None:
    async def goes(peer: Peer) -> None:
        await peer.reader.readexactly(10_000)
        peer.reset()

    async with serving(goes, answers(OK)) as service:
        body = Endless()
        with pytest.raises(Broken) as caught:
            await make_pool(service.url).upload(b"POST", b"/x", b"", body.__aiter__(), length=None)
        assert caught.value.sent
        assert service.connections == 1


async def test_a_service_that_goes_away_while_the_body_is_waited_for_is_noticed(make_pool: MakePool) -> None:
    async def goes(peer: Peer) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")

    async with serving(goes) as service:
        began = time.monotonic()
        with pytest.raises(Broken):
            await make_pool(service.url).upload(b"POST", b"/x", b"", pieces(b"a", pause=5), length=1)
        assert time.monotonic() - began < 1


async def test_an_upload_on_a_reused_connection_that_dies_is_not_repeated(make_pool: MakePool) -> None:
    async def dies_at_the_second(peer: Peer) -> None:
        await peer.read()
        await peer.send(OK)
        await peer.read()
        peer.reset()

    async with serving(dies_at_the_second, answers(OK)) as service:
        pool = make_pool(service.url)
        await pool.request(b"GET", b"/x", b"", idempotent=True)
        with pytest.raises(Broken) as caught:
            await pool.upload(b"POST", b"/x", b"", pieces(b"a"), length=1)
        assert caught.value.sent
        assert len(service.seen) == 2


async def test_a_cancelled_upload_aborts_its_connection(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        task = asyncio.ensure_future(pool.upload(b"POST", b"/x", b"", pieces(b"a", b"b", pause=0.1), length=None))
        await asyncio.sleep(0.15)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert pool._open == 0
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)
        assert service.seen[0].body == b"a"
