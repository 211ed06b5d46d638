"""Revocation (RFC 7009): an access token ends alone, a refresh token takes its family with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint

from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.oauth.clients import App
from gateway.oauth.request_snapshot import Snapshot
from gateway.oauth.server import Holder, Known, Outcome, Server, TokenRequest
from gateway.stores.sql import Session, audit, grants, tenants, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.grants import Revoked


class Found:
    """A token of either kind with its grant, in the words that Authlib asks in."""

    def __init__(self, grant: grants.Grant, access: tokens.Token | None, refresh: grants.Refresh | None) -> None:
        self.grant = grant
        self.access = access
        self.refresh = refresh

    def check_client(self, client: App) -> bool:
        return self.grant.client_id == client.record.id


def find(session: Session, keys: Keyring, text: str) -> Found | None:
    """The access or refresh token of an app, whatever its state. The hint of the request is not needed (RFC 7009 § 2.1)."""
    hashes = keys.hashes(text.encode("utf-8", "surrogateescape"))
    refresh = grants.refresh_by_hash(session, hashes)
    access = tokens.by_hash(session, hashes) if refresh is None else None
    family = refresh.grant_id if refresh is not None else access.family if access is not None else None
    grant = grants.get(session, family) if family is not None else None
    return None if grant is None else Found(grant, access, refresh)


class Revocation(RevocationEndpoint):  # type: ignore[misc] # shipped without annotations
    """Another client's token, and one that is unknown, get the same empty 200."""

    CLIENT_AUTH_METHODS: Final = ["none", "client_secret_basic", "client_secret_post"]

    server: Server

    def authenticate_token(self, request: TokenRequest, client: App) -> Found | None:
        text = request.form.get("token")
        if text is None:
            raise InvalidRequestError(description="token is missing.")
        found = find(self.server.session, self.server.keys, text)
        return found if found is not None and found.check_client(client) else None

    def revoke_token(self, token: Found, request: TokenRequest) -> None:
        server = self.server
        if token.access is None:
            server.end(token.grant, "revoked by the app", "grant.revoke_by_app")
            return
        now = server.snapshot.now
        revoked = tokens.revoke(server.session, token.access.tenant_id, token.access.id, "revoked by the app", now)
        if revoked is None:
            return
        server.announced.append(Revoked(revoked.tenant_id, revoked.id, revoked.generation))
        if revoked.revoked_at == now:
            actor = f"client:{token.grant.client_id}"
            detail = {"user": revoked.user_id, "reason": "revoked by the app"}
            event = Event(
                at=now,
                tenant_id=revoked.tenant_id,
                actor=actor,
                action="token.revoke",
                subject=f"token:{revoked.id}",
                address=server.snapshot.address,
                detail=detail,
            )
            audit.append(server.session, event)


def known(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Known:
    """Which client asks, and whose token it wants to end."""
    return known_by(Revocation.CLIENT_AUTH_METHODS, session, keys, settings, snapshot)


def known_by(methods: Sequence[str], session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Known:
    """The same, for an endpoint with a parameter `token` whose clients authenticate by one of `methods`."""
    client, text = Server(session, keys, settings, snapshot).client(methods), snapshot.one("token")
    found = find(session, keys, text) if client is not None and text is not None else None
    if found is None or client is None or found.grant.client_id != client.id:
        return Known(client)
    grant = found.grant
    return Known(client, Holder(grant.tenant_id, grant.user_id, tenants.mode_of(session, grant.tenant_id)))


def answer(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Outcome:
    """An empty 200, whatever the token was; an error only when the client does not authenticate."""
    server = Server(session, keys, settings, snapshot)
    server.register_endpoint(Revocation)
    outcome: Outcome = server.create_endpoint_response(Revocation.ENDPOINT_NAME, snapshot)
    return outcome
