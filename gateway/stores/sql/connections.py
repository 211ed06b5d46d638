"""Which apps are connected to whom: what is granted at this moment, and what would be granted without a question."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import ClientRow, ConsentRow, GrantRow


@dataclass(frozen=True, slots=True)
class Connection:
    """One user and one app. ``since``: the oldest live grant; ``active``: whether there is one, or only the consent.

    ``scopes``: granted or agreed to; ``user_email``: of some grant of the user, None when there never was one.
    """

    client_id: str
    client_name: str
    client_uri: str | None
    tenant_id: str
    user_id: str
    user_email: str | None
    scopes: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None
    active: bool


def live(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> tuple[Connection, ...]:
    """The tenant's connections by name of app, of one user if named."""
    found = _granted(session, tenant_id, user_id, now)
    for consent, name, client_uri, email in _agreed(session, tenant_id, user_id):
        key = consent.client_id, consent.user_id
        known = found.get(key)
        found[key] = Connection(
            client_id=consent.client_id,
            client_name=name,
            client_uri=client_uri,
            tenant_id=tenant_id,
            user_id=consent.user_id,
            user_email=known.user_email if known else email,
            scopes=tuple(sorted({*consent.scopes.split(), *(known.scopes if known else ())})),
            since=known.since if known else consent.granted_at,
            last_used_at=known.last_used_at if known else None,
            active=known is not None,
        )
    return tuple(sorted(found.values(), key=lambda each: (each.client_name, each.client_id, each.user_email or "")))


def _granted(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> dict[tuple[str, str], Connection]:
    query = (
        select(GrantRow, ClientRow.name, ClientRow.client_uri)
        .join(ClientRow, ClientRow.id == GrantRow.client_id)
        .where(GrantRow.tenant_id == tenant_id, GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
        .order_by(GrantRow.created_at)
    )
    if user_id is not None:
        query = query.where(GrantRow.user_id == user_id)
    used = dict(
        session.execute(
            select(TokenRow.family, func.max(TokenRow.last_used_at))
            .where(TokenRow.tenant_id == tenant_id, TokenRow.kind == "app")
            .group_by(TokenRow.family)
        ).all()
    )
    found: dict[tuple[str, str], Connection] = {}
    for grant, name, client_uri in session.execute(query):
        known = found.get((grant.client_id, grant.user_id))
        uses = [at for at in (used.get(grant.id), known.last_used_at if known else None) if at is not None]
        scopes = {*grant.scopes.split(), *(known.scopes if known else ())}
        found[grant.client_id, grant.user_id] = Connection(
            client_id=grant.client_id,
            client_name=name,
            client_uri=client_uri,
            tenant_id=tenant_id,
            user_id=grant.user_id,
            user_email=grant.user_email,
            scopes=tuple(sorted(scopes)),
            since=known.since if known else grant.created_at,
            last_used_at=max(uses, default=None),
            active=True,
        )
    return found


def _agreed(
    session: Session, tenant_id: str, user_id: str | None
) -> list[tuple[ConsentRow, str, str | None, str | None]]:
    """Consents with name and home page of the app, and the user's address; a disabled app has no use for them."""
    email = (
        select(func.max(GrantRow.user_email))
        .where(GrantRow.tenant_id == tenant_id, GrantRow.user_id == ConsentRow.user_id)
        .scalar_subquery()
    )
    query = (
        select(ConsentRow, ClientRow.name, ClientRow.client_uri, email)
        .join(ClientRow, ClientRow.id == ConsentRow.client_id)
        .where(ConsentRow.tenant_id == tenant_id, ClientRow.disabled_at.is_(None))
    )
    if user_id is not None:
        query = query.where(ConsentRow.user_id == user_id)
    return [*session.execute(query)]
