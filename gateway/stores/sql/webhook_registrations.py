"""Registrations: the one subscription that we keep with the internal service for a tenant, and the secret URL in it.

Two live while the URL is changed: the old one until the new one was heard.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import webhook_clock
from gateway.stores.sql.webhook_models import GapRow, RegistrationRow


@dataclass(frozen=True, slots=True)
class Registration:
    """A row of `webhook_registrations`.

    capability_hash     `Keyring.hash` of the capability, under the key `hash_key_id`
    capability_sealed   sealed by purpose `webhook-capability`, subject the tenant
    internal_id         what the service calls its subscription; None before it has answered
    state               `pending`, `active`, `retiring` (another takes its place) or `lost`
    """

    id: str
    tenant_id: str
    capability_hash: bytes
    hash_key_id: str
    capability_sealed: str
    internal_id: str | None
    state: str
    created_at: datetime
    checked_at: datetime | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which events may have been missed; `tenant_id` None: by every tenant."""

    id: str
    tenant_id: str | None
    reason: str
    since: datetime
    until: datetime
    reconciled_at: datetime | None


def add(session: Session, registration: Registration) -> None:
    """A new one, before the service is told: what it answers to a request that we do not live to see finds its row."""
    session.add(RegistrationRow(**{name: getattr(registration, name) for name in Registration.__slots__}))
    session.flush()


def known(session: Session, hashes: Collection[bytes]) -> Registration | None:
    """The one whose capability has one of these hashes."""
    row = session.scalars(select(RegistrationRow).where(RegistrationRow.capability_hash.in_(hashes))).first()
    return None if row is None else _record(row)


def of_tenant(session: Session, tenant_id: str) -> tuple[Registration, ...]:
    """The newest first."""
    query = select(RegistrationRow).where(RegistrationRow.tenant_id == tenant_id)
    return tuple(_record(row) for row in session.scalars(query.order_by(RegistrationRow.id.desc())))


def all_of_them(session: Session) -> tuple[Registration, ...]:
    """By tenant."""
    query = select(RegistrationRow).order_by(RegistrationRow.tenant_id, RegistrationRow.id)
    return tuple(_record(row) for row in session.scalars(query))


def states(session: Session) -> dict[str, int]:
    """How many there are, by state."""
    query = select(RegistrationRow.state, func.count().label("rows")).group_by(RegistrationRow.state)
    return {row.state: row.rows for row in session.execute(query)}


def change(session: Session, registration_id: str, **columns: object) -> None:
    """Changes `internal_id`, `state`, `checked_at` or `heard_at`."""
    session.execute(
        update(RegistrationRow)
        .where(RegistrationRow.id == registration_id)
        .values(**columns)
        .execution_options(synchronize_session=False)
    )


def remove(session: Session, registration_id: str) -> None:
    """Its capability is not known any more."""
    session.execute(delete(RegistrationRow).where(RegistrationRow.id == registration_id))


def add_gap(session: Session, tenant_id: str | None, reason: str, since: datetime, until: datetime) -> Gap:
    """Writes down that events may have been missed."""
    gap_id = token_format.new_timed_id(webhook_clock.milliseconds(until))
    session.add(GapRow(id=gap_id, tenant_id=tenant_id, reason=reason, since=since, until=until, reconciled_at=None))
    session.flush()
    return Gap(gap_id, tenant_id, reason, since, until, None)


def gaps(session: Session, tenant_id: str | None = None, since: datetime | None = None) -> tuple[Gap, ...]:
    """Of a tenant and of everybody, or all; the newest first."""
    query = select(GapRow).order_by(GapRow.id.desc())
    if tenant_id is not None:
        query = query.where((GapRow.tenant_id == tenant_id) | GapRow.tenant_id.is_(None))
    if since is not None:
        query = query.where(GapRow.until >= since)
    return tuple(
        Gap(row.id, row.tenant_id, row.reason, row.since, row.until, row.reconciled_at)
        for row in session.scalars(query)
    )


def unreconciled(session: Session) -> tuple[Gap, ...]:
    """Of which nothing was rebuilt yet, the oldest first."""
    query = select(GapRow).where(GapRow.reconciled_at.is_(None)).order_by(GapRow.id)
    return tuple(Gap(row.id, row.tenant_id, row.reason, row.since, row.until, None) for row in session.scalars(query))


def reconciled(session: Session, gap_id: str, at: datetime) -> None:
    """What could be rebuilt of a gap was."""
    session.execute(update(GapRow).where(GapRow.id == gap_id).values(reconciled_at=at))


def _record(row: RegistrationRow) -> Registration:
    return Registration(**{name: getattr(row, name) for name in Registration.__slots__})
