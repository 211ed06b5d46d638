"""The log of events: what was accepted, each once, in the order of its tenant; and who is to be told of it.

An event, its deliveries and their rows in the queue are one transaction.
"""

import operator
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, not_, or_, select
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_accepting, webhook_clock, webhook_fanout, webhook_streams
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_models import EventRow


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is to be accepted.

    fingerprint   SHA-256: a second event of the tenant with the same one is a repetition
    audience      None: every endpoint that wants the type; else only those of this owner, or the endpoint of this id
    facts_sealed  sealed by purpose `webhook-facts`, subject the tenant, as JSON object; None when nothing is believed
    origin        `service`, `reconciled` or `gateway`
    """

    tenant_id: str
    type: str
    object_id: str
    occurred_at: datetime
    fingerprint: bytes
    origin: str
    facts_sealed: str | None = None
    audience: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event of the log. `id` without its public prefix `evt_`; `sequence` grows within the tenant."""

    id: str
    tenant_id: str
    sequence: int
    type: str
    object_id: str
    audience: str | None
    occurred_at: datetime
    received_at: datetime
    facts_sealed: str | None
    origin: str


_EVENTS: Final = Base.metadata.tables[EventRow.__tablename__]
_COLUMNS: Final = tuple(_EVENTS.c[name] for name in Event.__slots__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of them.

    ids       by tenant and fingerprint, of those that are new
    fed       by endpoint, how many rows its lane was given
    ready     those of them that are not blocked: there is something to do for them now
    """

    ids: dict[tuple[str, bytes], str]
    fed: dict[str, int]
    ready: frozenset[str]


def accept(session: Session, events: Sequence[NewEvent], now: int, measured: Collection[str] = ()) -> Accepted:
    """Writes down what is new, with a delivery for each endpoint that wants it. `now`: `webhook_clock.now`.

    Endpoints in `measured` are looked at for their length: one with too many rows reads from the log from here on.
    """
    at = webhook_clock.moment(now)
    more = Counter(event.tenant_id for event in events)
    numbers = {
        tenant_id: last - more[tenant_id] for tenant_id, last in webhook_streams.hold_each(session, more).items()
    }
    rows: list[dict[str, Any]] = []
    for event in events:
        numbers[event.tenant_id] += 1
        row = {name: getattr(event, name) for name in NewEvent.__slots__}
        row |= {"id": token_format.new_timed_id(now), "sequence": numbers[event.tenant_id], "received_at": at}
        rows.append(row)
    listeners = webhook_accepting.listeners(session, rows)
    wanted = [(each.endpoint_id, row["id"]) for each in listeners for row in rows if each.wants(row)]
    new = webhook_accepting.write(session, rows, wanted, now)
    fed = Counter(endpoint_id for endpoint_id, event_id in wanted if event_id in new)
    # Nobody puts off a lane on which we have a lock.
    asleep = [each.endpoint_id for each in listeners if each.endpoint_id in fed and each.next_due > now]
    webhook_fanout.wake(session, asleep, now)
    webhook_accepting.overflow(session, fed.keys() & measured, rows)
    ids = {(row["tenant_id"], row["fingerprint"]): row["id"] for row in rows if row["id"] in new}
    blocked = {each.endpoint_id for each in listeners if each.blocked_until > now}
    return Accepted(ids, dict(fed), frozenset(fed.keys() - blocked))


def get(session: Session, event_id: str) -> Event | None:
    """None for one that is not, or not any more; whose it is, the caller compares."""
    row = session.execute(select(*_COLUMNS).where(EventRow.id == event_id)).first()
    return None if row is None else Event(*row)


def some(session: Session, ids: Collection[str]) -> dict[str, Event]:
    """By id, those that are there."""
    rows = session.execute(select(*_COLUMNS).where(many.among(session, _EVENTS.c.id, ids)))
    return {row.id: Event(*row) for row in rows}


def searched(
    session: Session,
    tenant_id: str,
    types: Collection[str],
    where: Mapping[str, Any] | None,
    *,
    beyond: int | None,
    limit: int,
    newest_first: bool,
) -> tuple[Event, ...]:
    """Events of these types for everybody, for which a `where` tree holds (adapters.core.request.filters), by their number.

    beyond: the number of the last one of the page before.
    """
    query = select(*_COLUMNS).where(
        EventRow.tenant_id == tenant_id, EventRow.type.in_(types), EventRow.audience.is_(None)
    )
    if where is not None:
        query = query.where(_holds(where))
    if beyond is not None:
        query = query.where(EventRow.sequence < beyond if newest_first else EventRow.sequence > beyond)
    order = EventRow.sequence.desc() if newest_first else EventRow.sequence
    return tuple(Event(*row) for row in session.execute(query.order_by(order).limit(limit)))


def _holds(where: Mapping[str, Any]) -> ColumnElement[bool]:
    """Of columns that are never NULL, so that every condition is true or false."""
    match where:
        case {"and": parts}:
            return and_(*map(_holds, parts))
        case {"or": parts}:
            return or_(*map(_holds, parts))
        case {"not": part}:
            return not_(_holds(part))
    column: Any = getattr(EventRow, where["field"])
    value = where["value"]
    if where["field"] == "received_at":
        value = [*map(datetime.fromisoformat, value)] if isinstance(value, list) else datetime.fromisoformat(value)
    if where["op"] == "between":
        return column.between(*value)  # type: ignore[no-any-return]
    compared: ColumnElement[bool] = _COMPARED[where["op"]](column, value)
    return compared


_COMPARED: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "in": lambda column, values: column.in_(values),
    "nin": lambda column, values: column.not_in(values),
}


def page(
    session: Session,
    tenant_id: str,
    *,
    after: int = 0,
    until: int | None = None,
    types: Collection[str] | None = None,
    since: datetime | None = None,
    before: datetime | None = None,
    limit: int = 100,
    newest_first: bool = False,
) -> tuple[Event, ...]:
    """Events of a tenant by their number: behind `after`, up to and with `until`; of some types; received in [since, before).

    With `newest_first` from the end, below `until`.
    """
    query = select(*_COLUMNS).where(EventRow.tenant_id == tenant_id, EventRow.sequence > after)
    if until is not None:
        query = query.where(EventRow.sequence <= until)
    if types is not None:
        query = query.where(EventRow.type.in_(types))
    if since is not None:
        query = query.where(EventRow.received_at >= since)
    if before is not None:
        query = query.where(EventRow.received_at < before)
    order = EventRow.sequence.desc() if newest_first else EventRow.sequence
    return tuple(Event(*row) for row in session.execute(query.order_by(order).limit(limit)))
