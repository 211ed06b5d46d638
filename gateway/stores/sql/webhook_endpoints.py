"""Endpoints: who is to be told of what, and where. Of a tenant there are few (`MOST`), so they are read together."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from gateway.stores.sql import webhook_clock, webhook_streams
from gateway.stores.sql.webhook_models import NEVER, DeliveryRow, EndpointRow, LaneRow, QueueRow, WebhookSecretRow

MOST: Final = 50  # endpoints of one tenant
MOST_OF_GRANT: Final = 10

Status = Literal["pending", "enabled", "paused", "suspended", "disabled"]
# Events get rows as they come; of the others they stay in the log, where the lane's cursor finds them.
OPEN: Final = ("pending", "enabled")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A row of `webhook_subscriptions`. `id` without its public prefix `whk_`.

    owner_kind   `token` (owner_id: the family), `grant` (the grant) or `user`
    url_sealed   sealed by purpose `webhook-url`, subject the endpoint's id; headers_sealed: `webhook-headers`, JSON object
    events       public types; payload: `full` or `thin`; contract: a date
    rate         deliveries a second at most, or None
    status       `pending` (the registration is not there yet) and `enabled` are delivered to
    """

    id: str
    tenant_id: str
    owner_kind: str
    owner_id: str
    client_id: str | None
    user_id: str
    scopes: tuple[str, ...]
    url_sealed: str
    url_host: str
    events: tuple[str, ...]
    payload: str
    contract: str
    description: str | None
    headers_sealed: str | None
    max_in_flight: int
    rate: int | None
    status: str
    reason: str | None
    template_id: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Health:
    """How it goes with an endpoint. `missed`: the range that was let go, from and to; `backlog`: rows of the queue."""

    failing_since: datetime | None
    succeeded_at: datetime | None
    failed_at: datetime | None
    blocked_until: datetime | None
    reads_from_log: bool
    missed: tuple[datetime, datetime] | None
    backlog: int


def add(session: Session, endpoint: Endpoint) -> None:
    """A new one, which gets every event that is accepted after this commit. Its first secret: `webhook_secrets.add`."""
    webhook_streams.hold(session, endpoint.tenant_id)
    session.add(EndpointRow(**_columns(endpoint)))
    session.flush()
    session.add(
        LaneRow(
            endpoint_id=endpoint.id,
            tenant_id=endpoint.tenant_id,
            next_due=NEVER,
            leased_until=0,
            epoch=0,
            served_at=0,
            blocked_until=0,
            blocks=0,
            failures=0,
            streak=0,
            warned=0,
        )
    )
    session.flush()


def get(session: Session, endpoint_id: str) -> Endpoint | None:
    """None for one that is not, or not any more; whose it is, the caller compares."""
    row = session.get(EndpointRow, endpoint_id)
    return None if row is None else _record(row)


def some(session: Session, ids: Collection[str]) -> dict[str, Endpoint]:
    """Those of the ids that are there."""
    rows = session.scalars(select(EndpointRow).where(EndpointRow.id.in_(ids)))
    return {row.id: _record(row) for row in rows}


def of_tenant(session: Session, tenant_id: str) -> tuple[Endpoint, ...]:
    """All of a tenant, the oldest first."""
    query = select(EndpointRow).where(EndpointRow.tenant_id == tenant_id)
    return tuple(_record(row) for row in session.scalars(query.order_by(EndpointRow.created_at, EndpointRow.id)))


def of_owner(session: Session, owner_kind: str, owner_id: str) -> tuple[Endpoint, ...]:
    """All of a token's family, a grant or a user, the oldest first."""
    query = select(EndpointRow).where(EndpointRow.owner_kind == owner_kind, EndpointRow.owner_id == owner_id)
    return tuple(_record(row) for row in session.scalars(query.order_by(EndpointRow.created_at, EndpointRow.id)))


def tenants(session: Session, since: datetime) -> tuple[str, ...]:
    """Ids of the tenants that need a registration: they have an endpoint that is delivered to, or one that was stopped after
    `since` and may go on from the log.
    """
    wanted = or_(EndpointRow.status.in_(OPEN), EndpointRow.changed_at > since)
    query = select(EndpointRow.tenant_id).where(wanted).distinct()
    return tuple(session.scalars(query.order_by(EndpointRow.tenant_id)))


def health(session: Session, ids: Collection[str]) -> dict[str, Health]:
    """By endpoint."""
    rows = select(QueueRow.endpoint_id, func.count().label("rows")).where(QueueRow.endpoint_id.in_(ids))
    counts = {row.endpoint_id: row.rows for row in session.execute(rows.group_by(QueueRow.endpoint_id))}
    return {
        lane.endpoint_id: Health(
            failing_since=_moment(lane.failing_since),
            succeeded_at=_moment(lane.succeeded_at),
            failed_at=_moment(lane.failed_at),
            blocked_until=_moment(lane.blocked_until or None),
            reads_from_log=lane.cursor is not None,
            missed=(lane.missed_since, lane.missed_until) if lane.missed_since and lane.missed_until else None,
            backlog=counts.get(lane.endpoint_id, 0),
        )
        for lane in session.scalars(select(LaneRow).where(LaneRow.endpoint_id.in_(ids)))
    }


