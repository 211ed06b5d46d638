"""What users granted to apps: one grant (family) for each authorization, with its refresh tokens and access tokens."""

from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import Delete, delete, select, update
from sqlalchemy.orm import Session

from gateway.keys.token_format import Audience
from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import GrantRow, RefreshRow


@dataclass(frozen=True, slots=True)
class Grant:
    """One family. Access tokens of it carry its id as ``family``; ``expires_at`` is the end of the whole family."""

    id: str
    client_id: str
    tenant_id: str
    user_id: str
    user_email: str
    scopes: tuple[str, ...]
    issuer: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_reason: str | None = None
    audience: Audience = "api"


@dataclass(frozen=True, slots=True)
class Refresh:
    """One refresh token. Once used it names its successor, sealed, for as long as a retry may be given the same one."""

    id: str
    grant_id: str
    hash: bytes
    hash_key_id: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    successor_id: str | None = None
    successor_sealed: str | None = None


@dataclass(frozen=True, slots=True)
class Revoked:
    """An access token that ended, as it has to be announced to workers."""

    tenant_id: str
    token_id: str
    generation: int


def insert(session: Session, grant: Grant) -> None:
    """Adds a grant."""
    columns = {field.name: getattr(grant, field.name) for field in fields(grant)}
    session.add(GrantRow(**{**columns, "scopes": " ".join(grant.scopes)}))
    session.flush()


def get(session: Session, grant_id: str) -> Grant | None:
    """The grant, revoked and expired ones too."""
    row = session.get(GrantRow, grant_id, populate_existing=True)
    return None if row is None else _grant(row)


def held(session: Session, grant_id: str) -> Grant | None:
    """The same, which nobody else ends, or adds tokens to, before the end of the transaction."""
    # FOR NO KEY UPDATE: what refers to the grant may be inserted meanwhile. SQLite's writers are alone anyway.
    row = session.get(GrantRow, grant_id, populate_existing=True, with_for_update={"key_share": True})
    return None if row is None else _grant(row)


def live(
    session: Session, client_id: str | None, now: datetime, *, tenant_id: str | None = None, user_id: str | None = None
) -> tuple[Grant, ...]:
    """All grants that have not ended, to one client or of one tenant or user if named. In one order, that of their locks."""
    query = (
        select(GrantRow)
        .where(GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
        .order_by(GrantRow.created_at.desc(), GrantRow.id)
    )
    named = (GrantRow.client_id, client_id), (GrantRow.tenant_id, tenant_id), (GrantRow.user_id, user_id)
    for column, value in named:
        if value is not None:
            query = query.where(column == value)
    return tuple(_grant(row) for row in session.scalars(query))


def revoke(session: Session, grant_id: str, reason: str, now: datetime) -> tuple[bool, tuple[Revoked, ...]]:
    """Ends the family: whether it lived until now, and the access tokens to announce. They are told again if asked again."""
    ended = session.scalar(
        update(GrantRow)
        .where(GrantRow.id == grant_id, GrantRow.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason)
        .returning(GrantRow.id)
        .execution_options(synchronize_session=False)
    )
    family = (TokenRow.family == grant_id, TokenRow.kind == "app", TokenRow.expires_at > now)
    session.execute(
        update(TokenRow)
        .where(*family, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason, generation=TokenRow.generation + 1)
        .execution_options(synchronize_session=False)
    )
    rows = session.execute(select(TokenRow.tenant_id, TokenRow.id, TokenRow.generation).where(*family))
    return ended is not None, tuple(Revoked(*row) for row in rows)


def add_refresh(session: Session, token: Refresh) -> None:
    """Adds a refresh token, and forgets those of the family that expired."""
    session.execute(
        delete(RefreshRow).where(RefreshRow.grant_id == token.grant_id, RefreshRow.expires_at < token.created_at)
    )
    session.add(RefreshRow(**{field.name: getattr(token, field.name) for field in fields(token)}))
    session.flush()


def refresh_by_hash(session: Session, hashes: tuple[bytes, ...]) -> Refresh | None:
    """The refresh token with one of these hashes, whatever its state."""
    query = select(RefreshRow).where(RefreshRow.hash.in_(hashes)).execution_options(populate_existing=True)
    row = session.scalar(query)
    return None if row is None else _refresh(row)


def refresh_by_id(session: Session, refresh_id: str) -> Refresh | None:
    """The refresh token, whatever its state."""
    row = session.get(RefreshRow, refresh_id, populate_existing=True)
    return None if row is None else _refresh(row)


def claim(session: Session, token: Refresh, successor_id: str, successor_sealed: str, now: datetime) -> bool:
    """Whether this call is the first to use the token. One conditional UPDATE decides."""
    claimed = session.scalar(
        update(RefreshRow)
        .where(RefreshRow.id == token.id, RefreshRow.used_at.is_(None), RefreshRow.expires_at > now)
        .values(used_at=now, successor_id=successor_id, successor_sealed=successor_sealed)
        .returning(RefreshRow.id)
        .execution_options(synchronize_session=False)
    )
    if claimed is None:
        return False
    # Whoever uses a successor has received it: nobody needs to be given it again.
    session.execute(
        update(RefreshRow)
        .where(RefreshRow.successor_id == token.id)
        .values(successor_sealed=None)
        .execution_options(synchronize_session=False)
    )
    return True


def forget_access_tokens(session: Session, grant_id: str, before: datetime) -> None:
    """Forgets access tokens of the family that expired before a moment: each refresh leaves one behind."""
    session.execute(
        delete(TokenRow).where(TokenRow.family == grant_id, TokenRow.kind == "app", TokenRow.expires_at < before)
    )


def forget_expired(
    session: Session, refresh_before: datetime, access_before: datetime, *, most: int
) -> tuple[int, int]:
    """Forgets refresh tokens and apps' access tokens that expired before a moment, at most so many of each; how many those were."""
    refreshes = select(RefreshRow.id).where(RefreshRow.expires_at < refresh_before).limit(most)
    accesses = select(TokenRow.id).where(TokenRow.kind == "app", TokenRow.expires_at < access_before).limit(most)
    return (
        _forgotten(session, delete(RefreshRow).where(RefreshRow.id.in_(refreshes))),
        _forgotten(session, delete(TokenRow).where(TokenRow.id.in_(accesses))),
    )


def _forgotten(session: Session, statement: Delete) -> int:
    return int(getattr(session.execute(statement.execution_options(synchronize_session=False)), "rowcount", 0))


def _grant(row: GrantRow) -> Grant:
    columns = {field.name: getattr(row, field.name) for field in fields(Grant)}
    return Grant(**{**columns, "scopes": tuple(row.scopes.split())})


def _refresh(row: RefreshRow) -> Refresh:
    return Refresh(**{field.name: getattr(row, field.name) for field in fields(Refresh)})
