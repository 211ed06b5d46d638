"""The end of a token is announced until the store takes it: a store that refuses one write must not keep the token alive."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateway.oauth.announce_revoked import Announcements
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql.grants import Revoked
from gateway.stores.token_generations import Liveness, live_key

ENDED = (Revoked("biz1", "one", 2), Revoked("biz1", "two", 5))


@pytest.fixture
async def announcements(line: RedisConnection) -> AsyncIterator[Announcements]:
    made = Announcements(Liveness(line))
    yield made
    await line.command("CONFIG", "SET", "maxmemory", "0")
    await made.stop()


async def kept(line: RedisConnection) -> list[int]:
    found = [await line.command("GET", live_key(each.tenant_id, each.token_id)) for each in ENDED]
    return [int(each or 0) for each in found]


async def full(line: RedisConnection) -> None:
    for each in ENDED:
        await Liveness(line).confirm(each.tenant_id, each.token_id, 1)
    await line.command("CONFIG", "SET", "maxmemory", "1")


async def test_an_announcement_that_the_store_refused_is_made_within_a_second_of_its_return(
    line: RedisConnection, announcements: Announcements, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    await full(line)
    await announcements.announce(ENDED)
    assert await kept(line) == [1, 1], "the store knows the old generations: workers would go on with them"
    assert logged()[-1]["event"] == "revocation not announced yet"
    await line.command("CONFIG", "SET", "maxmemory", "0")
    async with asyncio.timeout(1):
        while await kept(line) != [2, 5]:  # noqa: ASYNC110 - nothing tells of what the store keeps
            await asyncio.sleep(0.02)


async def test_what_ends_while_others_wait_to_be_announced_is_announced_with_them(
    line: RedisConnection, announcements: Announcements
) -> None:
    await full(line)
    await announcements.announce(ENDED[:1])
    await line.command("CONFIG", "SET", "maxmemory", "0")
    await announcements.announce(ENDED[1:])
    assert await kept(line) == [2, 5]


async def test_a_worker_that_stops_announces_once_more_and_says_what_nobody_was_told(
    line: RedisConnection, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    await full(line)
    leaving = Announcements(Liveness(line))
    await leaving.announce(ENDED)
    await leaving.stop()
    assert (logged()[-1]["event"], logged()[-1]["tokens"]) == ("revocation never announced", ["tok_one", "tok_two"])
    await line.command("CONFIG", "SET", "maxmemory", "0")
    await leaving.announce(())
    await leaving.stop()
    assert await kept(line) == [2, 5]
