"""Case 12 of events.md §7: an endpoint is down for six hours and comes back, on both databases, by a clock of the test's own.

What decides when something is sent are the courier's own parts (`outcomes`, `health`, `schedule`, `held`), and the rows are
those of the store: only the wire and the clock are not there. `make chaos` has the whole hundred thousand events, of which the
first ten thousand are rows; here the lane reads from the log after a few hundred.
"""

from __future__ import annotations

import heapq
import itertools
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import func, select, update

from gateway.egress.dialling import Dialler
from gateway.egress.resolving import Resolver
from gateway.stores.sql import Sql, webhook_events, webhook_filling, webhook_lanes, webhook_queue
from gateway.stores.sql.webhook_accepting import LONGEST
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_models import DeliveryRow, LaneRow, QueueRow
from gateway.stores.sql.webhook_queue import Due
from gateway.webhooks import outcomes
from gateway.webhooks.health import Pace
from gateway.webhooks.held import Held
from gateway.webhooks.messages import Recipient
from gateway.webhooks.schedule import HOUR, SECOND
from gateway.webhooks.sending import Sent, Wire
from tests.stores.webhooks import NOW, event, subscribed
from tests.webhooks.delivering import LOCAL

EVENTS: Final = 100_000 if int(os.environ.get("CHAOS_ROUNDS", "1")) > 1 else 2_000
AT_ONCE: Final = 500
CAP: Final = 8
DOWN: Final = 6 * HOUR
ANSWERS: Final = 50  # milliseconds that the endpoint takes once it is back
_UP, _AWAY = Sent(204, None, ANSWERS / 1000, None, {}, None), Sent(None, "connect", 0.0, None, {}, None)


@dataclass
class Courier:
    """One lane, driven by hand: `sent` has the moment of each attempt, in milliseconds."""

    sql: Sql
    held: Held
    now: int
    sent: list[int] = field(default_factory=list)
    most: int = 0

    @property
    def lane(self) -> Lane:
        return self.held.lane

    def take(self) -> None:
        """What is due, as in a turn; rows from the log when there are none."""
        with self.sql.session() as session:
            wanted = {self.lane.endpoint_id: (64, [each.delivery_id for each in self.held.hand()])}
            due = webhook_queue.take(session, wanted, self.now)[self.lane.endpoint_id]
            if not due and self.lane.cursor is not None and self.held.idle:
                filled = webhook_filling.fill(session, self.lane, self.now)
                assert filled is not None
                self.lane.cursor = filled.cursor
        self.held.take(due, 64)

    def settle(self) -> None:
        part = self.held.part(self.now / 1000, leave=False, others=False, stopping=False)
        with self.sql.session() as session:
            webhook_queue.settle(session, part.outcomes, self.now)
            webhook_queue.give_back(session, part.given_back)

    def attempt(self, due: Due, sent: Sent) -> None:
        """Its end, as `Attempts` notes it."""
        verdict = outcomes.judged(self.lane, due, sent, b"{}", self.now, 0.5)
        self.held.in_flight.pop(due.delivery_id)
        self.held.pace.answered(sent.seconds, sent.status, self.now / 1000)
        self.held.outcomes.append(verdict.outcome)
        assert verdict.disabled is None, "six hours are no reason to give up"
        if verdict.blocked:
            self.held.pace.limit = 1.0
            self.held.drop()

    def begin(self) -> Due | None:
        """What may be sent at this moment."""
        if self.now < self.lane.blocked_until or not self.held.waiting:
            return None
        if not self.held.pace.room(len(self.held.in_flight), 0, self.now / 1000, replay=False):
            return None
        due = self.held.next()
        self.held.in_flight[due.delivery_id] = due
        self.held.pace.sent(self.now / 1000)
        self.sent.append(self.now)
        self.most = max(self.most, len(self.held.in_flight))
        return due


def leased(sql: Sql, made: Endpoint) -> Courier:
    with sql.session() as session:
        session.execute(update(LaneRow).values(succeeded_at=NOW - HOUR, next_due=NOW))
        (lane,) = webhook_lanes.lease(session, "c", 1, NOW)
    recipient = Recipient(made, "http://127.0.0.1:1/", (), b"")
    wire = Wire(Dialler(LOCAL, Resolver(1)), recipient.url, CAP)
    return Courier(sql, Held(lane, recipient, Pace.of(lane, CAP, None), wire, 0.0, 1e12), NOW)


def test_case_12_after_six_hours_nothing_is_lost_and_no_burst_is_above_the_doubling_curve(sql: Sql) -> None:
    with sql.session() as session:
        made = subscribed(session, max_in_flight=CAP)
    courier = leased(sql, made)

    # Down: events come all the time, and whatever may be sent fails at once.
    for first in range(0, EVENTS, AT_ONCE):
        courier.now = NOW + DOWN * first // EVENTS
        with sql.session() as session:
            told = [event(number) for number in range(first, min(first + AT_ONCE, EVENTS))]
            webhook_events.accept(session, told, courier.now, [made.id])
            if first == 0 and EVENTS < LONGEST:
                session.execute(update(LaneRow).values(cursor=AT_ONCE))
            courier.lane.cursor = session.get_one(LaneRow, made.id).cursor
        if courier.lane.blocked_until <= courier.now:
            courier.take()
            while (due := courier.begin()) is not None:
                courier.attempt(due, _AWAY)
            courier.settle()
    probes = len(courier.sent)
    assert 5 <= probes <= 6 * 4 + 20, f"one probe each quarter of an hour: {probes}"
    with sql.session() as session:
        assert courier.lane.cursor is not None, "the backlog is a position in the log"
        assert (session.scalar(select(func.count()).select_from(QueueRow)) or 0) <= LONGEST + AT_ONCE

    # Up: the clock goes from event to event.
    courier.now, courier.sent, courier.most = NOW + DOWN + HOUR, [], 0
    under_way: list[tuple[int, int, Due]] = []
    number = itertools.count()
    delivered = 0
    while delivered < EVENTS:
        while True:
            if len(courier.held.outcomes) >= 64:
                courier.settle()
            if not courier.held.waiting:
                courier.settle()
                courier.take()
            if (due := courier.begin()) is None:
                break
            heapq.heappush(under_way, (courier.now + ANSWERS, next(number), due))
        if under_way:
            courier.now, _, due = heapq.heappop(under_way)
            courier.attempt(due, _UP)
            delivered += 1
        else:
            courier.now += SECOND  # rows that were tried are due again at their own times
    courier.settle()

    assert courier.most == CAP
    seconds = Counter((at - courier.sent[0]) // SECOND for at in courier.sent)
    for second, sent in seconds.items():
        # One, two, four at once, each answered 20 times a second.
        allowed = min(CAP, 2 ** (min(second, 30) + 1)) * SECOND // ANSWERS
        assert sent <= allowed, f"{sent} in second {second} after it came back"
    assert seconds[0] < seconds[2] <= CAP * SECOND // ANSWERS, "slowly at first"
    with sql.session() as session:
        states = dict(session.execute(select(DeliveryRow.status, func.count()).group_by(DeliveryRow.status)).all())
        assert states == {"delivered": EVENTS}
        assert webhook_queue.depth(session, courier.now)[0] == 0
