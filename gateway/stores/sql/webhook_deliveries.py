"""Deliveries as their owners look them up: one event for one endpoint, and what was tried."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from gateway.keys import token_format
from gateway.stores.sql import webhook_clock, webhook_fanout, webhook_streams
from gateway.stores.sql.webhook_models import AttemptRow, DeliveryRow, EndpointRow, EventRow, QueueRow
from gateway.stores.sql.webhook_queue import Attempt


@dataclass(frozen=True, slots=True)
class Delivery:
    """`status` pending, delivered, dead, withheld or cancelled, with the `reason` of the last three.

    `id` without its public prefix `dlv_`; `round` is empty for the first time an event was delivered to the endpoint;
    `replayed`: it waits as a part of a replay.
    """

    id: str
    endpoint_id: str
    event_id: str
    event_type: str
    round: str
    status: str
    reason: str | None
    attempts: int
    last_status: int | None
    next_attempt_at: datetime | None
    created_at: datetime
    first_at: datetime | None
    settled_at: datetime | None
    replayed: bool


_NAMES: Final = (
    *("id", "endpoint_id", "event_id", "round", "status", "reason", "attempts", "last_status"),
    *("created_at", "first_at", "settled_at"),
)
_DELIVERY: Final = tuple(getattr(DeliveryRow, name) for name in _NAMES)
_ATTEMPT: Final = tuple(getattr(AttemptRow, name) for name in Attempt.__slots__)


def get(session: Session, delivery_id: str) -> Delivery | None:
    """None for one that is not, or not any more."""
    found = _read(session, DeliveryRow.id == delivery_id, limit=1)
    return found[0] if found else None


def of_event(session: Session, endpoint_id: str, event_id: str) -> str | None:
    """The id of the first delivery of an event to an endpoint; None where there is none, or not yet."""
    wanted = DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.event_id == event_id, DeliveryRow.round == ""
    return session.scalars(select(DeliveryRow.id).where(*wanted)).one_or_none()


def page(
    session: Session, endpoint_id: str, *, below: str | None = None, status: str | None = None, limit: int = 100
) -> tuple[Delivery, ...]:
    """Of one endpoint, the newest first, with ids smaller than `below`."""
    wanted = [DeliveryRow.endpoint_id == endpoint_id]
    if below is not None:
        wanted.append(DeliveryRow.id < below)
    if status is not None:
        wanted.append(DeliveryRow.status == status)
    return _read(session, *wanted, limit=limit)


def attempts(session: Session, delivery_id: str) -> tuple[Attempt, ...]:
    """What was sent, in order."""
    query = select(*_ATTEMPT).where(AttemptRow.delivery_id == delivery_id).order_by(AttemptRow.number)
    return tuple(Attempt(*row) for row in session.execute(query))


def counts(session: Session, endpoint_id: str, since: datetime) -> dict[str, int]:
    """How many of one endpoint were made since then, by how they stand."""
    first = token_format.new_timed_id(webhook_clock.milliseconds(since))
    query = select(DeliveryRow.status, func.count().label("made")).where(
        DeliveryRow.endpoint_id == endpoint_id, DeliveryRow.id >= first
    )
    return {row.status: row.made for row in session.execute(query.group_by(DeliveryRow.status))}


def dead(
    session: Session,
    since: datetime,
    *,
    tenant_id: str | None = None,
    endpoint_id: str | None = None,
    limit: int = 100,
) -> tuple[Delivery, ...]:
    """Those that died since then and were not brought since: no later delivery of the event arrived, or is on its way."""
    later = aliased(DeliveryRow)
    brought = exists().where(
        later.endpoint_id == DeliveryRow.endpoint_id,
        later.event_id == DeliveryRow.event_id,
        later.status.in_(("delivered", "pending")),
    )
    theirs = exists().where(EndpointRow.id == DeliveryRow.endpoint_id)
    if tenant_id is not None:
        theirs = theirs.where(EndpointRow.tenant_id == tenant_id)
    wanted = [DeliveryRow.status == "dead", DeliveryRow.created_at >= since, theirs, ~brought]
    if endpoint_id is not None:
        wanted.append(DeliveryRow.endpoint_id == endpoint_id)
    return _read(session, *wanted, limit=limit)


def redeliver(session: Session, delivery_id: str, at: datetime) -> str | None:
    """The same event once more, whatever became of it, at once: the id of a new delivery. None when its event is forgotten."""
    row = session.get(DeliveryRow, delivery_id)
    if row is None or session.get(EventRow, row.event_id) is None:
        return None
    endpoint = session.get(EndpointRow, row.endpoint_id)
    if endpoint is None:
        return None
    webhook_streams.hold(session, endpoint.tenant_id)
    now = webhook_clock.milliseconds(at)
    round_id = token_format.new_timed_id(now)
    webhook_fanout.enqueue(session, [(row.endpoint_id, row.event_id)], now, round_id=round_id)
    webhook_fanout.rouse(session, row.endpoint_id, now)
    made = select(DeliveryRow.id).where(DeliveryRow.endpoint_id == row.endpoint_id, DeliveryRow.round == round_id)
    return session.scalar(made)


def _read(session: Session, *wanted: object, limit: int) -> tuple[Delivery, ...]:
    query = (
        select(*_DELIVERY, EventRow.type, QueueRow.due_at, QueueRow.rank)
        .outerjoin(EventRow, EventRow.id == DeliveryRow.event_id)
        .outerjoin(QueueRow, QueueRow.delivery_id == DeliveryRow.id)
        .where(*wanted)  # type: ignore[arg-type]
        .order_by(DeliveryRow.id.desc())
        .limit(limit)
    )
    return tuple(
        Delivery(
            **{name: getattr(row, name) for name in _NAMES},
            event_type=row.type or "",
            next_attempt_at=None if row.due_at is None else webhook_clock.moment(row.due_at),
            replayed=row.rank == webhook_fanout.REPLAYED,
        )
        for row in session.execute(query)
    )
