"""The queue: what a courier takes from a lane, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Select, cast, delete, func, select, true, update
from sqlalchemy.dialects.postgresql import REGCLASS
from sqlalchemy.orm import Session

from gateway.stores.sql import many, webhook_clock
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_models import AttemptRow, DeliveryRow, QueueRow


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come. `claims`: how often it was taken before without an outcome; `rank` 1: a replay."""

    delivery_id: str
    endpoint_id: str
    event_id: str
    rank: int
    due_at: int
    accepted_at: int
    attempts: int
    claims: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One POST. `error` when there was no answer; `address` it went to; `answer_head`: ≤ 1 KiB of a failure's body."""

    number: int
    at: datetime
    ms: int
    status: int | None
    error: str | None
    address: str | None
    body_sha256: bytes
    body_bytes: int
    answer_head: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a `Due`. `attempt` None when nothing was sent.

    status   `delivered`, `dead`, `withheld` or `cancelled` at its end, with the `reason`; None when it is tried again at `due_at`
    """

    due: Due
    attempt: Attempt | None
    status: str | None
    reason: str | None
    due_at: int


_ATTEMPTS, _QUEUE, _DELIVERIES = (
    Base.metadata.tables[row.__tablename__] for row in (AttemptRow, QueueRow, DeliveryRow)
)
_ROW: Final = _QUEUE.c
_COLUMNS: Final = tuple(_ROW[name] for name in Due.__slots__)
_ORDER: Final = (_ROW.rank, _ROW.due_at)

SUSPECT: Final = 2
"""Claims without an outcome after which a row may be what ends its couriers: it is tried alone from then on."""


Wanted = Mapping[str, tuple[int, Collection[str]]]
"""By endpoint, how many deliveries its courier wants, and the ids of those that it has in hand."""


def take(session: Session, wanted: Wanted, now: int) -> dict[str, list[Due]]:
    """By endpoint, deliveries that are due, live ones first, the oldest first, each counted as claimed once more.

    One that was claimed `SUSPECT` times comes when nothing else is left, and alone, the least claimed first: what ends a
    courier then is this row.
    """
    found: dict[str, list[Due]] = {}
    for endpoint_id, due in _due(session, wanted, now).items():
        most, besides = wanted[endpoint_id]
        known = set(besides)
        found[endpoint_id] = [each for each in due if each.delivery_id not in known][:most]
    for endpoint_id, (most, besides) in wanted.items():
        if not found[endpoint_id] and not besides and most:
            last = _of(endpoint_id, now).order_by(_ROW.claims, _ROW.due_at).limit(1)
            found[endpoint_id] = [Due(*row) for row in session.execute(last)]
    if claimed := [each.delivery_id for due in found.values() for each in due]:
        session.execute(
            update(_QUEUE).where(many.among(session, _ROW.delivery_id, claimed)).values(claims=_ROW.claims + 1)
        )
    return found


def _due(session: Session, wanted: Wanted, now: int) -> dict[str, list[Due]]:
    """What is due and no suspect, with what is in hand among it: that is due too."""
    found: dict[str, list[Due]] = {endpoint_id: [] for endpoint_id in wanted}
    asked = [(endpoint_id, most + len(besides)) for endpoint_id, (most, besides) in wanted.items()]
    if session.get_bind().dialect.name == "sqlite":
        for endpoint_id, most in asked:
            query = _of(endpoint_id, now).where(_ROW.claims < SUSPECT).order_by(*_ORDER).limit(most)
            found[endpoint_id] = [Due(*row) for row in session.execute(query)]
    elif asked:
        lanes = many.pairs(_ROW.endpoint_id, _ROW.attempts, asked)
        each = _of(lanes.c.endpoint_id, now).where(_ROW.claims < SUSPECT).order_by(*_ORDER)
        inner = each.limit(lanes.c.attempts).lateral("due")
        for row in session.execute(select(*inner.c).select_from(lanes.join(inner, true()))):
            found[row.endpoint_id].append(Due(*row))
        for due in found.values():
            due.sort(key=lambda each: (each.rank, each.due_at))
    return found


def _of(endpoint_id: Any, now: int) -> Select[Any]:
    return select(*_COLUMNS).where(_ROW.endpoint_id == endpoint_id, _ROW.due_at <= now)


def settle(session: Session, outcomes: Sequence[Outcome], now: int) -> None:
    """Writes down what became of them. Of lanes that are the courier's still: `webhook_lanes.held`, in the same transaction."""
    attempts = [
        {"delivery_id": each.due.delivery_id, **{name: getattr(each.attempt, name) for name in Attempt.__slots__}}
        for each in outcomes
        if each.attempt is not None
    ]
    many.add(session, _ATTEMPTS, attempts)
    ended = [each.due.delivery_id for each in outcomes if each.status is not None]
    if ended:
        session.execute(delete(_QUEUE).where(many.among(session, _ROW.delivery_id, ended)))
    again = [
        {"delivery_id": each.due.delivery_id, "due_at": each.due_at, "attempts": _attempts(each), "claims": 0}
        for each in outcomes
        if each.status is None
    ]
    many.change(session, _QUEUE, "delivery_id", again)
    _tell(session, outcomes, webhook_clock.moment(now))


def give_back(session: Session, ids: Collection[str]) -> None:
    """What was taken and not tried is not held against it."""
    if ids:
        session.execute(
            update(_QUEUE)
            .where(many.among(session, _ROW.delivery_id, ids), _ROW.claims > 0)
            .values(claims=_ROW.claims - 1)
        )


def depth(session: Session, now: int) -> tuple[int, int]:
    """How many rows there are, and for how many milliseconds the oldest that is due has been so (0 when none is)."""
    count = session.scalar(select(func.count()).select_from(QueueRow)) or 0
    oldest = session.scalar(select(func.min(QueueRow.due_at)).select_from(QueueRow))
    return count, 0 if oldest is None else max(0, now - oldest)


def tuples(session: Session) -> tuple[int, int] | None:
    """Rows of the table as PostgreSQL keeps them, about: those that live, and the dead that its vacuum has not taken yet. None elsewhere."""
    if session.get_bind().dialect.name != "postgresql":
        return None
    table = cast(_QUEUE.name, REGCLASS)
    live, dead = session.execute(select(func.pg_stat_get_live_tuples(table), func.pg_stat_get_dead_tuples(table))).one()
    return live, dead


def _attempts(outcome: Outcome) -> int:
    return outcome.due.attempts if outcome.attempt is None else outcome.attempt.number


def _tell(session: Session, outcomes: Sequence[Outcome], at: datetime) -> None:
    """Deliveries as their owners see them: alike ones in one statement."""
    alike: dict[tuple[Any, ...], list[str]] = {}
    for each in outcomes:
        if each.attempt is None and each.status is None:
            continue
        last = each.attempt.status if each.attempt is not None else None
        key = each.status or "pending", each.reason, _attempts(each), last, each.attempt is not None
        alike.setdefault(key, []).append(each.due.delivery_id)
    for (status, reason, attempts, last, sent), ids in alike.items():
        values: dict[str, Any] = {"status": status, "reason": reason, "attempts": attempts}
        if sent:
            values["last_status"] = last
        if sent and attempts == 1:
            values["first_at"] = at
        if status != "pending":
            values["settled_at"] = at
        session.execute(update(_DELIVERIES).where(many.among(session, _DELIVERIES.c.id, ids)).values(**values))
