"""Several couriers share the lanes, whoever comes first, and none waits for a courier that takes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

from sqlalchemy import select

from gateway.stores.sql import Session, webhook_clock, webhook_housekeeping
from gateway.stores.sql.webhook_models import LaneRow
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Received, Receiver, answer, receiving, until

LANES = 12
EVENTS = 400


def alive(session: Session, *names: str) -> None:
    """These couriers say that they live."""
    for name in names:
        webhook_housekeeping.beat(session, name, webhook_clock.now(session))


def held(session: Session) -> Counter[str | None]:
    """How many lanes each courier holds."""
    return Counter(session.scalars(select(LaneRow.leased_by).where(LaneRow.leased_by.is_not(None))))


async def _slowly(_: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.05)
    writer.write(answer(200))
    await writer.drain()


async def _subscribed(post: Post, receiver: Receiver) -> None:
    for _ in range(LANES):
        await post.subscribe(receiver.url, max_in_flight=1)
    await post.happen(*range(EVENTS))


async def test_a_courier_that_holds_all_lanes_hands_some_on_to_one_that_comes(post: Post) -> None:
    async with receiving(_slowly) as receiver:
        await _subscribed(post, receiver)
        async with post.delivering(name="first"):
            await until(lambda: held_now(post)["first"] == LANES)
            async with post.delivering(name="second"):
                with post.sql.session() as session:
                    alive(session, "first", "second")
                await until(lambda: held_now(post) == {"first": LANES // 2, "second": LANES // 2}, 20.0)
            # Who stops gives its own back, and they are taken over.
            await until(lambda: held_now(post) == {"first": LANES}, 20.0)
    sent = Counter(each.id for each in receiver.received)
    assert max(sent.values()) <= LANES, "nothing is sent twice"


async def test_what_nobody_takes_is_taken_again_and_not_handed_on_for_a_while(post: Post) -> None:
    async with receiving(_slowly) as receiver:
        await _subscribed(post, receiver)
        async with post.delivering(name="first"):
            await until(lambda: held_now(post)["first"] == LANES)
            with post.sql.session() as session:
                alive(session, "first", "one that hangs")
            await until(lambda: held_now(post)["first"] == LANES // 2, 20.0)
            await until(lambda: held_now(post)["first"] == LANES, 20.0)
            began = len(receiver.received)
            await until(lambda: len(receiver.received) >= began + 2 * LANES)
            assert held_now(post)["first"] == LANES


def held_now(post: Post) -> Counter[str | None]:
    with post.sql.session(read_only=True) as session:
        return held(session)
