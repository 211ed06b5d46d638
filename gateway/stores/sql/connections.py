"""Which apps are connected to whom at this moment: the live grants, gathered by app and user."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import ClientRow, GrantRow


@dataclass(frozen=True, slots=True)
class Connection:
    """Everything that one user has granted to one app and that is still good. ``since``: the oldest of it."""

    client_id: str
    client_name: str
    client_uri: str | None
    tenant_id: str
    user_id: str
    user_email: str
    scopes: tuple[str, ...]
    since: datetime
    last_used_at: datetime | None


def live(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> tuple[Connection, ...]:
    """The tenant's connections by name of app, of one user if named."""
    query = (
        select(GrantRow, ClientRow.name, ClientRow.client_uri)
        .join(ClientRow, ClientRow.id == GrantRow.client_id)
        .where(GrantRow.tenant_id == tenant_id, GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
        .order_by(ClientRow.name, GrantRow.client_id, GrantRow.user_email, GrantRow.created_at)
    )
    if user_id is not None:
        query = query.where(GrantRow.user_id == user_id)
    used = dict(
        session.execute(
            select(TokenRow.family, func.max(TokenRow.last_used_at))
            .where(TokenRow.tenant_id == tenant_id, TokenRow.kind == "app")
            .group_by(TokenRow.family)
        )
        .tuples()
        .all()
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
        )
    return tuple(found.values())
