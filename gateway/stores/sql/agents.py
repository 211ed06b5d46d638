"""Which agents can come in by `/mcp`: tokens made for them, and what users granted to apps there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.keys.token_format import Kind
from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import ClientRow, GrantRow

_DOOR = "mcp"


@dataclass(frozen=True, slots=True)
class Agent:
    """One that lives. ``principal``: the first of a chain of rotated tokens, or a grant; ``kind``: a person's own or an app's."""

    principal: str
    kind: Kind
    name: str
    user_id: str
    user_email: str
    scopes: tuple[str, ...]
    since: datetime
    expires_at: datetime
    last_used_at: datetime | None


def live(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> tuple[Agent, ...]:
    """The tenant's, or one user's, the newest first."""
    found = [*_tokens(session, tenant_id, user_id, now), *_grants(session, tenant_id, user_id, now)]
    return tuple(sorted(found, key=lambda each: (each.since, each.principal), reverse=True))


def _tokens(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> list[Agent]:
    query = (
        select(TokenRow)
        .where(TokenRow.tenant_id == tenant_id, TokenRow.kind == "personal", TokenRow.audience == _DOOR)
        .where(TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
        .order_by(TokenRow.created_at)
    )
    if user_id is not None:
        query = query.where(TokenRow.user_id == user_id)
    found: dict[str, Agent] = {}
    for row in session.scalars(query):
        # A token and its successor live side by side for a while: they are one agent.
        known = found.get(row.family)
        uses = [at for at in (row.last_used_at, known.last_used_at if known else None) if at is not None]
        found[row.family] = Agent(
            principal=row.family,
            kind="personal",
            name=row.name,
            user_id=row.user_id,
            user_email=row.user_email,
            scopes=tuple(row.scopes.split()),
            since=known.since if known else row.created_at,
            expires_at=row.expires_at,
            last_used_at=max(uses, default=None),
        )
    return [*found.values()]


def _grants(session: Session, tenant_id: str, user_id: str | None, now: datetime) -> list[Agent]:
    used = (
        select(TokenRow.family, func.max(TokenRow.last_used_at).label("at"))
        .where(TokenRow.tenant_id == tenant_id, TokenRow.kind == "app", TokenRow.audience == _DOOR)
        .group_by(TokenRow.family)
        .subquery()
    )
    query = (
        select(GrantRow, ClientRow.name, used.c.at)
        .join(ClientRow, ClientRow.id == GrantRow.client_id)
        .outerjoin(used, used.c.family == GrantRow.id)
        .where(GrantRow.tenant_id == tenant_id, GrantRow.audience == _DOOR)
        .where(GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
    )
    if user_id is not None:
        query = query.where(GrantRow.user_id == user_id)
    return [
        Agent(
            principal=row.id,
            kind="app",
            name=name,
            user_id=row.user_id,
            user_email=row.user_email,
            scopes=tuple(row.scopes.split()),
            since=row.created_at,
            expires_at=row.expires_at,
            last_used_at=at,
        )
        for row, name, at in session.execute(query)
    ]
