"""Clients of other issuers as they were seen here: each with the user that it acts for. What may be revoked of them is on record here."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway.stores.sql.inserting import insert_of
from gateway.stores.sql.models import ExternalClientRow


@dataclass(frozen=True, slots=True)
class ExternalClient:
    """``issuer`` is what its tokens call it; ``user_email`` may be empty: such a token need not say it.

    Every change of ``revoked_at`` raises ``generation``, which is announced after the commit (``gateway.stores.token_generations``).
    """

    id: str
    tenant_id: str
    user_id: str
    user_email: str
    issuer: str
    client_id: str
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None
    generation: int = 1


def get(session: Session, principal: str) -> ExternalClient | None:
    """The one of this id."""
    row = session.get(ExternalClientRow, principal)
    return None if row is None else _record(row)


def add(session: Session, client: ExternalClient) -> ExternalClient:
    """Writes it down, unless it is there: workers may see it for the first time together."""
    insert = insert_of(session)
    values = {name: getattr(client, name) for name in ExternalClient.__slots__}
    session.execute(insert(ExternalClientRow).values(values).on_conflict_do_nothing())
    return _record(session.get_one(ExternalClientRow, client.id, populate_existing=True))


def known(session: Session, tenant_id: str, principals: Collection[str]) -> tuple[ExternalClient, ...]:
    """Those of the tenant among them."""
    owned = ExternalClientRow.tenant_id == tenant_id
    return tuple(
        map(_record, session.scalars(select(ExternalClientRow).where(owned, ExternalClientRow.id.in_(principals))))
    )


def of_tenant(session: Session, tenant_id: str) -> tuple[ExternalClient, ...]:
    """All that are not revoked."""
    live = ExternalClientRow.tenant_id == tenant_id, ExternalClientRow.revoked_at.is_(None)
    return tuple(map(_record, session.scalars(select(ExternalClientRow).where(*live).order_by(ExternalClientRow.id))))


def latest(session: Session, tenant_id: str, user_id: str | None, most: int) -> tuple[ExternalClient, ...]:
    """The tenant's that were seen last, of one user if named; those that are revoked, too."""
    query = select(ExternalClientRow).where(ExternalClientRow.tenant_id == tenant_id)
    if user_id is not None:
        query = query.where(ExternalClientRow.user_id == user_id)
    ordered = query.order_by(ExternalClientRow.created_at.desc(), ExternalClientRow.id).limit(most)
    return tuple(map(_record, session.scalars(ordered)))


def change(session: Session, principal: str, revoked_at: datetime | None, reason: str | None) -> ExternalClient | None:
    """Revokes it, or lets it in again with None. None when there is no such client."""
    session.execute(
        update(ExternalClientRow)
        .where(ExternalClientRow.id == principal)
        .values(revoked_at=revoked_at, revoked_reason=reason, generation=ExternalClientRow.generation + 1)
        .execution_options(synchronize_session=False)
    )
    row = session.get(ExternalClientRow, principal, populate_existing=True)
    return None if row is None else _record(row)


def _record(row: ExternalClientRow) -> ExternalClient:
    return ExternalClient(**{name: getattr(row, name) for name in ExternalClient.__slots__})
