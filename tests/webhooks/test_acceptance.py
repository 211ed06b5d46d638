"""What becomes of an event between the ingest's door and its lane (events.md §7): once whoever repeats it, never half, and fairly."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.stores.sql import Sql, webhook_clock, webhook_events
from gateway.webhooks.intake import Intake, Unavailable
from tests.stores.records import TENANT
from tests.stores.webhooks import event
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Received, answer, receiving


def unheard(_: Iterable[str]) -> None:
    """Nobody is woken: couriers look by themselves."""


async def test_case_2_the_same_post_at_two_couriers_at_once_is_one_event_and_one_delivery(
    post: Post, tmp_path: Path
) -> None:
    other = Sql(f"sqlite:///{tmp_path}/gateway.db")
    intakes = Intake(post.sql, unheard), Intake(other, unheard)
    async with receiving() as receiver, post.delivering(), post.delivering():
        made = await post.subscribe(receiver.url)
        answers = await asyncio.gather(*(intakes[number % 2].accept(event(1)) for number in range(20)))
        (event_id,) = [each for each in answers if each is not None]
        await post.settled(made)
        await receiver.has(1)
    other.close()
    assert receiver.ids() == [f"evt_{event_id}"]
    assert len(post.deliveries(made)) == 1


async def test_case_4_an_event_that_sql_does_not_take_is_refused_and_taken_once_when_it_is_repeated(
    post: Post, tmp_path: Path
) -> None:
    intake = Intake(post.sql, unheard)
    made = await post.subscribe("http://127.0.0.1:1/")
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Unavailable):
        await intake.accept(event(1))
    assert post.deliveries(made) == []
    other.execute("ROLLBACK")
    other.close()
    # Whether the first one was committed after all only the store knows: the sender cannot, and repeats it.
    await intake.accept(event(1))
    await intake.accept(event(1))
    with post.sql.session(read_only=True) as session:
        assert len(webhook_events.page(session, TENANT.id)) == 1
    assert len(post.deliveries(made)) == 1


async def test_an_event_that_sql_refuses_for_good_is_refused_at_once_and_told_and_holds_up_no_other(
    post: Post, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    intake = Intake(post.sql, unheard)
    impossible: Any = None
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await intake.accept(replace(event(1), tenant_id=impossible))
    assert await intake.accept(event(2)) and time.monotonic() - began < 1.0
    (line,) = [each for each in logged() if each["event"] == "webhook events not accepted"]
    assert (line["level"], line["events"], line["reason"]) == ("error", 1, "SQLITE_CONSTRAINT_NOTNULL")


async def test_case_11_a_backlog_of_one_endpoint_holds_up_no_other(post: Post) -> None:
    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        writer.write(answer())

    async with receiving(slow) as busy, receiving() as receiver:
        crowded = await post.subscribe(busy.url, events=("deal.lost",))
        other = await post.subscribe(receiver.url)
        for start in range(0, 5000, 500):
            with post.sql.session() as session:
                now = webhook_clock.now(session)
                webhook_events.accept(session, [event(start + n, type="deal.lost") for n in range(500)], now)
        async with post.delivering():
            await busy.has(8)
            began = time.monotonic()
            await post.happen(9999)
            await receiver.has(1)
            assert time.monotonic() - began < 1.0
            await post.settled(other)
    assert "pending" in post.statuses(crowded)
