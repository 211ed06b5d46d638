"""The audit log: what happened to whose credentials, by whom, from where. The database itself refuses to change it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.stores.sql.models import AuditRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """``actor`` and ``subject`` are ``<type>:<id>`` (``user:clx…``, ``token:…``, ``cli``); ``detail`` is plain JSON without secrets."""

    at: datetime
    tenant_id: str | None
    actor: str
    action: str
    subject: str
    address: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)
    id: int | None = None


def append(session: Session, event: Event) -> int:
    """Adds the event and returns its number; numbers rise, with gaps. ``event.id`` is ignored."""
    row = AuditRow(
        at=event.at,
        tenant_id=event.tenant_id,
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        address=event.address,
        detail=dict(event.detail),
    )
    session.add(row)
    session.flush()
    return row.id


def tail(session: Session, tenant_id: str | None = None, *, limit: int = 50, after: int = 0) -> tuple[Event, ...]:
    """The newest ``limit`` events numbered above ``after``, oldest first; of all tenants if none is named."""
    query = select(AuditRow).where(AuditRow.id > after).order_by(AuditRow.id.desc()).limit(limit)
    if tenant_id is not None:
        query = query.where(AuditRow.tenant_id == tenant_id)
    return tuple(_record(row) for row in reversed(session.scalars(query).all()))


def page(
    session: Session, tenant_id: str, user_id: str | None = None, *, limit: int = 50, before: int | None = None
) -> tuple[Event, ...]:
    """A tenant's events numbered below ``before``, newest first; for a user those by them or about what is theirs."""
    query = select(AuditRow).where(AuditRow.tenant_id == tenant_id).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if user_id is not None:
        query = query.where(or_(AuditRow.actor == f"user:{user_id}", AuditRow.detail["user"].as_string() == user_id))
    return tuple(_record(row) for row in session.scalars(query))


def moments(session: Session, tenant_id: str, action: str, subject: str, since: datetime) -> tuple[datetime, ...]:
    """When something was done to a subject of a tenant since then."""
    query = select(AuditRow.at).where(
        AuditRow.tenant_id == tenant_id, AuditRow.subject == subject, AuditRow.action == action, AuditRow.at >= since
    )
    return tuple(session.scalars(query))


def _record(row: AuditRow) -> Event:
    return Event(
        at=row.at,
        tenant_id=row.tenant_id,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        address=row.address,
        detail=row.detail,
        id=row.id,
    )
