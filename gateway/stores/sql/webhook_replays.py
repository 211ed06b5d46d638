"""Replays: a range of the log, delivered to one endpoint once more, behind what comes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_clock, webhook_fanout, webhook_streams
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_models import DeliveryRow, EndpointRow, EventRow, LaneRow, QueueRow, ReplayRow

Only = Literal["undelivered", "all"]
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Replay:
    """`id` without its public prefix `whr_`. `done` of `total` events have got a delivery; not all need one (`undelivered`)."""

    id: str
    endpoint_id: str
    since: datetime
    until: datetime
    events: tuple[str, ...]
    only: str
    done: int
    total: int
    created_at: datetime
    finished_at: datetime | None


def begin(
    session: Session,
    endpoint_id: str,
    since: datetime,
    until: datetime,
    events: tuple[str, ...],
    only: Only,
    at: datetime,
) -> Replay | None:
    """Starts one; None while another of the endpoint runs, or when the endpoint is gone. `events` empty: all it wants."""
    endpoint = session.get(EndpointRow, endpoint_id)
    if endpoint is None:
        return None
    last = webhook_streams.hold(session, endpoint.tenant_id)
    if _running(session, endpoint_id) is not None:
        return None
    types = events or tuple(endpoint.events.split())
    found = select(func.min(EventRow.sequence), func.count()).where(
        EventRow.tenant_id == endpoint.tenant_id,
        EventRow.received_at >= since,
        EventRow.received_at < until,
        EventRow.type.in_(types),
        EventRow.audience.is_(None),
    )
    first, total = session.execute(found).one()
    now = webhook_clock.milliseconds(at)
    row = ReplayRow(
        id=token_format.new_timed_id(now),
        endpoint_id=endpoint_id,
        since=since,
        until=until,
        events=" ".join(types),
        only=only,
        position=(first or last + 1) - 1,
        last=last,
        done=0,
        total=total,
        created_at=at,
        finished_at=None if total else at,
    )
    session.add(row)
    session.flush()
    if total and endpoint.status in {"pending", "enabled"}:
        webhook_fanout.rouse(session, endpoint_id, now)
    return _record(row)


def get(session: Session, replay_id: str) -> Replay | None:
    """None for one that is not, or not any more."""
    row = session.get(ReplayRow, replay_id)
    return None if row is None else _record(row)


def of_endpoint(session: Session, endpoint_id: str) -> tuple[Replay, ...]:
    """All of an endpoint, the newest first."""
    query = select(ReplayRow).where(ReplayRow.endpoint_id == endpoint_id).order_by(ReplayRow.id.desc())
    return tuple(_record(row) for row in session.scalars(query))


def running(session: Session, endpoint_ids: Collection[str]) -> set[str]:
    """Those of the endpoints of which a replay runs."""
    if not endpoint_ids:
        return set()
    query = select(ReplayRow.endpoint_id).where(ReplayRow.finished_at.is_(None))
    return set(session.scalars(query.where(many.among(session, ReplayRow.endpoint_id, endpoint_ids))))


def fill(session: Session, lane: Lane, now: int) -> int | None:
    """The next rows of the replay that runs on the lane; None when none does. 0 rows: it is at its end, or has enough in hand."""
    row = _running(session, lane.endpoint_id)
    if row is None:
        return None
    lock = select(LaneRow.epoch).where(LaneRow.endpoint_id == lane.endpoint_id).with_for_update(key_share=True)
    if session.scalar(lock) != lane.epoch:
        return None
    held = select(func.count()).where(
        QueueRow.endpoint_id == lane.endpoint_id, QueueRow.rank == webhook_fanout.REPLAYED
    )
    if (session.scalar(held) or 0) >= _AT_ONCE:
        return 0
    wanted = [
        EventRow.tenant_id == lane.tenant_id,
        EventRow.sequence > row.position,
        EventRow.sequence <= row.last,
        EventRow.received_at >= row.since,
        EventRow.received_at < row.until,
        EventRow.type.in_(row.events.split()),
        EventRow.audience.is_(None),
    ]
    query = select(EventRow.id, EventRow.sequence).where(*wanted).order_by(EventRow.sequence).limit(_AT_ONCE)
    events = session.execute(query).all()
    if not events:
        row.finished_at = webhook_clock.moment(now)
        session.flush()
        return 0
    chosen = (
        _undelivered(session, lane.endpoint_id, [event.id for event in events]) if row.only == "undelivered" else None
    )
    pairs = [(lane.endpoint_id, event.id) for event in events if chosen is None or event.id in chosen]
    webhook_fanout.enqueue(session, pairs, now, round_id=row.id, rank=webhook_fanout.REPLAYED)
    row.position = events[-1].sequence
    row.done += len(events)
    session.flush()
    return len(pairs)


def _undelivered(session: Session, endpoint_id: str, event_ids: list[str]) -> set[str]:
    """Those of which no delivery arrived or is on its way: dead, withheld, cancelled, or never made."""
    fine = exists().where(
        DeliveryRow.endpoint_id == endpoint_id,
        DeliveryRow.event_id == EventRow.id,
        DeliveryRow.status.in_(("delivered", "pending")),
    )
    return set(session.scalars(select(EventRow.id).where(EventRow.id.in_(event_ids), ~fine)))


def _running(session: Session, endpoint_id: str) -> ReplayRow | None:
    query = select(ReplayRow).where(ReplayRow.endpoint_id == endpoint_id, ReplayRow.finished_at.is_(None))
    return session.scalars(query.limit(1)).first()


def _record(row: ReplayRow) -> Replay:
    columns = {name: getattr(row, name) for name in Replay.__slots__}
    return Replay(**columns | {"events": tuple(row.events.split())})
