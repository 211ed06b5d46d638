"""The queue: what a courier takes from a lane, and what became of it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from gateway.stores.sql import webhook_clock
from gateway.stores.sql.webhook_models import AttemptRow, DeliveryRow, QueueRow

_UNSYNCHRONIZED: Final = {"synchronize_session": False}


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


_COLUMNS: Final = tuple(getattr(QueueRow, name) for name in Due.__slots__)


SUSPECT: Final = 2
"""Claims without an outcome after which a row may be what ends its couriers: it is tried alone from then on."""


def take(session: Session, endpoint_id: str, most: int, now: int, besides: Collection[str] = ()) -> list[Due]:
    """Up to `most` deliveries that are due, live ones first, the oldest first, each counted as claimed once more.

    `besides`: ids of those that the courier has in hand. One that was claimed `SUSPECT` times comes when nothing else is left,
    and alone, the least claimed first: what ends a courier then is this row.
    """
    due = select(*_COLUMNS).where(QueueRow.endpoint_id == endpoint_id, QueueRow.due_at <= now)
    query = due.where(QueueRow.claims < SUSPECT).order_by(QueueRow.rank, QueueRow.due_at).limit(most + len(besides))
    known = set(besides)
    found = [each for row in session.execute(query) if (each := Due(*row)).delivery_id not in known][:most]
    if not found and not besides and most:
        found = [Due(*row) for row in session.execute(due.order_by(QueueRow.claims, QueueRow.due_at).limit(1))]
    if found:
        session.execute(
            update(QueueRow)
            .where(QueueRow.delivery_id.in_([each.delivery_id for each in found]))
            .values(claims=QueueRow.claims + 1)
            .execution_options(**_UNSYNCHRONIZED)
        )
    return found


def settle(session: Session, outcomes: Sequence[Outcome], now: int) -> None:
    """Writes down what became of them. Of lanes that are the courier's still: `webhook_lanes.held`, in the same transaction."""
    attempts = [
        {"delivery_id": each.due.delivery_id, **{name: getattr(each.attempt, name) for name in Attempt.__slots__}}
        for each in outcomes
        if each.attempt is not None
    ]
    if attempts:
        session.execute(insert(AttemptRow), attempts)
    ended = [each.due.delivery_id for each in outcomes if each.status is not None]
    if ended:
        session.execute(delete(QueueRow).where(QueueRow.delivery_id.in_(ended)).execution_options(**_UNSYNCHRONIZED))
    again: dict[tuple[int, int], list[str]] = {}
    for each in outcomes:
        if each.status is None:
            again.setdefault((each.due_at, _attempts(each)), []).append(each.due.delivery_id)
    for (due_at, number), ids in again.items():
        session.execute(
            update(QueueRow)
            .where(QueueRow.delivery_id.in_(ids))
            .values(due_at=due_at, attempts=number, claims=0)
            .execution_options(**_UNSYNCHRONIZED)
        )
    _tell(session, outcomes, webhook_clock.moment(now))


def give_back(session: Session, ids: Collection[str]) -> None:
    """What was taken and not tried is not held against it."""
    if ids:
        session.execute(
            update(QueueRow)
            .where(QueueRow.delivery_id.in_(ids), QueueRow.claims > 0)
            .values(claims=QueueRow.claims - 1)
            .execution_options(**_UNSYNCHRONIZED)
        )


def depth(session: Session, now: int) -> tuple[int, int]:
    """How many rows there are, and for how many milliseconds the oldest that is due has been so (0 when none is)."""
    count = session.scalar(select(func.count()).select_from(QueueRow)) or 0
    oldest = session.scalar(select(func.min(QueueRow.due_at)).select_from(QueueRow))
    return count, 0 if oldest is None else max(0, now - oldest)


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
        session.execute(
            update(DeliveryRow).where(DeliveryRow.id.in_(ids)).values(**values).execution_options(**_UNSYNCHRONIZED)
        )
