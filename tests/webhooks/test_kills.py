"""kill -9 of real couriers on both databases (events.md §1, the kill table; §7, cases 3, 8 and 33).

A run kills a few at each point; `make chaos ROUNDS=n` as many more.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from contextlib import suppress
from dataclasses import replace
from multiprocessing.process import BaseProcess
from typing import Final

import pytest
from sqlalchemy import update

from gateway.stores.sql import Sql, webhook_events, webhook_lanes, webhook_queue
from gateway.stores.sql.webhook_models import LaneRow
from gateway.stores.sql.webhook_turns import BATCH
from gateway.webhooks.intake import Intake, Unavailable
from tests.stores.records import TENANT
from tests.stores.webhooks import event
from tests.webhooks.delivering import KEYRING, Post
from tests.webhooks.mortal import POINTS, Life, born, said
from tests.webhooks.receivers import Received, Receiver, answer, receiving, until

LIVES: Final = int(os.environ.get("CHAOS_ROUNDS", "1"))
EVENTS: Final = 100 if LIVES == 1 else 70  # of each life; more than one transaction takes in
IN_FLIGHT: Final = 8
# At which time it dies there: anywhere between the first and one that every life gets to.
LATEST: Final = {
    "the event is written and not committed": 2,
    "the event is committed and not answered": 2,
    "the post is under way": 60,
    "the answer is read and not settled": 60,
    "the outcomes are written and not committed": 2,
    "the outcomes are committed and not known to be": 2,
}
# What was sent before these is settled, or there is none: nothing is sent twice.
CLEAN: Final = frozenset({"the lane is leased and nothing sent", "rows are made from the log and not committed"})


@pytest.mark.parametrize("point", POINTS)
async def test_case_3_what_was_accepted_is_delivered_wherever_its_courier_was_killed(
    point: str, url: str, sql: Sql
) -> None:
    post, chance = Post(sql), random.Random(point)
    async with receiving(_unhurried) as receiver:
        made = await post.subscribe(receiver.url, max_in_flight=IN_FLIGHT)
        for life in range(LIVES):
            numbers = range(life * EVENTS, (life + 1) * EVENTS)
            nth = chance.randint(1, LATEST.get(point, 1))
            mortal = Life(url, KEYRING, f"mortal:{life}", numbers, point, nth)
            if point.startswith("rows are made"):
                with sql.session() as session:
                    session.execute(update(LaneRow).values(cursor=life * EVENTS, next_due=0))
                await post.happen(*numbers)
                mortal = replace(mortal, events=())
            answered = await _killed(receiver, mortal)
            with sql.session() as session:
                # What the next courier in its place does first.
                webhook_lanes.end_leases(session, "mortal:")
            # The sender repeats whatever it was not answered, and for good measure what it was.
            intake = Intake(sql, lambda _: None)
            again = await asyncio.gather(*(_told(intake, number) for number in numbers))
            told = {number for number, event_id in zip(numbers, again, strict=True) if event_id is not None}
            assert answered & told == set(), "answered with 2xx, and lost"
            # Of the next one, too: a row that was in hand of four dead couriers in a row is taken for what ended them.
            async with post.delivering():
                await until(lambda done=numbers.stop: len(post.deliveries(made)) == done, 60)  # type: ignore[misc]
                delivered = await post.settled(made, seconds=60)
        with sql.session() as session:
            ids = [f"evt_{each.id}" for each in webhook_events.page(session, TENANT.id, limit=LIVES * EVENTS + 1)]
            assert webhook_queue.depth(session, 0)[0] == 0
    assert len(ids) == len(delivered) == LIVES * EVENTS, "each event is one, and one delivery"
    assert set(receiver.ids()) == set(ids), "every one was sent, and nothing else"
    twice = len(receiver.received) - len(ids)
    assert twice <= (0 if point in CLEAN else LIVES * (IN_FLIGHT + BATCH)), f"{twice} of {len(ids)} were sent again"
    print(f"{LIVES} kills, {len(ids)} events, {twice} sent twice")


async def _told(intake: Intake, number: int) -> str | None:
    """As a sender does it: again while the answer is 503."""
    while True:
        with suppress(Unavailable):
            return await intake.accept(event(number))


async def _unhurried(_: Received, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(0.005)
    writer.write(answer())


async def _killed(receiver: Receiver, life: Life) -> set[int]:
    """The events that it had answered when it died."""
    process, connection = born(life)
    if life.point == "the post is under way":
        _kills(receiver, process, life.nth)
    await asyncio.to_thread(process.join, 90)
    assert process.exitcode == -signal.SIGKILL, f"it was not killed: {process.exitcode}"
    return said(connection)


def _kills(receiver: Receiver, process: BaseProcess, nth: int) -> None:
    left = [nth]

    async def behave(got: Received, writer: asyncio.StreamWriter) -> None:
        left[0] -= 1
        if not left[0]:
            process.kill()
        await _unhurried(got, writer)

    receiver.behave = behave


async def test_case_33_a_row_that_ends_its_courier_each_time_is_parked_and_the_others_arrive(
    url: str, sql: Sql
) -> None:
    post = Post(sql)
    async with receiving() as receiver:
        made = await post.subscribe(receiver.url, max_in_flight=1)
        await post.happen(*range(30))
        for life in range(4):
            await _killed(receiver, Life(url, KEYRING, f"mortal:{life}", fatal=["deal7"]))
            with sql.session() as session:
                webhook_lanes.end_leases(session, "mortal:")
        process, _ = born(Life(url, KEYRING, "mortal:4", fatal=["deal7"]))
        delivered = await post.settled(made, "delivered", "dead")
        process.terminate()
        await asyncio.to_thread(process.join, 30)
    assert process.exitcode == 0, "the fifth was not killed"
    (poison,) = [each for each in delivered if each.status == "dead"]
    assert poison.reason == "poison" and len(receiver.received) >= 29


async def test_case_33_couriers_that_are_killed_at_random_make_no_row_poison(url: str, sql: Sql) -> None:
    post, chance = Post(sql), random.Random(33)
    async with receiving(_unhurried) as receiver:
        made = await post.subscribe(receiver.url, max_in_flight=IN_FLIGHT)
        await post.happen(*range(200))
        for life in range(10):
            alive = Life(url, KEYRING, f"mortal:{life}", point="the post is under way", nth=chance.randint(1, 12))
            await _killed(receiver, alive)
            with sql.session() as session:
                webhook_lanes.end_leases(session, "mortal:")
        async with post.delivering():
            await post.settled(made, seconds=60)
    assert len(set(receiver.ids())) == 200
