"""Registered apps (OAuth clients) and their secrets, of which at most two live, so that one can be replaced without a gap."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.stores.sql.oauth_models import ClientRow, ClientSecretRow

LIVE_SECRETS = 2

# Never among them: whose it is, its registration token, and whether it is disabled.
_DESCRIPTION: Final = (
    *("name", "auth_method", "redirect_uris", "scopes", "grant_types", "logo_uri", "client_uri"),
    *("document_url", "document_until"),
)


@dataclass(frozen=True, slots=True)
class Client:
    """One app. ``auth_method`` as in RFC 7591; ``origin``: who registered it (``cli``, ``registration``, ``console``,
    ``document``); ``document_url``: where the document is that describes it, not to be read again before ``document_until``.
    """

    id: str
    name: str
    auth_method: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    grant_types: tuple[str, ...]
    created_at: datetime
    origin: str
    logo_uri: str | None = None
    client_uri: str | None = None
    owner_tenant_id: str | None = None
    owner_user_id: str | None = None
    registration_hash: bytes | None = None
    registration_key_id: str | None = None
    disabled_at: datetime | None = None
    document_url: str | None = None
    document_until: datetime | None = None

    @property
    def public(self) -> bool:
        """Whether it has no secret."""
        return self.auth_method == "none"


@dataclass(frozen=True, slots=True)
class Secret:
    """One client secret, by its keyed hash."""

    id: str
    client_id: str
    hash: bytes
    hash_key_id: str
    display_prefix: str
    created_at: datetime
    revoked_at: datetime | None = None


class Taken(Exception):
    """There is a client of this id: somebody else has just added it."""


def add(session: Session, client: Client) -> None:
    """Adds a client; Taken when there is one of its id."""
    columns = {field.name: _stored(getattr(client, field.name), field.name) for field in fields(client)}
    try:
        with session.begin_nested():
            session.add(ClientRow(**columns))
    except IntegrityError:
        raise Taken from None


def replace(session: Session, client: Client) -> bool:
    """Stores a client's new description; False, and nothing stored, when it is disabled by now or not there."""
    done = session.scalar(
        update(ClientRow)
        .where(ClientRow.id == client.id, ClientRow.disabled_at.is_(None))
        .values({name: _stored(getattr(client, name), name) for name in _DESCRIPTION})
        .returning(ClientRow.id)
        .execution_options(synchronize_session=False)
    )
    return done is not None


def get(session: Session, client_id: str) -> Client | None:
    """The client, disabled ones too."""
    row = session.get(ClientRow, client_id, populate_existing=True)
    return None if row is None else _record(row)


def list(  # noqa: A001 - read as clients.list
    session: Session, owner_tenant_id: str | None = None, owner_user_id: str | None = None
) -> tuple[Client, ...]:
    """All clients, oldest first; of one owner if named."""
    query = select(ClientRow).order_by(ClientRow.created_at, ClientRow.id)
    if owner_tenant_id is not None:
        query = query.where(ClientRow.owner_tenant_id == owner_tenant_id)
    if owner_user_id is not None:
        query = query.where(ClientRow.owner_user_id == owner_user_id)
    return tuple(_record(row) for row in session.scalars(query))


def disable(session: Session, client_id: str, now: datetime) -> bool:
    """Whether this call was the one that disabled it."""
    done = session.scalar(
        update(ClientRow)
        .where(ClientRow.id == client_id, ClientRow.disabled_at.is_(None))
        .values(disabled_at=now)
        .returning(ClientRow.id)
        .execution_options(synchronize_session=False)
    )
    return done is not None


def add_secret(session: Session, secret: Secret) -> tuple[Secret, ...]:
    """Adds a secret and revokes the oldest beyond two live ones. Returns those revoked."""
    # Held: of two at the same moment the second sees the secret of the first.
    session.get(ClientRow, secret.client_id, with_for_update={"key_share": True})
    session.add(ClientSecretRow(**{field.name: getattr(secret, field.name) for field in fields(secret)}))
    session.flush()
    excess = secrets(session, secret.client_id)[LIVE_SECRETS:]
    for each in excess:
        revoke_secret(session, each.client_id, each.id, secret.created_at)
    return excess


def secrets(session: Session, client_id: str) -> tuple[Secret, ...]:
    """The live secrets of a client, newest first."""
    query = (
        select(ClientSecretRow)
        .where(ClientSecretRow.client_id == client_id, ClientSecretRow.revoked_at.is_(None))
        .order_by(ClientSecretRow.created_at.desc(), ClientSecretRow.id)
    )
    return tuple(
        Secret(**{field.name: getattr(row, field.name) for field in fields(Secret)}) for row in session.scalars(query)
    )


def secret_by_hash(session: Session, hashes: Sequence[bytes]) -> Secret | None:
    """The secret with one of these hashes, revoked ones too."""
    row = session.scalar(select(ClientSecretRow).where(ClientSecretRow.hash.in_(hashes)))
    return None if row is None else Secret(**{field.name: getattr(row, field.name) for field in fields(Secret)})


def revoke_secret(session: Session, client_id: str, secret_id: str, now: datetime) -> None:
    """Ends one secret at once."""
    session.execute(
        update(ClientSecretRow)
        .where(ClientSecretRow.id == secret_id, ClientSecretRow.client_id == client_id)
        .where(ClientSecretRow.revoked_at.is_(None))
        .values(revoked_at=now)
        .execution_options(synchronize_session=False)
    )


def _stored(value: object, name: str) -> object:
    if name in {"scopes", "grant_types"}:
        words: Sequence[str] = value  # type: ignore[assignment]
        return " ".join(words)
    return [*value] if isinstance(value, tuple) else value


def _record(row: ClientRow) -> Client:
    columns = {field.name: getattr(row, field.name) for field in fields(Client)}
    return Client(
        **{
            **columns,
            "redirect_uris": tuple(row.redirect_uris),
            "scopes": tuple(row.scopes.split()),
            "grant_types": tuple(row.grant_types.split()),
        }
    )
