"""What a user has agreed to, for each app: asked again when an app wants more."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.stores.sql.oauth_models import ConsentRow


def scopes(session: Session, client_id: str, tenant_id: str, user_id: str, *, held: bool = False) -> frozenset[str]:
    """The scopes this user has agreed to. `held`: nobody can withdraw them before the end of the transaction."""
    row = session.get(ConsentRow, (client_id, tenant_id, user_id), with_for_update=held or None)
    return frozenset() if row is None else frozenset(row.scopes.split())


def remember(
    session: Session, client_id: str, tenant_id: str, user_id: str, agreed: frozenset[str], now: datetime
) -> None:
    """Adds to what the user has agreed to."""
    whose = client_id, tenant_id, user_id
    row = session.get(ConsentRow, whose, with_for_update=True)
    if row is None:
        new = ConsentRow(client_id=client_id, tenant_id=tenant_id, user_id=user_id, scopes="", granted_at=now)
        try:
            with session.begin_nested():
                session.add(new)
            row = new
        except IntegrityError:  # the same user said yes twice at the same time
            row = session.get_one(ConsentRow, whose, with_for_update=True)
    row.scopes = " ".join(sorted(agreed.union(row.scopes.split())))
    row.granted_at = now
    session.flush()


def forget(session: Session, client_id: str, tenant_id: str, user_id: str) -> bool:
    """The user is asked again the next time. Whether there was something to forget."""
    forgotten = session.scalar(
        delete(ConsentRow)
        .where(ConsentRow.client_id == client_id, ConsentRow.tenant_id == tenant_id, ConsentRow.user_id == user_id)
        .returning(ConsentRow.client_id)
    )
    return forgotten is not None
