"""What depends on the keyring: credentials that were hashed with its keys, and tenants whose API keys it sealed."""

from datetime import datetime

from sqlalchemy import exists, func, select, update
from sqlalchemy.orm import Session

from gateway.keys.keyring import Keyring
from gateway.stores.sql.models import TenantRow, TokenRow
from gateway.stores.sql.oauth_models import ClientRow, ClientSecretRow, RefreshRow


def in_use(session: Session) -> bool:
    """Whether anything in the database was written with a keyring."""
    queries = (
        select(TenantRow.id),
        select(TokenRow.id),
        select(ClientSecretRow.id),
        select(ClientRow.id).where(ClientRow.registration_key_id.is_not(None)),
    )
    return any(session.execute(query.limit(1)).first() is not None for query in queries)


def living(session: Session, now: datetime) -> dict[str, int]:
    """By key id, how many tokens, refresh tokens, client secrets and registration tokens would die with the key."""
    counts: dict[str, int] = {}
    for query in (
        select(TokenRow.hash_key_id, func.count())
        .where(TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
        .group_by(TokenRow.hash_key_id),
        select(RefreshRow.hash_key_id, func.count())
        .where(RefreshRow.used_at.is_(None), RefreshRow.expires_at > now)
        .group_by(RefreshRow.hash_key_id),
        select(ClientSecretRow.hash_key_id, func.count())
        .where(ClientSecretRow.revoked_at.is_(None))
        .group_by(ClientSecretRow.hash_key_id),
        select(ClientRow.registration_key_id, func.count())
        .where(ClientRow.disabled_at.is_(None))
        .group_by(ClientRow.registration_key_id),
    ):
        for key_id, count in session.execute(query):
            if key_id is not None:
                counts[key_id] = counts.get(key_id, 0) + count
    return counts


def missing(session: Session, keys: Keyring, now: datetime) -> tuple[str, ...]:
    """Ids of the keys that live tokens and tenants' API keys were written with and that `keys` has not: none, or it is another's."""
    hashing = {
        key_id for key_id in _used(session) if key_id not in keys.ids("hashing") and _lives(session, key_id, now)
    }
    sealed = session.scalars(select(TenantRow.api_key_sealed).where(TenantRow.api_key_sealed.is_not(None)))
    sealing = {key_id for text in sealed if text is not None and (key_id := keys.lacks(text)) is not None}
    return tuple(sorted(hashing | sealing))


def end(session: Session, key_id: str, now: datetime) -> None:
    """Ends what was hashed with a key that is being forgotten, so that nothing that lives needs it."""
    unsynchronized = {"synchronize_session": False}
    session.execute(
        update(TokenRow)
        .where(TokenRow.hash_key_id == key_id, TokenRow.revoked_at.is_(None))
        .values(revoked_at=now, revoked_reason="its key was retired", generation=TokenRow.generation + 1)
        .execution_options(**unsynchronized)
    )
    session.execute(
        update(RefreshRow)
        .where(RefreshRow.hash_key_id == key_id, RefreshRow.used_at.is_(None))
        .values(used_at=now)
        .execution_options(**unsynchronized)
    )
    session.execute(
        update(ClientSecretRow)
        .where(ClientSecretRow.hash_key_id == key_id, ClientSecretRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(**unsynchronized)
    )
    session.execute(
        update(ClientRow)
        .where(ClientRow.registration_key_id == key_id)
        .values(registration_key_id=None, registration_hash=None)
        .execution_options(**unsynchronized)
    )


def _used(session: Session) -> set[str]:
    """The keys that tokens were ever hashed with: from one to the next by their index, however many tokens there are."""
    found: set[str] = set()
    following = session.scalar(select(func.min(TokenRow.hash_key_id)))
    while following is not None:
        found.add(following)
        following = session.scalar(select(func.min(TokenRow.hash_key_id)).where(TokenRow.hash_key_id > following))
    return found


def _lives(session: Session, key_id: str, now: datetime) -> bool:
    living = exists().where(TokenRow.hash_key_id == key_id, TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
    return bool(session.scalar(select(living)))
