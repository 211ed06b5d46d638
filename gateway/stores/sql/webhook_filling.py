"""Filling the queue of a lane from the log of events: what an endpoint missed, and what it asked to have again.

A backlog of any length is a position in the log; rows are made a few hundred at a time, as the lane drains.
"""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.stores.sql import webhook_events, webhook_fanout, webhook_streams
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_lanes import Lane
from gateway.stores.sql.webhook_models import EndpointRow, LaneRow

_AT_ONCE: Final = 500  # rows made in one transaction
_LOOKED_AT: Final = 2_000  # events read for them


@dataclass(frozen=True, slots=True)
class Filled:
    """`cursor` None: the lane gets rows as events come again. `added`: how many rows were made."""

    cursor: int | None
    added: int


def fill(session: Session, lane: Lane, now: int) -> Filled | None:
    """The next rows of a lane that reads from the log; None when it is not the courier's any more.

    The last step, back to rows that come with their events, is taken while no event can be added.
    """
    near = webhook_streams.last(session, lane.tenant_id) - (lane.cursor or 0) <= _AT_ONCE
    if near:
        webhook_streams.hold(session, lane.tenant_id)
    row = session.execute(
        select(LaneRow.cursor, LaneRow.epoch, EndpointRow.events, EndpointRow.owner_id)
        .join(EndpointRow, EndpointRow.id == LaneRow.endpoint_id)
        .where(LaneRow.endpoint_id == lane.endpoint_id)
        .with_for_update(of=LaneRow)
    ).first()
    if row is None or row.epoch != lane.epoch:
        return None
    if row.cursor is None:
        return Filled(None, 0)
    types = set(row.events.split())
    events = webhook_events.page(session, lane.tenant_id, after=row.cursor, limit=_LOOKED_AT)
    wanted: list[Event] = []
    position: int = row.cursor
    for event in events:
        if len(wanted) == _AT_ONCE:
            break
        position = event.sequence
        if webhook_fanout.wants(lane.endpoint_id, row.owner_id, types, event.type, event.audience, event.object_id):
            wanted.append(event)
    added = webhook_fanout.enqueue(session, [(lane.endpoint_id, event.id) for event in wanted], now)
    done = near and len(events) < _LOOKED_AT and (not events or position == events[-1].sequence)
    cursor = None if done else position
    session.execute(
        update(LaneRow)
        .where(LaneRow.endpoint_id == lane.endpoint_id)
        .values(cursor=cursor)
        .execution_options(synchronize_session=False)
    )
    return Filled(cursor, added)
