"""From an event to those who are told of it: deliveries, and their rows in the queue of each endpoint."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_clock
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_endpoints import OPEN
from gateway.stores.sql.webhook_models import DeliveryRow, EndpointRow, LaneRow, QueueRow

LONGEST: Final = 10_000
"""Rows of one endpoint; beyond them its lane reads from the log, where a backlog of any length costs nothing."""

LIVE, REPLAYED = 0, 1

_DELIVERIES, _QUEUE = (Base.metadata.tables[row.__tablename__] for row in (DeliveryRow, QueueRow))


def spread(
    session: Session, events: Sequence[Mapping[str, Any]], now: int, measured: Collection[str]
) -> dict[str, int]:
    """Deliveries for what was just written down, by `EventRow`'s columns; how many each endpoint got.

    Who reads from the log finds it there. What is for one endpoint alone somebody waits for, so it goes before its backlog.
    """
    tenants = {event["tenant_id"] for event in events}
    alone = {event["audience"] for event in events if event["audience"] is not None}
    behind = and_(LaneRow.endpoint_id.in_(alone), EndpointRow.status.in_(OPEN))
    # FOR KEY SHARE, by id: whoever puts one of these lanes to sleep waits until our rows can be seen.
    lanes = session.execute(
        select(LaneRow.endpoint_id, LaneRow.tenant_id, LaneRow.cursor, LaneRow.next_due)
        .add_columns(EndpointRow.events, EndpointRow.owner_id)
        .join(EndpointRow, EndpointRow.id == LaneRow.endpoint_id)
        .where(LaneRow.tenant_id.in_(tenants), or_(LaneRow.cursor.is_(None), behind))
        .order_by(LaneRow.endpoint_id)
        .with_for_update(read=True, key_share=True, of=LaneRow)
    ).all()
    wanted = [
        (lane.endpoint_id, event["id"])
        for lane, types in ((lane, frozenset(lane.events.split())) for lane in lanes)
        for event in events
        if event["tenant_id"] == lane.tenant_id
        and (lane.cursor is None or event["audience"] == lane.endpoint_id)
        and wants(lane.endpoint_id, lane.owner_id, types, event["type"], event["audience"], event["object_id"])
    ]
    fed: dict[str, int] = {}
    for endpoint_id, _ in wanted:
        fed[endpoint_id] = fed.get(endpoint_id, 0) + 1
    enqueue(session, wanted, now)
    # Nobody puts off a lane on which we have a lock.
    wake(session, [lane.endpoint_id for lane in lanes if lane.endpoint_id in fed and lane.next_due > now], now)
    _overflow(session, [endpoint_id for endpoint_id in fed if endpoint_id in measured], events)
    return fed


def wants(
    endpoint_id: str, owner_id: str, types: Collection[str], event_type: str, audience: str | None, object_id: str
) -> bool:
    """Whether an endpoint is told of an event. One that is about an endpoint goes to its owner's others."""
    if audience is None:
        return event_type in types
    if audience == endpoint_id:
        return True
    return audience == owner_id and object_id != endpoint_id and event_type in types


def enqueue(
    session: Session,
    wanted: Sequence[tuple[str, str]],
    now: int,
    *,
    round_id: str = "",
    rank: int = LIVE,
) -> int:
    """Deliveries of (endpoint, event), due now; those that are there already are left alone. How many were new.

    `round_id` tells a replay from the first time. Their age counts from now: what was missed for a week is not too old to go.
    """
    at = webhook_clock.moment(now)
    rows = [
        {
            "id": token_format.new_timed_id(now),
            "endpoint_id": endpoint_id,
            "event_id": event_id,
            "round": round_id,
            "status": "pending",
            "attempts": 0,
            "created_at": at,
        }
        for endpoint_id, event_id in wanted
    ]
    new = many.add_new(session, _DELIVERIES, rows, ("endpoint_id", "event_id", "round"))
    common = {"rank": rank, "due_at": now, "accepted_at": now, "attempts": 0, "claims": 0}
    queued = [
        {"delivery_id": row["id"], "endpoint_id": row["endpoint_id"], "event_id": row["event_id"], **common}
        for row in rows
        if row["id"] in new
    ]
    many.add(session, _QUEUE, queued)
    return len(new)


def rouse(session: Session, endpoint_id: str, now: int) -> None:
    """Lets the lane be found, though a courier may just be putting it to sleep."""
    lock = select(LaneRow.endpoint_id).where(LaneRow.endpoint_id == endpoint_id)
    session.execute(lock.with_for_update(read=True, key_share=True))
    wake(session, [endpoint_id], now)


def wake(session: Session, endpoint_ids: Collection[str], now: int) -> None:
    """Lets lanes be found on which we have a lock; one that is due already is not written."""
    if endpoint_ids:
        session.execute(
            update(LaneRow)
            .where(LaneRow.endpoint_id.in_(endpoint_ids), LaneRow.next_due > now)
            .values(next_due=now)
            .execution_options(synchronize_session=False)
        )


def _overflow(session: Session, endpoint_ids: Sequence[str], events: Sequence[Mapping[str, Any]]) -> None:
    for endpoint_id in endpoint_ids:
        rows = select(QueueRow.delivery_id).where(QueueRow.endpoint_id == endpoint_id).limit(LONGEST + 1).subquery()
        if (session.scalar(select(func.count()).select_from(rows)) or 0) > LONGEST:
            tenant = session.scalar(select(LaneRow.tenant_id).where(LaneRow.endpoint_id == endpoint_id))
            last = max(event["sequence"] for event in events if event["tenant_id"] == tenant)
            session.execute(
                update(LaneRow)
                .where(LaneRow.endpoint_id == endpoint_id)
                .values(cursor=last)
                .execution_options(synchronize_session=False)
            )
