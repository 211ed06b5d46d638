"""Couriers and ingest at the same rows at the same moment, on both databases (events.md §7, cases 2, 5, 8 and 40)."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from threading import Barrier
from typing import Any

from sqlalchemy import update

from gateway.stores.sql import Session, Sql, webhook_clock, webhook_events, webhook_lanes, webhook_queue, webhook_turns
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_models import LaneRow
from gateway.stores.sql.webhook_queue import Due
from gateway.stores.sql.webhook_turns import Part, TurnResult
from tests.stores.test_sql_webhooks import delivered
from tests.stores.webhooks import AT, event, subscribed

ROUNDS = 50 * int(os.environ.get("CHAOS_ROUNDS", "1"))


def part(lane: Lane, due: list[Due], *, leave: bool) -> Part:
    return Part(lane, [delivered(each) for each in due], [], [], 0, AT, changed=False, leave=leave)


def accepted(session: Session, number: int) -> webhook_events.Accepted:
    return webhook_events.accept(session, [event(number)], webhook_clock.now(session))


def leased(sql: Sql, courier: str = "a", places: int = 10) -> TurnResult:
    with sql.session() as session:
        return webhook_turns.turn(session, courier, [], places)


def at_once(sql: Sql, *works: Callable[[Session], Any]) -> list[Any]:
    """Each in a transaction and a thread of its own, begun together."""
    ready = Barrier(len(works))

    def run(work: Callable[[Session], Any]) -> Any:
        ready.wait()
        with sql.session() as session:
            return work(session)

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def test_case_5_a_lane_that_is_put_to_sleep_while_a_row_comes_is_found_at_once(sql: Sql) -> None:
    with sql.session() as session:
        made = subscribed(session)
        accepted(session, 0)
    for number in range(1, ROUNDS):
        got = leased(sql)
        assert [lane.endpoint_id for lane in got.leased] == [made.id], f"asleep before round {number}"
        leaving = part(got.leased[0], got.due[made.id], leave=True)
        at_once(
            sql, partial(webhook_turns.turn, courier="a", parts=[leaving], places=0), partial(accepted, number=number)
        )
    with sql.session() as session:
        assert webhook_lanes.repair(session, webhook_clock.now(session)) == 0, "nothing was to be repaired"


def test_case_2_the_same_event_twenty_times_at_once_is_one_event_and_one_delivery(sql: Sql) -> None:
    with sql.session() as session:
        subscribed(session)
    found = at_once(sql, *[lambda session: accepted(session, 1)] * 4)
    found += at_once(sql, *[lambda session: accepted(session, 1)] * 4)
    assert sum(len(each.ids) for each in found) == 1
    with sql.session() as session:
        assert webhook_queue.depth(session, webhook_clock.now(session))[0] == 1


def test_case_8_who_slept_past_the_lease_changes_nothing_whatever_its_own_clock_says(sql: Sql) -> None:
    with sql.session() as session:
        made = subscribed(session)
        accepted(session, 1)
    mine = leased(sql, "sleeper")
    assert leased(sql, "other").leased == [], "a lease is one courier's"
    with sql.session() as session:
        # The database's time is what counts: as if half a minute had passed there.
        session.execute(update(LaneRow).values(leased_until=webhook_clock.now(session) - 1))
    theirs = leased(sql, "other")
    assert [lane.endpoint_id for lane in theirs.leased] == [made.id]
    with sql.session() as session:
        late = webhook_turns.turn(session, "sleeper", [part(mine.leased[0], mine.due[made.id], leave=True)], 0)
        assert late.lost == {made.id}
        assert webhook_queue.depth(session, webhook_clock.now(session))[0] == 1, "the row is the other's to settle"
    with sql.session() as session:
        done = webhook_turns.turn(session, "other", [part(theirs.leased[0], theirs.due[made.id], leave=True)], 0)
        assert done.lost == set()
        assert webhook_queue.depth(session, webhook_clock.now(session))[0] == 0


def test_a_lane_is_never_two_couriers_however_many_ask(sql: Sql) -> None:
    with sql.session() as session:
        for _ in range(40):
            subscribed(session)
        accepted(session, 1)
    names = ["a", "b", "c", "d"]
    found = at_once(sql, *[partial(webhook_turns.turn, courier=name, parts=[], places=25) for name in names])
    ids = [lane.endpoint_id for got in found for lane in got.leased]
    assert len(ids) == len(set(ids))
    again = [lane.endpoint_id for lane in leased(sql, "e", 40).leased]
    assert sorted(ids + again) == sorted({*ids, *again}) and len(ids + again) == 40


def test_case_40_every_endpoint_of_a_template_is_a_lane_and_the_flood_of_one_delays_no_other(sql: Sql) -> None:
    with sql.session() as session:
        now = webhook_clock.now(session)
        flooded = subscribed(session, events=("contact.created",))
        for number in range(200):
            subscribed(session, template_id="t" * 24, events=("deal.won",) if number else ("deal.lost",))
        webhook_events.accept(session, [event(each, type="contact.created") for each in range(1_000)], now)
        accepted(session, 5_000)
    # Those that waited longest come first: none of the others waits behind the thousand rows.
    got = leased(sql, places=256)
    assert len(got.leased) == 200
    assert {len(due) for endpoint_id, due in got.due.items() if endpoint_id != flooded.id} == {1}
    assert len(got.due[flooded.id]) == webhook_turns.BATCH
    with sql.session() as session:
        parts = [part(lane, got.due[lane.endpoint_id], leave=True) for lane in got.leased]
        webhook_turns.turn(session, "a", parts, 0)
        other = subscribed(session, events=("deal.lost",))
        webhook_events.accept(session, [replace(event(6_000), type="deal.lost")], webhook_clock.now(session))
    again = leased(sql, places=256)
    assert {other.id, flooded.id} <= {lane.endpoint_id for lane in again.leased}
