"""What is remembered of a sandbox's calls: the last ones, within a bound, in order."""

from __future__ import annotations

import asyncio

from gateway.stores import call_log
from gateway.stores.call_log import CallLog
from gateway.stores.redis_connection import RedisConnection


async def test_the_last_200_calls_are_remembered_newest_first_and_can_be_read_in_pages(line: RedisConnection) -> None:
    log = CallLog(line)
    for nth in range(call_log.MOST + 5):
        await log.note("t", {"nth": nth})
    whole = await log.newest("t", 1000)
    assert [each.call["nth"] for each in whole] == list(range(204, 4, -1))
    page = await log.newest("t", 3, before=whole[9].number)
    assert page == whole[10:13]
    assert await log.newest("u", 10) == []


async def test_what_is_remembered_is_bounded_in_bytes(line: RedisConnection) -> None:
    log = CallLog(line)
    for nth in range(30):
        await log.note("t", {"nth": nth, "body": "x" * 100_000})
    kept = await log.newest("t", 1000)
    assert [each.call["nth"] for each in kept] == list(range(29, 29 - len(kept), -1)) and 15 <= len(kept) < 20
    assert int(await line.command("HGET", "gw:{t}:called", "bytes")) <= call_log.MOST_BYTES


async def test_calls_at_once_have_numbers_of_their_own(line: RedisConnection) -> None:
    log = CallLog(line)
    await asyncio.gather(*(log.note("t", {"nth": nth}) for nth in range(50)))
    numbers = [each.number for each in await log.newest("t", 1000)]
    assert numbers == list(range(50, 0, -1))
