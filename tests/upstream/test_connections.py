import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.upstream import Broken, Pool, Response, Saturated, Timeout, Unreachable, UpstreamError
from tests.upstream.conftest import MakePool
from tests.upstream.service import OK, Peer, answers, serving


def call(pool: Pool) -> "asyncio.Task[Response]":
    return asyncio.ensure_future(pool.request(b"POST", b"/x", b"", b"body", idempotent=False))


class Gate:
    """A service that answers only when told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.arrived = asyncio.Semaphore(0)

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.read()
            self.arrived.release()
            await self.open.wait()
            await peer.send(OK)


async def test_never_more_connections_than_allowed_and_waiting_calls_are_served_in_order(make_pool: MakePool) -> None:
    async with serving(answers(OK)) as service:
        pool = make_pool(service.url, max_connections=2)
        done: list[int] = []

        async def numbered(number: int) -> None:
            await call(pool)
            done.append(number)

        tasks = [asyncio.ensure_future(numbered(number)) for number in range(20)]
        await asyncio.gather(*tasks)
        assert service.connections == 2
        assert done == sorted(done, key=lambda number: number // 2)


async def test_without_a_free_connection_within_the_connect_timeout_the_call_is_refused_unsent(
    make_pool: MakePool,
) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1, connect_timeout=0.1)
        first = call(pool)
        await gate.arrived.acquire()
        with pytest.raises(Saturated) as caught:
            await call(pool)
        assert not caught.value.sent
        gate.open.set()
        assert (await first).body == b"ok"
        assert (await call(pool)).body == b"ok"
        assert len(service.seen) == 2


async def test_a_call_whose_deadline_comes_while_it_waits_is_a_timeout_unsent(make_pool: MakePool) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1, total_timeout=0.2)
        first = call(pool)
        await gate.arrived.acquire()
        await asyncio.sleep(0.1)
        second = call(pool)
        with pytest.raises(Timeout):
            await first
        # The first's connection was aborted; the second got its place, and its own time.
        await gate.arrived.acquire()
        gate.open.set()
        assert (await second).body == b"ok"

        gate.open.clear()
        hog = pool.upload(b"POST", b"/x", b"", forever(), length=None)
        hogging = asyncio.ensure_future(hog)
        await asyncio.sleep(0.02)
        with pytest.raises(Timeout) as caught:
            await call(pool)
        assert not caught.value.sent
        hogging.cancel()
        await asyncio.wait([hogging])


async def forever() -> AsyncIterator[bytes]:
    while True:
        await asyncio.sleep(0.05)
        yield b"x"


async def test_nobody_listening_is_unreachable(make_pool: MakePool) -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        pool = make_pool(f"http://127.0.0.1:{reserved.getsockname()[1]}")
        with pytest.raises(Unreachable) as caught:
            await call(pool)
        assert not caught.value.sent


async def test_a_name_that_does_not_resolve_is_unreachable(make_pool: MakePool) -> None:
    with pytest.raises(Unreachable) as caught:
        await call(make_pool("http://nowhere.invalid"))
    assert not caught.value.sent


@contextlib.contextmanager
def deaf() -> Iterator[int]:
    """A port whose backlog is full: the kernel drops further SYNs."""
    with socket.socket() as listener, contextlib.ExitStack() as clients:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.parametrize("limits", [{"connect_timeout": 0.1}, {"total_timeout": 0.1}])
async def test_a_connection_that_does_not_come_about_in_time_is_unreachable(
    make_pool: MakePool, limits: dict[str, float]
) -> None:
    with deaf() as port:
        pool = make_pool(f"http://127.0.0.1:{port}", **limits)
        began = time.monotonic()
        with pytest.raises(Unreachable) as caught:
            await call(pool)
        assert not caught.value.sent
        assert time.monotonic() - began < 0.5


async def test_a_call_cancelled_while_connecting_gives_its_place_back(make_pool: MakePool) -> None:
    with deaf() as port:
        pool = make_pool(f"http://127.0.0.1:{port}", max_connections=1)
        first, second = call(pool), call(pool)
        await asyncio.sleep(0.05)
        assert (pool._open, len(pool._waiters)) == (1, 1)
        first.cancel()
        await asyncio.wait([first])
        await asyncio.sleep(0.02)
        assert (pool._open, len(pool._waiters)) == (1, 0)
        second.cancel()
        await asyncio.wait([second])
        assert pool._open == 0


async def test_a_cancelled_call_aborts_its_connection_and_the_next_gets_its_own_answer(make_pool: MakePool) -> None:
    gate = Gate()
    async with serving(gate, answers(OK)) as service:
        pool = make_pool(service.url, max_connections=1)
        first = call(pool)
        await gate.arrived.acquire()
        second = call(pool)
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).body == b"ok"
        assert first.cancelled()
        assert [seen.connection for seen in service.seen] == [0, 1]
        gate.open.set()
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)


async def test_a_call_cancelled_after_its_answer_came_does_not_disturb_whoever_has_the_connection_now(
    make_pool: MakePool,
) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1)
        for _ in range(20):
            gate.open.clear()
            first = call(pool)
            await gate.arrived.acquire()
            second = call(pool)
            await asyncio.sleep(0)
            connection = next(iter(pool._busy))
            gate.open.set()
            while connection.busy:  # noqa: ASYNC110 - a moment between two steps of the loop
                await asyncio.sleep(0)
            first.cancel()
            assert (await second).body == b"ok"
            await asyncio.wait([first])
        assert service.connections == 1


async def test_an_answer_that_comes_in_the_same_moment_as_the_cancellation_does_not_save_the_connection(
    make_pool: MakePool,
) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url)
        first = call(pool)
        await gate.arrived.acquire()
        (connection,) = pool._busy
        first.cancel()
        connection.data_received(OK)
        await asyncio.wait([first])
        assert first.cancelled()
        assert pool._open == 0


async def test_a_call_cancelled_at_the_moment_its_turn_comes_passes_the_turn_on(make_pool: MakePool) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1)
        first = call(pool)
        await gate.arrived.acquire()
        second, third = call(pool), call(pool)
        await asyncio.sleep(0)
        gate.open.set()
        while len(pool._waiters) == 2:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0)
        second.cancel()
        assert (await third).body == (await first).body == b"ok"
        assert second.cancelled()
        assert service.connections == 1


async def test_a_waiting_call_may_be_cancelled(make_pool: MakePool) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1)
        first = call(pool)
        await gate.arrived.acquire()
        second, third = call(pool), call(pool)
        await asyncio.sleep(0)
        second.cancel()
        gate.open.set()
        assert (await first).body == (await third).body == b"ok"
        assert len(service.seen) == 2


async def test_a_connection_that_dies_makes_room_for_a_waiting_call(make_pool: MakePool) -> None:
    async def dies(peer: Peer) -> None:
        await peer.read()
        await asyncio.sleep(0.05)
        peer.reset()

    async with serving(dies, answers(OK)) as service:
        pool = make_pool(service.url, max_connections=1)
        first, second = call(pool), call(pool)
        assert (await second).body == b"ok"
        with pytest.raises(Broken):
            await first


async def test_closing_the_pool_ends_every_call(make_pool: MakePool) -> None:
    gate = Gate()
    async with serving(gate) as service:
        pool = make_pool(service.url, max_connections=1)
        running, waiting = call(pool), call(pool)
        await gate.arrived.acquire()
        await pool.aclose()
        results = await asyncio.gather(running, waiting, call(pool), return_exceptions=True)
        assert [type(result) for result in results] == [Broken, Unreachable, Unreachable]
        assert [error.sent for error in results if isinstance(error, UpstreamError)] == [True, False, False]
        gate.open.set()
        await asyncio.wait_for(service.peers[0].ended.wait(), 1)


async def test_a_thousand_calls_with_faults_and_cancellations_lose_no_connection(make_pool: MakePool) -> None:
    async def moody(peer: Peer) -> None:
        turn = peer.number
        while True:
            await peer.read()
            turn += 1
            if turn % 7 == 0:
                peer.reset()
                return
            await peer.send(b"HTTP/1.1 2" if turn % 11 == 0 else OK)
            if turn % 11 == 0:
                return

    async with serving(moody) as service:
        pool = make_pool(service.url, max_connections=5)
        good = 0
        for _ in range(20):
            tasks = [call(pool) for _ in range(50)]
            await asyncio.sleep(0.002)
            for task in tasks[::9]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            good += sum(isinstance(result, Response) and result.body == b"ok" for result in results)
            others = [each for each in results if not isinstance(each, (Response, Broken, asyncio.CancelledError))]
            assert others == []
            assert pool._open <= 5
        assert good > 500
        assert service.connections > 50
