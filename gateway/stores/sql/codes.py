"""Authorization codes: made once, claimed once. What was claimed is kept for a day, to know a replay when it comes."""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from gateway.keys.token_format import Audience
from gateway.stores.sql.oauth_models import CodeRow

KEPT: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Code:
    """``hash``: keyed, of the code; ``grant_id``: the family that redeeming it starts; ``challenge``: S256 (RFC 7636)."""

    hash: bytes
    client_id: str
    tenant_id: str
    user_id: str
    user_email: str
    grant_id: str
    redirect_uri: str
    challenge: str
    scopes: tuple[str, ...]
    issuer: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None
    audience: Audience = "api"


def insert(session: Session, code: Code) -> None:
    """Adds a code, and forgets those that have long been of no use."""
    session.execute(delete(CodeRow).where(CodeRow.expires_at < code.created_at - KEPT))
    columns = {field.name: getattr(code, field.name) for field in fields(code)}
    session.add(CodeRow(**{**columns, "scopes": " ".join(code.scopes)}))
    session.flush()


def claim(session: Session, hashes: tuple[bytes, ...], client_id: str, now: datetime) -> Code | None:
    """The client's code, if this call is the first to claim it and it has not expired. One conditional UPDATE decides."""
    row = session.scalar(
        update(CodeRow)
        .where(
            CodeRow.hash.in_(hashes),
            CodeRow.client_id == client_id,
            CodeRow.used_at.is_(None),
            CodeRow.expires_at > now,
        )
        .values(used_at=now)
        .returning(CodeRow)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    return None if row is None else _record(row)


def spend(
    session: Session, client_id: str, now: datetime, *, tenant_id: str | None = None, user_id: str | None = None
) -> None:
    """Nobody can claim the client's unused codes from now on; of one user if named."""
    query = select(CodeRow.hash).where(CodeRow.client_id == client_id, CodeRow.used_at.is_(None))
    for column, value in ((CodeRow.tenant_id, tenant_id), (CodeRow.user_id, user_id)):
        if value is not None:
            query = query.where(column == value)
    # In order: two who spend the same codes must not wait for each other in a circle.
    unused = session.scalars(query.order_by(CodeRow.hash).with_for_update()).all()
    statement = update(CodeRow).where(CodeRow.hash.in_(unused)).values(used_at=now)
    session.execute(statement.execution_options(synchronize_session=False))


def get(session: Session, hashes: tuple[bytes, ...]) -> Code | None:
    """The code with one of these hashes, whatever its state."""
    row = session.scalar(select(CodeRow).where(CodeRow.hash.in_(hashes)).execution_options(populate_existing=True))
    return None if row is None else _record(row)


def used(session: Session, hashes: tuple[bytes, ...], client_id: str) -> Code | None:
    """The client's code, if it has been claimed before."""
    query = select(CodeRow).where(
        CodeRow.hash.in_(hashes), CodeRow.client_id == client_id, CodeRow.used_at.is_not(None)
    )
    row = session.scalar(query.execution_options(populate_existing=True))
    return None if row is None else _record(row)


def _record(row: CodeRow) -> Code:
    columns = {field.name: getattr(row, field.name) for field in fields(Code)}
    return Code(**{**columns, "scopes": tuple(row.scopes.split())})
