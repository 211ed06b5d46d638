"""The tenants this gateway serves, each with the sealed key that opens its internal services."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.stores.sql.models import TenantRow


@dataclass(frozen=True, slots=True)
class Tenant:
    """``id`` is the internal business id; ``api_key_sealed`` is ``None`` when the services are called by service key;
    ``plan`` names what limits it, ``None`` being those of every tenant.
    """

    id: str
    name: str
    api_key_sealed: str | None
    created_at: datetime
    plan: str | None = None


def add(session: Session, tenant: Tenant) -> Tenant:
    """Adds the tenant, or renames it and replaces its key if it is known; ``created_at`` stays that of the first time.

    One that was removed is back. Its plan stays as it was.
    """
    row = session.get(TenantRow, tenant.id)
    if row is None:
        row = TenantRow(id=tenant.id, created_at=tenant.created_at)
        session.add(row)
    row.name, row.api_key_sealed, row.removed_at = tenant.name, tenant.api_key_sealed, None
    session.flush()
    return _record(row)


def get(session: Session, tenant_id: str) -> Tenant | None:
    """The tenant; None for one that was removed, too."""
    row = session.get(TenantRow, tenant_id)
    return None if row is None or row.removed_at is not None else _record(row)


def list(session: Session) -> tuple[Tenant, ...]:  # noqa: A001 - read as tenants.list
    """All tenants, by name."""
    query = select(TenantRow).where(TenantRow.removed_at.is_(None)).order_by(TenantRow.name, TenantRow.id)
    return tuple(_record(row) for row in session.scalars(query))


def set_plan(session: Session, tenant_id: str, plan: str | None) -> None:
    """Gives the tenant a plan, or takes it away."""
    session.execute(
        update(TenantRow)
        .where(TenantRow.id == tenant_id, TenantRow.removed_at.is_(None))
        .values(plan=plan)
        .execution_options(synchronize_session=False)
    )


def remove(session: Session, tenant_id: str, now: datetime) -> None:
    """Nobody is served for the tenant any more, and its key is forgotten. What happened in it stays on record."""
    session.execute(
        update(TenantRow)
        .where(TenantRow.id == tenant_id, TenantRow.removed_at.is_(None))
        .values(removed_at=now, api_key_sealed=None)
        .execution_options(synchronize_session=False)
    )


def _record(row: TenantRow) -> Tenant:
    return Tenant(row.id, row.name, row.api_key_sealed, row.created_at, row.plan)
