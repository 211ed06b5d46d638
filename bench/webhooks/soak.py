"""A million deliveries in one run, and a million rows that wait for one endpoint: nothing may grow."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any, Final

from sqlalchemy import func, select, text, update

from bench import needs, stub
from bench.running import cpu_seconds, resident_mb
from bench.webhooks.deployment import Deployment
from bench.webhooks.ground import ENDPOINTS, Ground
from gateway.stores.sql import Session, webhook_clock
from gateway.stores.sql.webhook_models import EndpointRow, LaneRow, QueueRow

_LOW: Final = 5_000  # rows of the queue below which there are more events
_AT_ONCE: Final = 200  # events of one transaction
_LOOKS: Final = 20
_TURN: Final = 10_000  # deliveries from a long queue or a short one, at most
_TURNS: Final = 3

# What `webhook_events.accept` would write, in one statement: a million rows of one endpoint, which are never so many by that way,
# since a lane with more than 10,000 reads from the log.
_MANY: Final = """
with made as (select lpad(to_hex(n), 24, '0') as id, n from generate_series(cast(:first as bigint), cast(:last as bigint)) as n),
events as (insert into webhook_events (id, tenant_id, sequence, type, object_id, occurred_at, received_at, fingerprint, origin)
  select id, :tenant, 1000000000 + n, 'deal.won', 'deal_' || id, now(), now(), decode(lpad(id, 64, '0'), 'hex'), 'service' from made),
deliveries as (insert into webhook_deliveries (id, endpoint_id, event_id, round, status, attempts, created_at)
  select id, :endpoint, id, '', 'pending', 0, now() from made)
insert into webhook_queue (delivery_id, endpoint_id, event_id, rank, due_at, accepted_at, attempts, claims)
  select id, :endpoint, id, 0, cast(:now as bigint) + n - :first, :now, 0, 0 from made
"""


def soaked(ground: Ground, deliveries: int, looked: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Between 5,000 and 15,000 rows wait until so many are delivered: memory, CPU a delivery, the queue's table, its dead rows."""
    looks: list[dict[str, Any]] = []
    with ExitStack() as stack:
        subject = Deployment(ground, stack, "postgresql")
        subject.subscribe()
        subject.delivered(_AT_ONCE)
        first, began = ground.receivers.count(), time.perf_counter()
        given, done, then, cpu = 0, 0, 0, cpu_seconds(subject.pids)
        while done < deliveries:
            waiting = given - done
            if waiting < _LOW and given < deliveries:
                subject.happen(_AT_ONCE)
                given += _AT_ONCE * ENDPOINTS
            time.sleep(0.2)
            done = ground.receivers.count() - first
            ground.receivers.seen()
            if done - then >= deliveries // _LOOKS:
                now = cpu_seconds(subject.pids)
                looks.append(_look(subject, done, time.perf_counter() - began, (now - cpu) / (done - then)))
                looked(looks[-1])
                cpu, then = now, done
        subject.settled()
        left = subject.read(_rows)
    memory = [each["memory_mb"] for each in looks]
    return {
        "looks": looks,
        "left_in_queue": left,
        "queue_bytes_most": max(each["queue_bytes"] for each in looks),
        "dead_rows_most": max(each["dead_rows"] for each in looks),
        "memory_grown": round(memory[-1] / memory[len(memory) // 4], 3),
        "cpu_us_grown": round(looks[-1]["cpu_us"] / looks[0]["cpu_us"], 3),
    }


def _look(subject: Deployment, done: int, seconds: float, each: float) -> dict[str, Any]:
    return {
        "delivered": done,
        "seconds": round(seconds),
        "a_second": round(done / seconds),
        "cpu_us": round(each * 1e6, 1),
        "memory_mb": resident_mb(subject.pids),
        **subject.read(_table),
        "load": round(os.getloadavg()[0], 1),
    }


def queued(ground: Ground, backlog: int) -> dict[str, Any]:
    """One endpoint with so many rows, and one that has no more than what is delivered: the same deliveries of each, in turns."""
    # The long one has to be long in the last turn, too.
    each_turn = min(_TURN, backlog // 2 // (_TURNS + 1))
    with ExitStack() as stack:
        subjects = {"short": Deployment(ground, stack, "postgresql"), "long": Deployment(ground, stack, "postgresql")}
        endpoints = {name: each.subscribe(count=1, max_in_flight=64)[0] for name, each in subjects.items()}
        for name, subject in subjects.items():
            _open(subject, endpoints[name], "paused")
        began = time.perf_counter()
        _fill(subjects["long"], endpoints["long"], 1, backlog)
        needs.say(f"{backlog:,} rows wait after {time.perf_counter() - began:.0f} s")
        turns: dict[str, list[dict[str, float]]] = {"short": [], "long": []}
        for turn in range(_TURNS + 1):
            for name, subject in subjects.items():
                if name == "short":
                    _fill(subject, endpoints[name], turn * each_turn + 1, (turn + 1) * each_turn)
                found = _drained(subject, endpoints[name], each_turn)
                if turn:
                    turns[name].append(found)
            needs.say(f"a long queue and a short one, turn {turn} of {_TURNS}")
        rows = subjects["long"].read(_rows)
    cpu = {name: median(each["cpu_us"] for each in found) for name, found in turns.items()}
    memory = turns["long"][-1]["memory_mb"] / turns["short"][-1]["memory_mb"]
    return {
        "rows": rows,
        "cpu_us": cpu,
        "cpu_ratio": round(cpu["long"] / cpu["short"], 3),
        "memory_ratio": round(memory, 3),
        "turns": turns,
    }


def _drained(subject: Deployment, endpoint: str, deliveries: int) -> dict[str, float]:
    """About so many deliveries, between being opened and being paused again."""
    receivers = subject.ground.receivers
    before, cpu = receivers.count(), cpu_seconds(subject.pids)
    _open(subject, endpoint, "enabled")
    # A little less: where no more wait, those that look for more would be counted, too.
    receivers.wait_for(before + deliveries * 9 // 10)
    _open(subject, endpoint, "paused")
    count = -1
    while count != (count := receivers.count()):
        time.sleep(0.5)
    spent = cpu_seconds(subject.pids) - cpu
    receivers.seen()
    return {
        "count": count - before,
        "cpu_us": round(spent / (count - before) * 1e6, 1),
        "memory_mb": resident_mb(subject.pids),
    }


def _open(subject: Deployment, endpoint: str, status: str) -> None:
    with subject.sql.session() as session:
        session.execute(update(EndpointRow).where(EndpointRow.id == endpoint).values(status=status))
        now = webhook_clock.now(session)
        due = now if status == "enabled" else 2**62
        session.execute(update(LaneRow).where(LaneRow.endpoint_id == endpoint).values(next_due=due))


def _fill(subject: Deployment, endpoint: str, first: int, last: int) -> None:
    for start in range(first, last + 1, 100_000):
        with subject.sql.session() as session:
            given = {"first": start, "last": min(last, start + 99_999), "tenant": stub.TENANT, "endpoint": endpoint}
            # Long due, each in its order.
            session.execute(text(_MANY), given | {"now": webhook_clock.now(session) - 10_000_000})


def _rows(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QueueRow)) or 0


def _table(session: Session) -> dict[str, int]:
    """The queue's table: bytes with its indexes, and dead rows."""
    size = text("select pg_total_relation_size('webhook_queue')")
    dead = text("select n_dead_tup from pg_stat_user_tables where relname = 'webhook_queue'")
    return {"queue_bytes": int(session.scalar(size) or 0), "dead_rows": int(session.scalar(dead) or 0)}
