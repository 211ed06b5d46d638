"""A service that fails: what is sent again, and when it is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from gateway.observe import metrics
from gateway.upstream import (
    Breaking,
    Broken,
    Limiting,
    Response,
    Retrying,
    Suspended,
    Timeout,
    Unreachable,
)
from gateway.upstream.breaker import Breaker
from tests.upstream.guarded import FAILED, MakeGuard, Scripted, read, write
from tests.upstream.service import OK, serving


async def test_a_read_that_was_cut_off_is_sent_again(make_guard: MakeGuard) -> None:
    script = Scripted(lambda number: None if number == 1 else OK)
    async with serving(script) as service:
        guard = make_guard(service.url, retrying=Retrying(attempts=1, backoff=0.01))
        assert (await read(guard)).status == 200
        assert script.count == 2


async def test_a_read_that_the_service_could_not_serve_is_sent_again(make_guard: MakeGuard) -> None:
    script = Scripted(lambda number: FAILED if number < 3 else OK)
    async with serving(script) as service:
        guard = make_guard(service.url, retrying=Retrying(attempts=2, budget=1.0, backoff=0.01))
        guard._saved = 2.0
        assert (await read(guard)).status == 200
        assert script.count == 3


async def test_a_write_is_sent_once_whatever_happens_to_it(make_guard: MakeGuard) -> None:
    script = Scripted(lambda number: None if number % 2 else FAILED)
    async with serving(script) as service:
        guard = make_guard(service.url, retrying=Retrying(attempts=5, budget=1.0, backoff=0.01))
        guard._saved = 10.0
        with pytest.raises(Broken):
            await write(guard)
        assert (await write(guard)).status == 503
        assert script.count == 2


async def test_what_could_not_be_sent_is_sent_again_even_if_it_writes(
    make_guard: MakeGuard, unused_tcp_port: int
) -> None:
    script = Scripted(lambda _: OK)
    guard = make_guard(f"http://127.0.0.1:{unused_tcp_port}", retrying=Retrying(attempts=5, budget=1.0, backoff=0.3))
    guard._saved = 10.0
    calling = asyncio.create_task(write(guard))
    await asyncio.sleep(0.01)
    async with serving(script, port=unused_tcp_port):
        assert (await calling).status == 200


async def test_what_took_too_long_is_not_sent_again(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: 5.0)
    async with serving(script) as service:
        guard = make_guard(service.url, total=0.2, retrying=Retrying(attempts=5, budget=1.0))
        guard._saved = 10.0
        with pytest.raises(Timeout):
            await read(guard)
        assert script.count == 1


async def test_retries_stay_below_their_share_of_the_calls(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: FAILED)
    async with serving(script) as service:
        guard = make_guard(service.url, retrying=Retrying(attempts=3, budget=0.2, backoff=0.001))
        script.say = lambda _: OK
        for _ in range(200):
            await read(guard)
        script.say, script.count = lambda _: FAILED, 0
        for _ in range(100):
            await read(guard)
        # What was saved up, 10, and nothing for calls that fail.
        assert 100 < script.count <= 111


async def test_a_service_that_fails_is_left_alone_and_then_asked_once_at_a_time(
    make_guard: MakeGuard, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    script = Scripted(lambda _: FAILED)
    async with serving(script) as service:
        guard = make_guard(service.url, breaking=Breaking(share=0.5, window=10.0, least=10, pause=0.2))
        for _ in range(10):
            assert (await read(guard)).status == 503
        began = time.perf_counter()
        for _ in range(100):
            with pytest.raises(Suspended) as suspended:
                await read(guard)
        assert suspended.value.retry_after >= 1.0
        assert time.perf_counter() - began < 0.15
        assert script.count == 10
        # Writes have a breaker of their own.
        assert (await write(guard)).status == 503
        await asyncio.sleep(0.2)
        script.say = lambda _: 0.1
        probes = await asyncio.gather(*(read(guard) for _ in range(5)), return_exceptions=True)
        assert sum(isinstance(each, Response) for each in probes) == 1
        assert [(await read(guard)).status for _ in range(5)] == [200] * 5
    told = [line["event"] for line in logged()]
    assert told == ["calls suspended", "calls resumed"]
    assert b'calls="read"' in metrics.exposition()


def test_each_probe_that_fails_doubles_the_time_until_the_next() -> None:
    breaker, now = Breaker("doubling", "read", Breaking(least=2, pause=0.05)), 100.0
    for _ in range(2):
        breaker.failed(now, "answered 503", probe=False)
    for number in range(12):
        opened, now = now, breaker._probe_at
        assert 0.8 <= (now - opened) / min(0.05 * 2**number, 30.0) <= 1.001
        with pytest.raises(Suspended):
            breaker.admit(now - 0.001)
        breaker.admit(now)
        breaker.failed(now, "answered 503", probe=True)


async def test_some_failures_among_many_answers_suspend_nothing(make_guard: MakeGuard) -> None:
    script = Scripted(lambda number: FAILED if number % 3 == 0 else OK)
    async with serving(script) as service:
        guard = make_guard(service.url, breaking=Breaking(share=0.5, least=10))
        assert {(await read(guard)).status for _ in range(60)} == {200, 503}


async def test_a_refusal_is_no_failure_of_the_service(make_guard: MakeGuard) -> None:
    refused = b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n"
    script = Scripted(lambda number: refused % (400, 404, 409, 429, 500)[number % 5])
    async with serving(script) as service:
        guard = make_guard(service.url, breaking=Breaking(least=2), retrying=Retrying(attempts=3, budget=1.0))
        for _ in range(50):
            await read(guard)
        assert script.count == 50


async def test_a_client_in_a_hurry_says_nothing_of_the_service(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: 5.0)
    async with serving(script) as service:
        guard = make_guard(service.url, breaking=Breaking(least=2), limiting=Limiting(most=8))
        for _ in range(6):
            with pytest.raises(Timeout):
                await read(guard, within=0.02)
        assert guard._reads.closed and guard._concurrency.allowed == 8


async def test_a_client_that_goes_away_frees_its_place_and_a_probe_is_the_next_ones(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: FAILED)
    async with serving(script) as service:
        guard = make_guard(service.url, breaking=Breaking(least=2, pause=0.05))
        for _ in range(2):
            await read(guard)
        await asyncio.sleep(0.06)
        script.say = lambda _: 5.0
        probe = asyncio.create_task(read(guard))
        await asyncio.sleep(0.05)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        script.say = lambda _: OK
        assert (await read(guard)).status == 200
        assert guard._concurrency.under_way == 0


async def test_a_service_that_is_not_there_is_told_as_such(make_guard: MakeGuard, unused_tcp_port: int) -> None:
    guard = make_guard(f"http://127.0.0.1:{unused_tcp_port}", breaking=Breaking(least=3))
    for _ in range(3):
        with pytest.raises(Unreachable):
            await write(guard)
    with pytest.raises(Suspended):
        await write(guard)
    with pytest.raises(Unreachable):
        await read(guard)


async def test_what_is_suspended_is_no_longer_shown_when_another_configuration_begins_anew(
    make_guard: MakeGuard, unused_tcp_port: int
) -> None:
    def shown() -> bool:
        told = metrics.exposition().decode()
        return f'gateway_breaker_open{{calls="write",service="{former.name}"}} 1.0' in told

    former, later = (make_guard(f"http://127.0.0.1:{unused_tcp_port}", breaking=Breaking(least=1)) for _ in range(2))
    for guard in (former, later):
        with pytest.raises(Unreachable):
            await write(guard)
    assert shown()
    await former.aclose()
    assert shown(), "the other one suspends them, too"
    await later.aclose()
    assert not shown()
    # What was under way may end afterwards.
    former._writes.failed(time.monotonic(), "late", probe=True)
    former._writes.worked()
    assert not shown()
