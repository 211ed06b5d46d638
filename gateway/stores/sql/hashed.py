"""What depends on the keyring: credentials that were hashed with its keys, and tenants whose API keys it sealed."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

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
