"""Standing faults: each is met as often as it says, whoever asks, and by whoever it is meant for."""

from __future__ import annotations

import asyncio
from collections import Counter

from gateway.stores import redis_url
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.standing_faults import StandingFault, StandingFaults

SEARCH = ("POST", "/v1/contacts/search", "/v1/contacts/search")
ONE = ("GET", "/v1/contacts/con_1", "/v1/contacts/{id}")


def fault(
    method: str = "*", path: str = SEARCH[1], name: str = "overloaded", times: int | None = None
) -> StandingFault:
    return StandingFault(method, path, name, times, times)


async def test_a_fault_is_met_by_its_method_and_path_or_the_template_of_one(line: RedisConnection) -> None:
    faults = StandingFaults(line)
    await faults.put("t", [fault("POST"), fault("GET", ONE[2], "conflict")])
    assert await faults.take("t", *SEARCH) == "overloaded"
    assert await faults.take("t", "GET", *SEARCH[1:]) is None
    assert await faults.take("t", *ONE) == "conflict"
    assert await faults.take("t", "GET", "/v1/contacts/con_2", ONE[2]) == "conflict"
    assert await faults.take("t", "DELETE", *ONE[1:]) is None


async def test_of_calls_at_once_over_two_workers_exactly_as_many_meet_a_fault_as_it_says(
    valkey_url: str, line: RedisConnection
) -> None:
    other = await redis_url.connect(valkey_url, timeout=5)
    try:
        one, two = StandingFaults(line), StandingFaults(other)
        await one.put("t", [fault(times=7), fault(name="conflict", times=5)])
        met = Counter(await asyncio.gather(*(each.take("t", *SEARCH) for _ in range(20) for each in (one, two))))
        assert met == {"overloaded": 7, "conflict": 5, None: 28}
        assert [each.left for each in await two.all("t")] == [0, 0]
    finally:
        await other.aclose()


async def test_what_is_set_takes_the_place_of_what_was_and_is_nobody_elses(line: RedisConnection) -> None:
    faults = StandingFaults(line)
    await faults.put("t", [fault()])
    await faults.put("t", [fault(name="conflict", times=1)])
    assert await faults.all("t") == [fault(name="conflict", times=1)]
    assert await faults.take("u", *SEARCH) is None and await faults.all("u") == []
    await faults.put("t", [])
    assert await faults.all("t") == [] and await faults.take("t", *SEARCH) is None


async def test_faults_are_gone_after_a_day_and_counting_them_down_gives_them_no_more(line: RedisConnection) -> None:
    faults = StandingFaults(line)
    await faults.put("t", [fault(times=2)])
    await line.command("EXPIRE", "gw:{t}:faults", 50)
    await faults.take("t", *SEARCH)
    assert 0 < await line.command("TTL", "gw:{t}:faults") <= 50