def change(session: Session, endpoint_id: str, at: datetime, **columns: object) -> Endpoint | None:
    """Changes what an owner may change (url, events, contract, …), not the status; None for one that is not there.

    Under the tenant's row: an event is told of by what was wanted when it was accepted.
    """
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        return None
    webhook_streams.hold(session, row.tenant_id)
    for name, value in columns.items():
        setattr(row, name, " ".join(value) if name in {"scopes", "events"} else value)  # type: ignore[arg-type]
    row.changed_at = at
    session.flush()
    return _record(row)


def stop(session: Session, endpoint_id: str, status: Status, reason: str | None, at: datetime) -> None:
    """Pauses, suspends or disables: no attempt begins any more. What waits stays, what comes stays in the log."""
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        return
    sequence = webhook_streams.hold(session, row.tenant_id)
    row.status, row.reason, row.changed_at = status, reason, at
    session.flush()
    session.execute(
        update(LaneRow)
        .where(LaneRow.endpoint_id == endpoint_id)
        .values(next_due=NEVER, cursor=func.coalesce(LaneRow.cursor, sequence))
        .execution_options(synchronize_session=False)
    )


def resume(session: Session, endpoint_id: str, missed: bool, at: datetime, reason: str | None = None) -> None:
    """Delivers again: what was missed (still in the log) and then what comes, or only the latter.

    What waited in the queue goes on in any case. What is let go is a range that the endpoint shows.
    """
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        return
    sequence = webhook_streams.hold(session, row.tenant_id)
    since = row.changed_at
    row.status, row.reason, row.changed_at = "enabled", reason, at
    session.flush()
    values: dict[str, Any] = {"next_due": webhook_clock.milliseconds(at), "blocked_until": 0, "blocks": 0, "streak": 0}
    if not missed:
        lane = session.get_one(LaneRow, endpoint_id)
        values["cursor"] = None
        if lane.cursor is not None and lane.cursor < sequence:
            values |= {"missed_since": since, "missed_until": at}
    session.execute(
        update(LaneRow)
        .where(LaneRow.endpoint_id == endpoint_id)
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def enable(session: Session, endpoint_id: str, at: datetime) -> None:
    """The registration that a `pending` one waited for is there."""
    row = session.get(EndpointRow, endpoint_id)
    if row is not None and row.status == "pending":
        row.status, row.reason, row.changed_at = "enabled", None, at
        session.flush()


def cancel(session: Session, endpoint_id: str, reason: str, at: datetime) -> int:
    """What waits is not delivered any more, for a reason that its owner can read; how many those were."""
    waiting = select(QueueRow.delivery_id).where(QueueRow.endpoint_id == endpoint_id)
    ended = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id.in_(waiting))
        .values(status="cancelled", reason=reason, settled_at=at)
        .execution_options(synchronize_session=False)
    )
    session.execute(delete(QueueRow).where(QueueRow.endpoint_id == endpoint_id))
    return int(getattr(ended, "rowcount", 0))


def purge(session: Session, endpoint_id: str, reason: str, at: datetime) -> int:
    """Nothing that waits now is delivered, neither from the queue nor from the log; how many deliveries that cancelled.

    What the log held for it is a range that the endpoint shows, as after a `resume` from now.
    """
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        return 0
    sequence = webhook_streams.hold(session, row.tenant_id)
    lane = session.get_one(LaneRow, endpoint_id)
    if lane.cursor is not None and lane.cursor < sequence:
        values = {"cursor": sequence, "missed_since": row.changed_at, "missed_until": at}
        session.execute(
            update(LaneRow)
            .where(LaneRow.endpoint_id == endpoint_id)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
    return cancel(session, endpoint_id, reason, at)


def remove(session: Session, endpoint_id: str, at: datetime) -> bool:
    """Cancels what waits and forgets the endpoint with its secrets; whether it was there."""
    row = session.get(EndpointRow, endpoint_id)
    if row is None:
        return False
    webhook_streams.hold(session, row.tenant_id)
    cancel(session, endpoint_id, "deleted", at)
    for table, column in (
        (LaneRow, LaneRow.endpoint_id),
        (WebhookSecretRow, WebhookSecretRow.endpoint_id),
        (EndpointRow, EndpointRow.id),
    ):
        session.execute(delete(table).where(column == endpoint_id).execution_options(synchronize_session=False))
    session.expire_all()
    return True


def _moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else webhook_clock.moment(milliseconds)


def _columns(endpoint: Endpoint) -> dict[str, Any]:
    columns = {name: getattr(endpoint, name) for name in Endpoint.__slots__}
    return columns | {"scopes": " ".join(endpoint.scopes), "events": " ".join(endpoint.events)}


def _record(row: EndpointRow) -> Endpoint:
    columns = {name: getattr(row, name) for name in Endpoint.__slots__}
    return Endpoint(**columns | {"scopes": tuple(row.scopes.split()), "events": tuple(row.events.split())})
