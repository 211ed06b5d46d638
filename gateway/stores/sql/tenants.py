"""The tenants this gateway serves, each with the sealed key that opens its internal services."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.keys.token_format import Mode
from gateway.stores.sql.models import TenantRow


@dataclass(frozen=True, slots=True)
class Tenant:
    """``id`` is the internal business id; ``api_key_sealed`` is ``None`` when the services are called by service key;
    ``plan`` names what limits it, ``None`` being those of every tenant. A sandbox is a tenant in test mode: ``owner_id`` is
    the tenant it belongs to, ``None`` for nobody's, and ``expires_at`` when it ends; its clock is ``clock_ahead`` milliseconds
    ahead, and idempotency keys of another ``replay_era`` are not known to it.
    """

    id: str
    name: str
    api_key_sealed: str | None
    created_at: datetime
    plan: str | None = None
    mode: Mode = "live"
    owner_id: str | None = None
    expires_at: datetime | None = None
    clock_ahead: int = 0
    replay_era: int = 0


def add(session: Session, tenant: Tenant) -> Tenant:
    """Adds the tenant, or renames it and replaces its key if it is known; ``created_at`` stays that of the first time.

    One that was removed is back. Its plan stays as it was.
    """
    row = session.get(TenantRow, tenant.id)
    if row is None:
        row = TenantRow(
            id=tenant.id,
            created_at=tenant.created_at,
            mode=tenant.mode,
            owner_id=tenant.owner_id,
            expires_at=tenant.expires_at,
        )
        session.add(row)
    row.name, row.api_key_sealed, row.removed_at = tenant.name, tenant.api_key_sealed, None
    session.flush()
    return record(row)


def get(session: Session, tenant_id: str) -> Tenant | None:
    """The tenant; None for one that was removed, too."""
    row = session.get(TenantRow, tenant_id)
    return None if row is None or row.removed_at is not None else record(row)


def mode_of(session: Session, tenant_id: str) -> Mode:
    """Whether the tenant is a sandbox."""
    tenant = get(session, tenant_id)
    return "live" if tenant is None else tenant.mode


def list(session: Session) -> tuple[Tenant, ...]:  # noqa: A001 - read as tenants.list
    """All tenants, by name. Sandboxes are none of them: see `sandboxes.list`."""
    query = (
        select(TenantRow)
        .where(TenantRow.removed_at.is_(None), TenantRow.mode == "live")
        .order_by(TenantRow.name, TenantRow.id)
    )
    return tuple(record(row) for row in session.scalars(query))


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


def record(row: TenantRow) -> Tenant:
    """The tenant that a row is."""
    mode: Mode = "test" if row.mode == "test" else "live"
    return Tenant(
        row.id,
        row.name,
        row.api_key_sealed,
        row.created_at,
        row.plan,
        mode,
        row.owner_id,
        row.expires_at,
        row.clock_ahead,
        row.replay_era,
    )
