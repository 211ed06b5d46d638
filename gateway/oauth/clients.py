"""Apps: as Authlib asks about them, and how they come to be, get new secrets and are switched off."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from authlib.oauth2.rfc6749 import ClientMixin

from adapters.core.compile.scopes import Scopes
from gateway.config.settings import Brand
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import display_prefix, mint, new_id
from gateway.oauth import naming, redirects, token_families
from gateway.stores.sql import Session, audit, clients, codes, grants
from gateway.stores.sql.audit import Event
from gateway.stores.sql.clients import Client, Secret

METHODS: Final = ("none", "client_secret_basic", "client_secret_post")
GRANT_TYPES: Final = ("authorization_code", "refresh_token")

_ID: Final = re.compile(r"app_[0-9A-Za-z]{24}")


class ClientRefused(Exception):
    """The rules do not allow this app; `field` names what is wrong (RFC 7591 member), the message says why."""

    def __init__(self, member: str, problem: str) -> None:
        super().__init__(f"{member} {problem}")
        self.member = member


@dataclass(frozen=True, slots=True)
class Registered:
    """A client, and its secret, which is seen this once; None for a public one."""

    client: Client
    secret: str | None = field(repr=False)


class App(ClientMixin):  # type: ignore[misc] # shipped without annotations
    """A client in the words that Authlib asks in."""

    def __init__(self, client: Client, secrets: Sequence[Secret], keys: Keyring) -> None:
        self.record = client
        self._secrets = secrets
        self._keys = keys

    def get_client_id(self) -> str:
        return self.record.id

    def check_client_secret(self, client_secret: str) -> bool:
        offered = self._keys.hashes(client_secret.encode("utf-8", "surrogateescape"))
        return any(hmac.compare_digest(secret.hash, each) for secret in self._secrets for each in offered)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        # Of a secret only one thing is asked: that it is right. Half of the libraries send it where they like, whatever
        # the app was registered with (RFC 6749 § 2.3.1 lets a server take both).
        return (method == "none") == self.record.public

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirects.matches(self.record.redirect_uris, redirect_uri)

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.record.grant_types


def live(session: Session, client_id: str) -> Client | None:
    """The client, unless there is none or it is disabled."""
    found = known(session, client_id)
    return None if found is None or found.disabled_at is not None else found


def known(session: Session, client_id: str) -> Client | None:
    """The client, disabled ones too; whatever text somebody has sent for an id, which may be the address of a document."""
    if is_document(client_id):
        return clients.get(session, id_of(client_id))
    found = clients.get(session, client_id) if _ID.fullmatch(client_id) else None
    # Who is known by an address goes by no other name.
    return None if found is None or found.document_url is not None else found


def is_document(client_id: str) -> bool:
    """Whether it may be the address of a document that describes an app."""
    return client_id.startswith("https://") and redirects.fault(client_id) is None


def id_of(url: str) -> str:
    """The id of the app that is described at this address."""
    return f"app_{hashlib.sha256(url.encode()).hexdigest()[:24]}"


def app(session: Session, client_id: str, keys: Keyring) -> App | None:
    """The same, with its secrets."""
    found = live(session, client_id)
    return None if found is None else App(found, clients.secrets(session, client_id), keys)


def of_nobody_else(client: Client, brands: Iterable[Brand]) -> Client:
    """The client, whoever describes it not being an operator; ClientRefused when it goes by the name of a brand."""
    if naming.is_one_of(client.name, [brand.name for brand in brands]):
        raise ClientRefused("client_name", "is the name of this service, which an app is not")
    return client


def checked(client: Client, offered: Scopes) -> Client:
    """The client as it may be stored; ClientRefused names the first rule it breaks."""
    if not naming.is_readable(client.name):
        raise ClientRefused("client_name", "must be 1 to 100 printable characters, a letter or digit among them")
    if not client.redirect_uris or len(client.redirect_uris) > 20:
        raise ClientRefused("redirect_uris", "must be 1 to 20 URIs")
    for uri in client.redirect_uris:
        if (problem := redirects.fault(uri)) is not None:
            raise ClientRefused("redirect_uris", problem)
    if unknown := sorted(set(client.scopes) - offered.known):
        raise ClientRefused("scope", f"names what does not exist: {', '.join(unknown)[:200]}")
    if not client.scopes:
        raise ClientRefused("scope", "must name at least one scope")
    if client.auth_method not in METHODS:
        raise ClientRefused("token_endpoint_auth_method", f"must be one of {', '.join(METHODS)}")
    if "authorization_code" not in client.grant_types or not set(client.grant_types) <= set(GRANT_TYPES):
        raise ClientRefused("grant_types", "must be authorization_code, with or without refresh_token")
    for member, link in (("logo_uri", client.logo_uri), ("client_uri", client.client_uri)):
        if link is not None and (not link.startswith("https://") or redirects.fault(link) is not None):
            raise ClientRefused(member, "must be an https URL")
    return client


def draft(now: datetime, *, name: str, redirect_uris: Sequence[str], scopes: Sequence[str], origin: str) -> Client:
    """A confidential client with a new id, to be changed by `dataclasses.replace` and then registered."""
    return Client(
        id=f"app_{new_id()}",
        name=name,
        auth_method="client_secret_basic",
        redirect_uris=tuple(dict.fromkeys(redirect_uris)),
        scopes=tuple(dict.fromkeys(scopes)),
        grant_types=GRANT_TYPES,
        created_at=now,
        origin=origin,
    )


def register(
    session: Session,
    keys: Keyring,
    prefix: str,
    client: Client,
    offered: Scopes,
    *,
    actor: str,
    address: str | None = None,
) -> Registered:
    """Store a new client, with a secret unless it is public. ClientRefused when a rule forbids it."""
    clients.add(session, checked(client, offered))
    secret = None if client.public else _new_secret(session, keys, prefix, client.id, client.created_at)
    event = Event(
        at=client.created_at,
        tenant_id=client.owner_tenant_id,
        actor=actor,
        action="client.create",
        subject=f"client:{client.id}",
        address=address,
    )
    audit.append(session, replace(event, detail=_audited(client)))
    return Registered(client, secret)


def change(
    session: Session,
    old: Client,
    new: Client,
    offered: Scopes,
    *,
    actor: str,
    now: datetime,
    address: str | None = None,
) -> bool:
    """Store another description of a client; False when it was disabled meanwhile. ClientRefused when a rule forbids it."""
    if not clients.replace(session, checked(new, offered)):
        return False
    detail = {**_audited(new), "before": _audited(old)}
    event = Event(
        at=now,
        tenant_id=new.owner_tenant_id,
        actor=actor,
        action="client.update",
        subject=f"client:{new.id}",
        address=address,
        detail=detail,
    )
    audit.append(session, event)
    return True


def rotate_secret(
    session: Session,
    keys: Keyring,
    prefix: str,
    client: Client,
    *,
    actor: str,
    now: datetime,
    address: str | None = None,
) -> Registered:
    """A new secret; the one before works on, an older one ends. ClientRefused for a public client."""
    if client.public:
        raise ClientRefused("client_id", "is of a public client, which has no secret")
    secret = _new_secret(session, keys, prefix, client.id, now)
    audit.append(
        session,
        Event(
            at=now,
            tenant_id=client.owner_tenant_id,
            actor=actor,
            action="client.rotate_secret",
            subject=f"client:{client.id}",
            address=address,
        ),
    )
    return Registered(client, secret)


def disable(
    session: Session, client: Client, *, actor: str, now: datetime, address: str | None = None
) -> tuple[grants.Revoked, ...]:
    """Switch a client off, with everything granted to it. Returns the access tokens to announce."""
    if clients.disable(session, client.id, now):
        audit.append(
            session,
            Event(
                at=now,
                tenant_id=client.owner_tenant_id,
                actor=actor,
                action="client.disable",
                subject=f"client:{client.id}",
                address=address,
            ),
        )
    codes.spend(session, client.id, now)
    ended: list[grants.Revoked] = []
    for grant in grants.live(session, client.id, now):
        ended += token_families.end(session, grant, "the app was disabled", actor=actor, now=now, address=address)
    return tuple(ended)


def _audited(client: Client) -> dict[str, object]:
    return {
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "auth_method": client.auth_method,
    }


def _new_secret(session: Session, keys: Keyring, prefix: str, client_id: str, now: datetime) -> str:
    text = mint(prefix, "secret")
    secret = Secret(new_id(), client_id, keys.hash(text.encode()), keys.hashing_id, display_prefix(text), now)
    clients.add_secret(session, secret)
    return text
