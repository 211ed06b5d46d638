"""Who is told of an event, and how it is put into their queues."""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_clock
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_models import DeliveryRow, LaneRow, QueueRow

LIVE: Final = 0
REPLAYED: Final = 1

_DELIVERIES, _QUEUE = (Base.metadata.tables[row.__tablename__] for row in (DeliveryRow, QueueRow))


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
