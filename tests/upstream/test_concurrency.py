"""How many calls a service is given at once, and what becomes of the others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from gateway.observe import metrics
from gateway.upstream import (
    Limiting,
    Response,
    Shed,
    Timeout,
    UpstreamError,
)
from gateway.upstream.concurrency import Concurrency
from tests.upstream.guarded import MakeGuard, Scripted, read
from tests.upstream.service import serving


async def test_a_hung_service_holds_a_bounded_number_of_requests_and_the_others_are_told_at_once(
    make_guard: MakeGuard,
) -> None:
    script = Scripted(lambda _: 5.0)
    async with serving(script) as service:
        guard = make_guard(service.url, total=1.0, limiting=Limiting(most=4, queue=8, wait=0.2))
        began = time.perf_counter()

        async def ask() -> tuple[str, float]:
            try:
                await read(guard)
            except UpstreamError as error:
                return type(error).__name__, time.perf_counter() - began
            return "answered", time.perf_counter() - began

        ended = await asyncio.gather(*(ask() for _ in range(100)))
        kinds = [kind for kind, _ in ended]
        assert (kinds.count("Timeout"), kinds.count("Shed")) == (4, 96)
        at_once = sorted(seconds for kind, seconds in ended if kind == "Shed")
        assert at_once[-1] < 0.8  # long before those that are under way
        assert at_once[87] < at_once[-1]
        assert guard._concurrency.under_way == 0 and not guard._concurrency.waiters


async def test_those_that_wait_get_their_turn_in_order(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: 0.02)
    async with serving(script) as service:
        guard = make_guard(service.url, limiting=Limiting(most=2, queue=100, wait=2.0))
        done: list[int] = []

        async def ask(number: int) -> None:
            await read(guard)
            done.append(number)

        await asyncio.gather(*(ask(number) for number in range(20)))
        assert script.peak <= 2
        assert [number // 2 for number in done] == [number // 2 for number in range(20)]


async def test_a_place_in_the_queue_is_given_up_with_its_request(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: 0.1)
    async with serving(script) as service:
        guard = make_guard(service.url, limiting=Limiting(most=1, queue=5, wait=2.0))
        asking = [asyncio.create_task(read(guard)) for _ in range(5)]
        await asyncio.sleep(0.02)
        for task in asking[1:4]:
            task.cancel()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [isinstance(each, Response) for each in ended] == [True, False, False, False, True]
        assert script.count == 2 and guard._concurrency.under_way == 0
        first, second = await asyncio.gather(read(guard), read(guard, within=0.05), return_exceptions=True)
        assert isinstance(first, Response) and isinstance(second, Timeout)


def test_a_service_that_slows_down_is_given_fewer_calls_and_more_again_when_it_has_recovered() -> None:
    """By a model of a service that works at 20 calls at once and slows down in proportion beyond."""
    limit = Concurrency("model", Limiting(most=200))
    now = 0.0

    def seconds(at_once: float, fitting: float) -> float:
        return 0.01 * max(1.0, at_once / fitting)

    def run(fitting: float, windows: int) -> None:
        nonlocal now
        for _ in range(windows):
            now += 0.2
            for _ in range(20):
                limit.under_way = limit.allowed
                limit.answered(now, seconds(limit.allowed, fitting))
        limit.under_way = 0

    run(400, 50)
    assert limit.allowed == 200
    run(20, 60)
    low = limit.allowed
    assert low < 80
    run(400, 200)
    assert limit.allowed > 150


def test_a_service_that_has_become_slower_for_good_is_usual_in_time() -> None:
    limit = Concurrency("slower", Limiting(most=40))
    now, lowest = 0.0, 40

    def windows(seconds: float) -> Iterator[int]:
        nonlocal now
        for number in range(300):
            now += 0.1
            for _ in range(20):
                limit.under_way = limit.allowed
                limit.answered(now, seconds)
            yield number

    for _ in windows(0.005):
        assert limit.allowed == 40
    for number in windows(0.2):
        lowest = min(lowest, limit.allowed)
        if number > 50 and limit.allowed == 40:
            break
    assert lowest < 8 and number <= 200


async def test_who_waits_gets_the_places_by_which_the_limit_grows_and_no_newcomer() -> None:
    limit = Concurrency("growing", Limiting(most=40, queue=10, wait=5.0))
    limit._allow(4.0)
    limit.under_way = 4
    until = asyncio.get_running_loop().time() + 10
    waiting = [asyncio.create_task(limit.turn(until)) for _ in range(6)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    limit._allow(7.5)
    await asyncio.sleep(0.01)
    assert [each.done() for each in waiting] == [True, True, True, True, False, False]
    assert limit.under_way == limit.allowed == 7
    for _ in range(9):
        limit.left()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert limit.under_way == 0 and not limit.waiters


def test_calls_that_are_few_prove_nothing_and_change_no_limit() -> None:
    limit = Concurrency("idle", Limiting(most=100))
    for turn in range(1000):
        limit.under_way = 1
        limit.answered(turn * 0.2, 0.01 * (1 + turn % 50))
    assert limit.allowed == 100


async def test_the_queue_is_as_long_as_there_are_calls_that_wait_whatever_ends_their_waiting() -> None:
    limit = Concurrency("queued", Limiting(most=1, queue=5, wait=0.05))

    def length() -> str:
        text = metrics.exposition().decode()
        return text.partition('\ngateway_upstream_queue_length{service="queued"} ')[2].partition("\n")[0]

    assert length() == "0.0"
    limit.under_way = 1
    waiting = [asyncio.create_task(limit.turn(asyncio.get_running_loop().time() + 10)) for _ in range(3)]
    await asyncio.sleep(0)
    assert length() == "3.0"
    limit.left()
    waiting[1].cancel()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(each) for each in ended] == [type(None), asyncio.CancelledError, Shed]
    assert length() == "0.0"


def test_a_former_configuration_neither_hides_what_the_present_one_allows_nor_outlives_its_end() -> None:
    def shown() -> str:
        text = metrics.exposition().decode()
        return text.partition('\ngateway_upstream_concurrency_limit{service="swapped"} ')[2].partition("\n")[0]

    def late(limit: Concurrency) -> None:
        limit.under_way = 1
        limit.left(late=True)

    former, present = Concurrency("swapped", Limiting(most=100)), Concurrency("swapped", Limiting(most=30))
    assert shown() == "130.0"
    late(former)
    assert shown() == "120.0"
    former.retire()
    assert shown() == "30.0"
    late(former)  # what was under way may end afterwards
    late(present)
    assert shown() == "27.0"
    former.retire()
    present.retire()
    assert shown() == "0.0", "nobody asks the service any more"


async def test_a_service_that_is_closed_is_allowed_nothing(make_guard: MakeGuard) -> None:
    guard = make_guard("http://127.0.0.1:9", limiting=Limiting(most=7))
    shown = f'gateway_upstream_concurrency_limit{{service="{guard.name}"}} '
    assert shown + "7.0" in metrics.exposition().decode()
    await guard.aclose()
    assert shown + "0.0" in metrics.exposition().decode()


async def test_too_many_at_once_are_refused_without_a_word_to_the_service(make_guard: MakeGuard) -> None:
    script = Scripted(lambda _: 0.2)
    async with serving(script) as service:
        guard = make_guard(service.url, limiting=Limiting(most=1, queue=0))
        first = asyncio.create_task(read(guard))
        await asyncio.sleep(0.02)
        with pytest.raises(Shed):
            await read(guard)
        assert (await first).status == 200 and script.count == 1
