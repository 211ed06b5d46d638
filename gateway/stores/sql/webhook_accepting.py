"""From what happened to those who are told of it: events, deliveries, and their rows in the queue of each endpoint.

All of a batch is two round trips: who listens, and what is written for them. What they ask is made and compiled once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, bindparam, func, insert, literal, or_, select, update
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_clock, webhook_fanout
from gateway.stores.sql.models import Base, Instant
from gateway.stores.sql.webhook_endpoints import OPEN
from gateway.stores.sql.webhook_models import DeliveryRow, EndpointRow, EventRow, LaneRow, QueueRow

LONGEST: Final = 10_000
"""Rows of one endpoint; beyond them its lane reads from the log, where a backlog of any length costs nothing."""

Rows = Sequence[Mapping[str, Any]]

_EVENTS, _DELIVERIES, _QUEUE, _LANES, _ENDPOINTS = (
    Base.metadata.tables[row.__tablename__] for row in (EventRow, DeliveryRow, QueueRow, LaneRow, EndpointRow)
)
_ONCE: Final = ("tenant_id", "fingerprint")
_ASKED: Final = ("id", "endpoint_id", "event_id")


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint that is told of what happens now. `cursor`, `next_due` and `blocked_until` are its lane's."""

    endpoint_id: str
    tenant_id: str
    cursor: int | None
    next_due: int
    blocked_until: int
    owner_id: str
    types: frozenset[str]

    def wants(self, event: Mapping[str, Any]) -> bool:
        """Whether it is told of an event, by `EventRow`'s columns."""
        audience: str | None = event["audience"]
        return (
            event["tenant_id"] == self.tenant_id
            and (self.cursor is None or audience == self.endpoint_id)
            and webhook_fanout.wants(
                self.endpoint_id, self.owner_id, self.types, event["type"], audience, event["object_id"]
            )
        )


def listeners(session: Session, events: Rows) -> list[Listener]:
    """Who may be told of these, each with its lane locked.

    Who reads from the log finds them there. What is for one endpoint alone somebody waits for, so it goes before its backlog.
    """
    tenants = {event["tenant_id"] for event in events}
    alone = {event["audience"] for event in events if event["audience"] is not None}
    sqlite = session.get_bind().dialect.name == "sqlite"
    rows = many.run(session, _listening, (sqlite,), tenants=many.listed(tenants), alone=many.listed(alone))
    return [
        Listener(
            endpoint_id=row.endpoint_id,
            tenant_id=row.tenant_id,
            cursor=row.cursor,
            next_due=row.next_due,
            blocked_until=row.blocked_until,
            owner_id=row.owner_id,
            types=frozenset(row.events.split()),
        )
        for row in rows
    ]


def _listening(sqlite: bool) -> Any:
    is_open = or_(*(_ENDPOINTS.c.status == status for status in OPEN))
    behind = and_(many.among_given(_LANES.c.endpoint_id, "alone", sqlite=sqlite), is_open)
    columns = ("endpoint_id", "tenant_id", "cursor", "next_due", "blocked_until")
    return (
        select(*(_LANES.c[name] for name in columns), _ENDPOINTS.c.owner_id, _ENDPOINTS.c.events)
        .join(_ENDPOINTS, _ENDPOINTS.c.id == _LANES.c.endpoint_id)
        .where(many.among_given(_ENDPOINTS.c.tenant_id, "tenants", sqlite=sqlite))
        .where(or_(_LANES.c.cursor.is_(None), behind))
        .order_by(_LANES.c.endpoint_id)
        # FOR KEY SHARE, by id: whoever puts one of these lanes to sleep waits until our rows can be seen.
        .with_for_update(read=True, key_share=True, of=_LANES)
    )


def write(session: Session, events: Rows, wanted: Collection[tuple[str, str]], now: int) -> set[str]:
    """Writes down those of the events that are new, with a delivery and a row of the queue for each (endpoint, event) of
    them that is wanted; the ids of those that are new.
    """
    if session.get_bind().dialect.name == "sqlite":
        new = many.add_new(session, _EVENTS, events, _ONCE)
        webhook_fanout.enqueue(session, [each for each in wanted if each[1] in new], now)
        return new
    asked = [dict(zip(_ASKED, (token_format.new_timed_id(now), *each), strict=True)) for each in wanted]
    given = {"events": many.told(events), "asked": many.told(asked), "at": webhook_clock.moment(now), "now": now}
    return set(many.run(session, _writing, tuple(events[0]), **given).scalars())


def _writing(*columns: str) -> Any:
    """One statement, so that what depends on which events are new need not wait for the answer."""
    from sqlalchemy.dialects.postgresql import insert as of_postgresql

    events, asked = many.recordset(_EVENTS, columns, "events"), many.recordset(_DELIVERIES, _ASKED, "asked")
    adding = of_postgresql(_EVENTS).from_select(columns, select(events))
    new = adding.on_conflict_do_nothing(index_elements=_ONCE).returning(_EVENTS.c.id).cte("new")
    at, now = bindparam("at", type_=Instant), bindparam("now", type_=_QUEUE.c.due_at.type)
    begun = {"round": literal(""), "status": literal("pending"), "attempts": literal(0), "created_at": at}
    given = select(*asked.c, *begun.values()).join(new, new.c.id == asked.c.event_id)
    made = (
        insert(_DELIVERIES).from_select([*_ASKED, *begun], given).returning(*(_DELIVERIES.c[name] for name in _ASKED))
    )
    deliveries = made.cte("deliveries")
    waiting = {"rank": literal(webhook_fanout.LIVE), "due_at": now, "accepted_at": now, "attempts": literal(0)}
    waiting["claims"] = literal(0)
    queued = insert(_QUEUE).from_select(
        ["delivery_id", "endpoint_id", "event_id", *waiting], select(*deliveries.c, *waiting.values())
    )
    return select(new.c.id).add_cte(queued.cte("queued"))


def overflow(session: Session, endpoint_ids: Collection[str], events: Rows) -> None:
    """Lets those with too many rows read from the log, from behind these events."""
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
