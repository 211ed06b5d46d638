"""Sandboxes: tenants in test mode. What there is of one is removed with it, row by row of every table but the audit,
which nothing is ever taken from.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from gateway.stores.sql import tenants
from gateway.stores.sql.models import Base, TenantRow
from gateway.stores.sql.tenants import Tenant

# Tables without a tenant in them, by what their rows belong to: child column → parent column. Grandchildren come first.
BENEATH: Final = {
    "webhook_attempts.delivery_id": "webhook_deliveries.id",
    "webhook_deliveries.endpoint_id": "webhook_subscriptions.id",
    "webhook_queue.endpoint_id": "webhook_subscriptions.id",
    "webhook_replays.endpoint_id": "webhook_subscriptions.id",
    "webhook_secrets.endpoint_id": "webhook_subscriptions.id",
    "refresh_tokens.grant_id": "grants.id",
    "places.principal": "usage.principal",
}


def living(session: Session, owner_id: str | None, now: datetime) -> int:
    """How many an owner has at this moment; of nobody's for None."""
    query = select(func.count()).select_from(TenantRow).where(*_of(owner_id), TenantRow.expires_at > now)
    return session.scalar(query) or 0


def list(  # noqa: A001 - read as sandboxes.list
    session: Session, owner_id: str | None, now: datetime
) -> tuple[Tenant, ...]:
    """Those of an owner, or all of them, the newest first; without those that have ended."""
    owned = _of(owner_id) if owner_id is not None else (TenantRow.mode == "test",)
    query = select(TenantRow).where(*owned, TenantRow.expires_at > now)
    return tuple(
        tenants.record(row) for row in session.scalars(query.order_by(TenantRow.created_at.desc(), TenantRow.id))
    )


def expired(session: Session, now: datetime, most: int) -> tuple[Tenant, ...]:
    """Some of those that have ended and are still here."""
    query = select(TenantRow).where(TenantRow.mode == "test", TenantRow.expires_at <= now).limit(most)
    return tuple(tenants.record(row) for row in session.scalars(query.order_by(TenantRow.expires_at)))


def unknown(session: Session, tenant_ids: Sequence[str]) -> tuple[str, ...]:
    """Those that are no tenant of ours (any more), in their order."""
    ours = {*session.scalars(select(TenantRow.id).where(TenantRow.id.in_(tenant_ids)))}
    return tuple(each for each in tenant_ids if each not in ours)


def get(session: Session, tenant_id: str) -> Tenant | None:
    """The sandbox; None for a tenant that is none."""
    tenant = tenants.get(session, tenant_id)
    return tenant if tenant is not None and tenant.mode == "test" else None


def set_clock(session: Session, tenant_id: str, ahead_ms: int, remembered_ms: int, *, anew: bool) -> None:
    """Notes how far ahead of the real time a sandbox is.

    A new era of idempotency keys begins when the data is another (`anew`), and whenever the clock has passed another
    `remembered_ms`, which is how long keys live: none of an earlier era is known any more.
    """
    row = session.get(TenantRow, tenant_id, with_for_update=True)
    if row is None or row.mode != "test":
        return
    if anew or ahead_ms // remembered_ms != row.clock_ahead // remembered_ms:
        row.replay_era += 1
    row.clock_ahead = ahead_ms
    session.flush()


def remove(session: Session, tenant_id: str) -> tuple[tuple[str, int], ...]:
    """Removes a sandbox and every row of it; the audit stays. Its tokens, each with a generation that nobody has seen, to be announced.

    A tenant that is no sandbox is left alone.
    """
    if get(session, tenant_id) is None:
        return ()
    tables = Base.metadata.tables
    tokens = tables["tokens"]
    ended = session.execute(select(tokens.c.id, tokens.c.generation).where(tokens.c.tenant_id == tenant_id))
    told = tuple((token_id, generation + 1) for token_id, generation in ended)
    for child, parent in BENEATH.items():
        table, column = child.split(".")
        owned = tables[table].c[column].in_(_ids(parent, tenant_id))
        session.execute(delete(tables[table]).where(owned))
    for table in reversed(Base.metadata.sorted_tables):
        if "tenant_id" in table.c and table.name != "audit":
            session.execute(delete(table).where(table.c.tenant_id == tenant_id))
    session.execute(delete(tables["tenants"]).where(tables["tenants"].c.id == tenant_id))
    session.expire_all()
    return told


def _ids(parent: str, tenant_id: str) -> Select[tuple[str]]:
    """The values of a column in the rows of a tenant."""
    name, column = parent.split(".")
    table = Base.metadata.tables[name]
    found = select(table.c[column])
    if "tenant_id" in table.c:
        return found.where(table.c.tenant_id == tenant_id)
    above, through = next((up, child.split(".")[1]) for child, up in BENEATH.items() if child.split(".")[0] == name)
    return found.where(table.c[through].in_(_ids(above, tenant_id)))


def _of(owner_id: str | None) -> tuple[ColumnElement[bool], ...]:
    owned = TenantRow.owner_id.is_(None) if owner_id is None else TenantRow.owner_id == owner_id
    return TenantRow.mode == "test", owned
