"""Lanes: the queue of one endpoint, held by one courier at a time, with all that is known about how the endpoint answers.

A courier that was away for longer than its lease finds another `epoch`, and what it writes changes nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, case, exists, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.stores.sql import many
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_endpoints import OPEN
from gateway.stores.sql.webhook_models import NEVER, EndpointRow, LaneRow, QueueRow, ReplayRow, StreamRow

LEASE: Final = 30_000  # milliseconds


@dataclass(slots=True)
class Lane:
    """What a courier holds of a lane. Moments are the database's milliseconds.

    blocked_until   no attempt before it; `blocks`: how often in a row that was, which doubles it
    failing_since   the first failure since the last success; `failures`: how many since then
    streak          failures since the last success or block
    warned          how many warnings the owner had since `failing_since`
    gone_at         when it answered 410 first, with no other answer since
    cursor          the event up to which the queue was filled, when that is filled from the log; else None
    """

    endpoint_id: str
    tenant_id: str
    epoch: int
    blocked_until: int
    blocks: int
    failing_since: int | None
    failures: int
    streak: int
    warned: int
    gone_at: int | None
    succeeded_at: int | None
    failed_at: int | None
    cursor: int | None


_KEPT: Final = (
    *("blocked_until", "blocks", "failing_since", "failures", "streak", "warned", "gone_at"),
    *("succeeded_at", "failed_at"),
)
_COLUMNS: Final = tuple(getattr(LaneRow, name) for name in Lane.__slots__)
_UNSYNCHRONIZED: Final = {"synchronize_session": False}


def waiting(session: Session, now: int) -> bool:
    """Whether a lane waits for a courier: asked before the lock for writing is taken."""
    return session.scalar(select(LaneRow.endpoint_id).where(*_free(now)).limit(1)) is not None


def lease(session: Session, courier: str, most: int, now: int, besides: Collection[str] = ()) -> list[Lane]:
    """Takes up to `most` lanes that have something to do, those that waited longest first. Never waits for another courier."""
    query = select(LaneRow.endpoint_id).where(*_free(now)).order_by(LaneRow.served_at).limit(most)
    if besides:
        query = query.where(~many.among(session, LaneRow.endpoint_id, besides))
    found = session.scalars(query.with_for_update(key_share=True, skip_locked=True)).all()
    if not found:
        return []
    taken = (
        update(LaneRow)
        .where(many.among(session, LaneRow.endpoint_id, found))
        .values(leased_by=courier, leased_until=now + LEASE, epoch=LaneRow.epoch + 1, served_at=now)
        .returning(*_COLUMNS)
        .execution_options(**_UNSYNCHRONIZED)
    )
    return [Lane(*row) for row in session.execute(taken)]


def held(session: Session, lanes: Sequence[Lane], *, asleep: bool) -> dict[str, int | None]:
    """Those of the lanes that still are the courier's, by endpoint, with the cursor as it is now; locked, in order.

    `asleep`: some may be put to sleep, so whoever adds rows to them is waited for.
    """
    query = select(LaneRow.endpoint_id, LaneRow.epoch, LaneRow.cursor)
    query = query.where(many.among(session, LaneRow.endpoint_id, [lane.endpoint_id for lane in lanes])).order_by(
        LaneRow.endpoint_id
    )
    epochs = {lane.endpoint_id: lane.epoch for lane in lanes}
    rows = session.execute(query.with_for_update(key_share=not asleep)).all()
    return {row.endpoint_id: row.cursor for row in rows if row.epoch == epochs[row.endpoint_id]}


def renew(session: Session, lanes: Sequence[Lane], now: int) -> None:
    """Holds them for longer. Call `held` first, in the same transaction."""
    if lanes:
        session.execute(
            update(LaneRow)
            .where(many.among(session, LaneRow.endpoint_id, [lane.endpoint_id for lane in lanes]))
            .values(leased_until=now + LEASE)
            .execution_options(**_UNSYNCHRONIZED)
        )


def write(session: Session, lanes: Sequence[Lane]) -> None:
    """Writes down how endpoints answer. Call `held` first, in the same transaction."""
    rows = [{name: getattr(lane, name) for name in ("endpoint_id", *_KEPT)} for lane in lanes]
    many.change(session, Base.metadata.tables[LaneRow.__tablename__], "endpoint_id", rows)


def release(session: Session, endpoint_ids: Collection[str], now: int) -> None:
    """Gives lanes back, each to be found when its next row is due. Call `held(asleep=True)` first, in the same transaction."""
    if endpoint_ids:
        session.execute(
            update(LaneRow)
            .where(many.among(session, LaneRow.endpoint_id, endpoint_ids))
            .values(leased_by=None, leased_until=0, served_at=now, next_due=_next_due(now))
            .execution_options(**_UNSYNCHRONIZED)
        )


def share(session: Session, couriers: int, now: int) -> int:
    """How many of the lanes that are held each of so many couriers has, when all have as many."""
    held = select(func.count()).where(LaneRow.next_due <= now, LaneRow.leased_until > now)
    return -(-(session.scalar(held) or 0) // max(1, couriers))


def end_leases(session: Session, prefix: str) -> None:
    """Ends the leases of couriers whose names begin so, and who are known to be dead: nobody waits for their ends."""
    session.execute(
        update(LaneRow)
        .where(LaneRow.leased_by.startswith(prefix, autoescape=True))
        .values(leased_by=None, leased_until=0)
        .execution_options(**_UNSYNCHRONIZED)
    )


def repair(session: Session, now: int) -> int:
    """Wakes lanes that sleep although something is due, which should not be; how many there were."""
    due = exists().where(QueueRow.endpoint_id == LaneRow.endpoint_id, QueueRow.due_at <= now - 1000)
    is_open = exists().where(EndpointRow.id == LaneRow.endpoint_id, EndpointRow.status.in_(OPEN))
    woken = session.execute(
        update(LaneRow)
        .where(LaneRow.next_due > now, is_open, or_(due, LaneRow.cursor.is_not(None)))
        .values(next_due=now)
        .execution_options(**_UNSYNCHRONIZED)
    )
    return int(getattr(woken, "rowcount", 0))


def states(session: Session, now: int) -> dict[str, int]:
    """How many lanes are disabled, read from the log, blocked, leased, or idle: each counted once, in that order."""
    of_each = select(_state(now).label("state"), func.count().label("lanes")).select_from(LaneRow)
    rows = session.execute(of_each.join(EndpointRow, EndpointRow.id == LaneRow.endpoint_id).group_by("state"))
    return {row.state: row.lanes for row in rows}


def _state(now: int) -> ColumnElement[str]:
    return case(
        (EndpointRow.status.not_in(OPEN), "disabled"),
        (LaneRow.cursor.is_not(None), "cursor"),
        (LaneRow.blocked_until > now, "blocked"),
        (LaneRow.leased_until > now, "leased"),
        else_="idle",
    )


@dataclass(frozen=True, slots=True)
class Look:
    """A lane from outside. state: as `states` counts it; waiting: rows of the queue; behind: events that the log has for it, or None."""

    endpoint_id: str
    tenant_id: str
    host: str
    state: str
    waiting: int
    behind: int | None
    next_due: int | None
    blocked_until: int
    failing_since: int | None
    leased_by: str | None
    epoch: int


def looks(session: Session, now: int, tenant_id: str | None = None) -> tuple[Look, ...]:
    """All lanes, or a tenant's: those with the most to do first."""
    waiting = (
        select(func.count())
        .where(QueueRow.endpoint_id == LaneRow.endpoint_id)
        .correlate(LaneRow)
        .scalar_subquery()
        .label("waiting")
    )
    query = (
        select(LaneRow, EndpointRow.url_host, _state(now).label("state"), waiting, StreamRow.sequence)
        .join(EndpointRow, EndpointRow.id == LaneRow.endpoint_id)
        .outerjoin(StreamRow, StreamRow.tenant_id == LaneRow.tenant_id)
        .order_by(waiting.desc(), LaneRow.endpoint_id)
    )
    if tenant_id is not None:
        query = query.where(LaneRow.tenant_id == tenant_id)
    return tuple(
        Look(
            endpoint_id=lane.endpoint_id,
            tenant_id=lane.tenant_id,
            host=host,
            state=state,
            waiting=count,
            behind=None if lane.cursor is None else max(0, (sequence or 0) - lane.cursor),
            next_due=None if lane.next_due == NEVER else lane.next_due,
            blocked_until=lane.blocked_until,
            failing_since=lane.failing_since,
            leased_by=lane.leased_by if lane.leased_until > now else None,
            epoch=lane.epoch,
        )
        for lane, host, state, count, sequence in session.execute(query)
    )


def copied(lane: Lane) -> Lane:
    """What is known now, for a thread that writes it while the courier goes on."""
    return replace(lane)


def _free(now: int) -> tuple[Any, ...]:
    return LaneRow.next_due <= now, LaneRow.blocked_until <= now, LaneRow.leased_until <= now


def _next_due(now: int) -> Any:
    """When the lane is to be looked at next: now where it is filled from the log or replays, else when its next row is due."""
    is_open = exists().where(EndpointRow.id == LaneRow.endpoint_id, EndpointRow.status.in_(OPEN))
    replaying = exists().where(ReplayRow.endpoint_id == LaneRow.endpoint_id, ReplayRow.finished_at.is_(None))
    least = (
        select(func.coalesce(func.min(QueueRow.due_at), NEVER))
        .where(QueueRow.endpoint_id == LaneRow.endpoint_id)
        .correlate(LaneRow)
        .scalar_subquery()
    )
    return case((~is_open, NEVER), (or_(LaneRow.cursor.is_not(None), replaying), now), else_=least)
