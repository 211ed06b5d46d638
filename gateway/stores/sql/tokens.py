"""Tokens at rest: keyed hashes, never the token. Every change of what a token may do raises its generation.

Whoever changes a token announces the new generation after the commit (``gateway.stores.token_generations``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, case, or_, select, update
from sqlalchemy.orm import Session

from gateway.keys.token_format import Audience, Kind
from gateway.stores.sql.models import TokenRow


@dataclass(frozen=True, slots=True)
class Token:
    """One token. ``family`` is the id of the first token of a chain of rotations: the same principal throughout."""

    id: str
    tenant_id: str
    user_id: str
    user_email: str
    name: str
    kind: Kind
    hash: bytes
    hash_key_id: str
    display_prefix: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    family: str
    revoked_at: datetime | None = None
    revoked_reason: str | None = None
    last_used_at: datetime | None = None
    replaces: str | None = None
    rotated_to: str | None = None
    generation: int = 1
    audience: Audience = "api"


class NotRotatable(Exception):
    """The token is revoked, expired, already rotated or not this tenant's."""


def insert(session: Session, token: Token) -> None:
    """Adds a token; a second one with the same id or hash raises SQLAlchemy's ``IntegrityError``."""
    session.add(TokenRow(**{**_columns(token), "scopes": " ".join(token.scopes)}))
    session.flush()


def get(session: Session, tenant_id: str | None, token_id: str) -> Token | None:
    """The token, if it is this tenant's; of whichever tenant for ``None``, which is for operators only."""
    owned = [] if tenant_id is None else [TokenRow.tenant_id == tenant_id]
    return _one(session, TokenRow.id == token_id, *owned)


def family(session: Session, tenant_id: str, family_id: str) -> tuple[Token, ...]:
    """All of a chain of rotations, the newest first, revoked and expired ones too."""
    query = select(TokenRow).where(TokenRow.family == family_id, TokenRow.tenant_id == tenant_id)
    return tuple(_record(row) for row in session.scalars(query.order_by(TokenRow.created_at.desc(), TokenRow.id)))


def by_hash(session: Session, hashes: Collection[bytes]) -> Token | None:
    """The token with one of these hashes (of ``Keyring.hashes``), whatever its state."""
    return _one(session, TokenRow.hash.in_(hashes))


def list(  # noqa: A001 - read as tokens.list
    session: Session,
    tenant_id: str | None = None,
    user_id: str | None = None,
    *,
    kind: Kind | None = None,
    limit: int = 100,
    before: Token | None = None,
) -> tuple[Token, ...]:
    """Newest first, revoked and expired ones too; the next page starts after ``before``, the last token of this one."""
    query = select(TokenRow).order_by(TokenRow.created_at.desc(), TokenRow.id.desc()).limit(limit)
    if tenant_id is not None:
        query = query.where(TokenRow.tenant_id == tenant_id)
    if user_id is not None:
        query = query.where(TokenRow.user_id == user_id)
    if kind is not None:
        query = query.where(TokenRow.kind == kind)
    if before is not None:
        query = query.where(
            or_(
                TokenRow.created_at < before.created_at,
                (TokenRow.created_at == before.created_at) & (TokenRow.id < before.id),
            )
        )
    return tuple(_record(row) for row in session.scalars(query))


def live(session: Session, tenant_id: str, kind: Kind, now: datetime) -> tuple[Token, ...]:
    """The tokens of one kind in a tenant that have not ended."""
    query = select(TokenRow).where(TokenRow.tenant_id == tenant_id, TokenRow.kind == kind)
    query = query.where(TokenRow.revoked_at.is_(None), TokenRow.expires_at > now).order_by(TokenRow.id)
    return tuple(_record(row) for row in session.scalars(query))


def revoke(session: Session, tenant_id: str, token_id: str, reason: str, now: datetime) -> Token | None:
    """Revokes the token and returns it, or ``None`` if the tenant has none such. A second time changes nothing."""
    session.execute(
        update(TokenRow)
        .where(TokenRow.id == token_id, TokenRow.tenant_id == tenant_id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason=reason, generation=TokenRow.generation + 1)
        .execution_options(synchronize_session=False)
    )
    return get(session, tenant_id, token_id)


def rotate(session: Session, successor: Token, overlap_ends: datetime, now: datetime) -> Token:
    """Adds ``successor`` and lets the token it ``replaces`` end at ``overlap_ends`` (never later than it would have).

    Returns the replaced token. Of two rotations at once one raises ``NotRotatable``.
    """
    insert(session, successor)
    rotated = session.scalar(
        update(TokenRow)
        .where(
            TokenRow.id == successor.replaces,
            TokenRow.tenant_id == successor.tenant_id,
            TokenRow.family == successor.family,
            TokenRow.revoked_at.is_(None),
            TokenRow.rotated_to.is_(None),
            TokenRow.expires_at > now,
        )
        .values(
            rotated_to=successor.id,
            expires_at=case((TokenRow.expires_at < overlap_ends, TokenRow.expires_at), else_=overlap_ends),
            generation=TokenRow.generation + 1,
        )
        .returning(TokenRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    if rotated is None:
        raise NotRotatable
    return _record(rotated)


def touch_last_used(session: Session, used: Mapping[str, datetime]) -> None:
    """Notes when tokens (by id) were last used, for many at once; never moves a note back."""
    for token_id, at in sorted(used.items()):
        # In order of ids: two workers that note the same tokens must not wait for each other in a circle.
        session.execute(
            update(TokenRow)
            .where(TokenRow.id == token_id, or_(TokenRow.last_used_at.is_(None), TokenRow.last_used_at < at))
            .values(last_used_at=at)
            .execution_options(synchronize_session=False)
        )


def renew(session: Session, tenant_id: str, now: datetime) -> tuple[tuple[str, int], ...]:
    """Raises the generation of every living token of the tenant, so that workers read it anew: id and generation of each."""
    raised = session.execute(
        update(TokenRow)
        .where(TokenRow.tenant_id == tenant_id, TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
        .values(generation=TokenRow.generation + 1)
        .returning(TokenRow.id, TokenRow.generation)
        .execution_options(synchronize_session=False)
    )
    return tuple((token_id, generation) for token_id, generation in raised)


def _one(session: Session, *conditions: ColumnElement[bool]) -> Token | None:
    query = select(TokenRow).where(*conditions).execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    return None if row is None else _record(row)


def _columns(token: Token) -> dict[str, Any]:
    return {field.name: getattr(token, field.name) for field in fields(token)}


def _record(row: TokenRow) -> Token:
    columns = {field.name: getattr(row, field.name) for field in fields(Token)}
    return Token(**{**columns, "scopes": tuple(row.scopes.split())})
