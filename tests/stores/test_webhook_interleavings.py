"""Case 5 of events.md §7: a lane that is put to sleep while a row comes, in every order of the statements of both.

SQLite lets one transaction write at a time, so that there are two orders; tests/stores/test_webhook_races.py has them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

import psycopg
import pytest
from sqlalchemy import select

from gateway.stores.sql import Session, Sql, tenants, webhook_clock, webhook_deliveries, webhook_lanes, webhook_turns
from gateway.stores.sql.webhook_models import DeliveryRow, LaneRow, QueueRow
from gateway.stores.sql.webhook_queue import Due, Outcome
from gateway.stores.sql.webhook_turns import Part
from tests.stores.interleaving import Orders, Work, interleaved, run
from tests.stores.postgres import fresh_database
from tests.stores.records import TENANT
from tests.stores.test_sql_webhooks import delivered
from tests.stores.test_webhook_races import accepted, leased
from tests.stores.webhooks import AT, subscribed

# What one of the two does to a table that the other one does not touch has the same effect wherever it stands.
SHARED = re.compile(r"webhook_lanes|webhook_queue|^COMMIT$")
EVERY = re.compile("")
STOPS = EVERY if int(os.environ.get("CHAOS_ROUNDS", "1")) > 1 else SHARED
LATER = 3_600_000  # milliseconds

Settled = Callable[[Due], Outcome]
Feeding = Callable[[int, str], Work]


@pytest.fixture
def database(postgres_url: str, migrated_database: str) -> Iterator[str]:
    with fresh_database(postgres_url, migrated_database) as url:
        yield url


def failed(due: Due) -> Outcome:
    """Tried in vain, and to be tried again in an hour."""
    return Outcome(due, delivered(due).attempt, None, None, due.due_at + LATER)


def accepting(number: int, _: str) -> Work:
    return partial(accepted, number=number)


def redelivering(_: int, first: str) -> Work:
    return lambda session: webhook_deliveries.redeliver(session, first, datetime.now(UTC))


def asleep(session: Session) -> bool:
    """Whether a row is due and its lane is to be looked at later: for how long, the sweep each minute would tell."""
    now = webhook_clock.now(session)
    due = select(QueueRow.delivery_id).where(QueueRow.due_at <= now)
    lane = session.scalars(select(LaneRow)).one()
    return session.scalars(due).first() is not None and lane.next_due > now


@pytest.mark.parametrize("settled", [delivered, failed])
@pytest.mark.parametrize("feeding", [accepting, redelivering])
def test_case_5_no_order_of_the_last_settling_and_the_next_row_lets_a_lane_sleep(
    database: str, settled: Settled, feeding: Feeding
) -> None:
    sql, orders = Sql(database), Orders()
    with sql.session() as session:
        tenants.add(session, TENANT)
        made = subscribed(session)
        accepted(session, 0)
        first = session.scalars(select(DeliveryRow.id)).one()
    count = 0
    with psycopg.connect(database, autocommit=True) as monitor, interleaved():
        for count in orders:
            got = leased(sql)
            assert [lane.endpoint_id for lane in got.leased] == [made.id], f"asleep before {count}: {orders.taken}"
            outcomes = [settled(each) for each in got.due[made.id]]
            leaving = Part(got.leased[0], outcomes, [], [], 0, AT, changed=False, leave=True)
            turn = partial(webhook_turns.turn, courier="a", parts=[leaving], places=0)
            run(sql, monitor, orders, STOPS, turn, feeding(count + 1, first))
            with sql.session(read_only=True) as session:
                assert not asleep(session), f"a row waits for the sweep: {orders.taken}"
    print(f"{count + 1} orders")
    with sql.session() as session:
        assert webhook_lanes.repair(session, webhook_clock.now(session)) == 0
    sql.close()
    assert count, "there was something to choose from"
