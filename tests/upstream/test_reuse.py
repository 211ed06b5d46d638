import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from gateway.upstream import Broken, Pool, Response
from gateway.upstream.connection import Connection
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, Script, answers, serving, then_closes


async def call(pool: Pool, *, idempotent: bool = False) -> Response:
    return await pool.request(b"GET" if idempotent else b"POST", b"/x", b"", idempotent=idempotent)


async def until(condition: asyncio.Event) -> None:
    await asyncio.wait_for(condition.wait(), 1)


async def test_calls_one_after_the_other_share_a_connection(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        for _ in range(20):
            await call(pool)
        assert service.connections == 1


async def test_the_connection_used_last_is_used_next(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        await asyncio.gather(*(call(pool) for _ in range(3)))
        assert service.connections == 3
        del service.seen[:]
        for _ in range(3):
            await call(pool)
        assert len({seen.connection for seen in service.seen}) == 1


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
    ids=["connection close", "http/1.0"],
)
async def test_a_connection_that_the_service_wants_closed_is_closed(make_pool: MakePool, wire: bytes) -> None:
    async with serving(answers(wire)) as service:
        pool = make_pool(service.url)
        await call(pool)
        await until(service.peers[0].ended)
        await call(pool)
        assert [seen.connection for seen in service.seen] == [0, 1]


async def test_an_unused_connection_is_closed_after_the_idle_timeout(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url, idle_timeout=0.1)
        await asyncio.gather(call(pool), call(pool))
        await asyncio.sleep(0.06)
        await call(pool)
        await until(service.peers[0].ended if service.seen[-1].connection == 1 else service.peers[1].ended)
        assert pool._open == 1
        await asyncio.gather(*(until(peer.ended) for peer in service.peers))
        assert pool._open == 0


def leaves(how: str) -> Script:
    """Answers once, then ends the connection in one way or another once the client is idle."""

    async def script(peer: Peer) -> None:
        await peer.read()
        await peer.send(OK)
        await asyncio.sleep(0.02)
        if how == "reset":
            peer.reset()
        elif how == "half closed":
            peer.writer.write_eof()
            await peer.hold()
        elif how == "sends more":
            await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged")
            await peer.hold()

    return script


@pytest.mark.parametrize("how", ["closed", "half closed", "reset", "sends more"])
@pytest.mark.parametrize("pause", ["the loop runs", "the loop is held up"])
async def test_a_connection_that_ended_or_spoke_while_idle_is_not_used_even_for_a_write(
    make_pool: MakePool, how: str, pause: str
) -> None:
    async with serving(leaves(how), answers(OK)) as service:
        pool = make_pool(service.url)
        await call(pool)
        if pause == "the loop runs":
            async with asyncio.timeout(5):
                while pool._open:  # noqa: ASYNC110 - nobody is told when it lets go of one
                    await asyncio.sleep(0)
        else:
            # The far side acts, and our side gets to its sockets only after the next call has picked a connection.
            pool._idle[0].transport.pause_reading()
            await asyncio.sleep(0.06)
        answer = await call(pool, idempotent=False)
        assert answer.body == b"ok"
        assert [seen.connection for seen in service.seen] == [0, 1]


@pytest.mark.parametrize("more", [b"x", OK, b"HTTP/1.1 500 Oops\r\nX: y\r\nContent-Length: 0\r\n\r\n", b"\x00" * 100])
async def test_data_right_behind_an_answer_does_not_change_it_and_ends_the_connection(
    make_pool: MakePool, more: bytes
) -> None:
    async with serving(answers(OK + more), answers(OK)) as service:
        pool = make_pool(service.url)
        first = await call(pool)
        assert (first.status, first.headers, first.body) == (200, ((b"content-length", b"2"),), b"ok")
        await until(service.peers[0].ended)
        assert (await call(pool)).body == b"ok"
        assert [seen.connection for seen in service.seen] == [0, 1]


async def dies_at_the_second(peer: Peer) -> None:
    await peer.read()
    await peer.send(OK)
    await peer.read()
    peer.reset()


async def closes_at_the_second(peer: Peer) -> None:
    await peer.read()
    await peer.send(OK)
    await peer.read()


@pytest.mark.parametrize("script", [dies_at_the_second, closes_at_the_second])
async def test_an_idempotent_call_on_a_reused_connection_that_dies_is_repeated_once_silently(
    make_pool: MakePool, script: Script
) -> None:
    async with serving(script, answers(OK)) as service:
        pool = make_pool(service.url)
        await call(pool)
        assert (await call(pool, idempotent=True)).body == b"ok"
        assert [seen.connection for seen in service.seen] == [0, 0, 1]


@pytest.mark.parametrize("script", [dies_at_the_second, closes_at_the_second])
async def test_a_write_on_a_reused_connection_that_dies_is_not_repeated(make_pool: MakePool, script: Script) -> None:
    async with serving(script, answers(OK)) as service:
        pool = make_pool(service.url)
        await call(pool)
        with pytest.raises(Broken) as caught:
            await call(pool, idempotent=False)
        assert caught.value.sent
        assert len(service.seen) == 2


async def test_an_idempotent_call_is_repeated_on_a_new_connection_even_when_others_are_idle(
    make_pool: MakePool,
) -> None:
    async with serving(dies_at_the_second, dies_at_the_second, answers(OK)) as service:
        pool = make_pool(service.url, max_connections=2)
        await asyncio.gather(call(pool), call(pool))
        assert (await call(pool, idempotent=True)).body == b"ok"
        assert service.seen[-1].connection == 2
        assert pool._open <= 2


async def test_an_idempotent_call_is_repeated_only_once(make_pool: MakePool) -> None:
    async with serving(dies_at_the_second, then_closes(b"")) as service:
        pool = make_pool(service.url)
        await call(pool)
        with pytest.raises(Broken) as caught:
            await call(pool, idempotent=True)
        assert caught.value.sent
        assert len(service.seen) == 3


async def test_an_idempotent_call_on_a_new_connection_is_not_repeated(make_pool: MakePool) -> None:
    async with serving(then_closes(b""), answers(OK)) as service:
        with pytest.raises(Broken):
            await call(make_pool(service.url), idempotent=True)
        assert len(service.seen) == 1


@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"])
async def test_a_call_is_not_repeated_once_a_byte_of_its_answer_has_come(make_pool: MakePool, begun: bytes) -> None:
    async with serving(then_closes(OK, begun), answers(OK)) as service:
        pool = make_pool(service.url)
        await call(pool)
        with pytest.raises(Broken):
            await call(pool, idempotent=True)
        assert len(service.seen) == 2


async def test_when_there_is_nothing_to_repeat_on_the_first_failure_says_what_was_sent(make_pool: MakePool) -> None:
    async def last(peer: Peer) -> None:
        await peer.read()
        await peer.send(OK)
        await peer.read()
        peer.service.server.close()
        peer.reset()

    async with serving(last) as service:
        pool = make_pool(service.url)
        await call(pool)
        with pytest.raises(Broken) as caught:
            await call(pool, idempotent=True)
        assert caught.value.sent
        assert service.connections == 1


@pytest.fixture
def no_collector() -> Iterator[None]:
    """As in a worker, whose collector runs rarely: what is let go must go by its reference count."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def alive(kind: type[object]) -> int:
    return sum(type(each) is kind for each in gc.get_objects())


@pytest.mark.usefixtures("no_collector")
async def test_an_idle_connection_does_not_keep_the_last_answer_in_memory(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url)
        answer = await call(pool)
        assert alive(Response) == 1
        del answer
        await asyncio.sleep(0)  # the loop lets go of the future it has just resumed us from
        assert alive(Response) == 0
        assert alive(Connection) == 1


async def test_a_connection_that_ends_as_it_is_handed_to_a_call_that_is_cancelled_is_not_kept(
    make_pool: MakePool,
) -> None:
    arrived = asyncio.Event()

    async def mute(peer: Peer) -> None:
        await peer.read()
        arrived.set()
        await peer.hold()

    async with serving(mute, answers(OK)) as service:
        pool = make_pool(service.url, max_connections=1)
        first, second = (asyncio.ensure_future(call(pool)) for _ in range(2))
        await until(arrived)
        (connection,) = pool._busy
        connection.data_received(OK)
        connection.connection_lost(None)
        second.cancel()
        await asyncio.wait([first, second])
        assert first.result().body == b"ok" and second.cancelled()
        # Nor is anything left to look for what has been idle too long, which would find it for ever.
        assert pool._open == 0 and pool._idle == [] and pool._sweeper is None
        assert (await call(pool)).body == b"ok"


CLOSE = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


async def plainly(pool: Pool) -> None:
    await call(pool)


async def as_a_stream(pool: Pool) -> None:
    async with pool.stream(b"GET", b"/x", b"") as answer:
        async for _ in answer:
            pass


async def as_an_upload(pool: Pool) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"x"

    await pool.upload(b"POST", b"/x", b"", body(), length=1)


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("wire", [CLOSE, b"garbage", OK[:-1], b""], ids=["closed", "garbage", "timeout", "cancelled"])
@pytest.mark.parametrize("how", [plainly, as_a_stream, as_an_upload])
async def test_a_connection_that_has_ended_is_not_kept_in_memory(
    make_pool: MakePool, wire: bytes, how: Callable[[Pool], Awaitable[None]]
) -> None:
    async with serving(answers(wire)) as service:
        pool = make_pool(service.url, total_timeout=0.1)
        task: asyncio.Future[None]
        for _ in range(5):
            task = asyncio.ensure_future(how(pool))
            if not wire:
                await asyncio.sleep(0.02)
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            del task
        await asyncio.gather(*(until(peer.ended) for peer in service.peers))
        await asyncio.sleep(0.01)
        assert alive(Connection) == 0
