"""Introspection (RFC 7662): a confidential client may ask about its own tokens; of all others it learns nothing."""

from __future__ import annotations

from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from adapters import ids
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.oauth import revocation
from gateway.oauth.clients import App
from gateway.oauth.request_snapshot import Snapshot
from gateway.oauth.resource_indicator import MCP
from gateway.oauth.revocation import Found, find
from gateway.oauth.server import Known, Outcome, Server, TokenRequest
from gateway.stores.sql import Session


class Introspection(IntrospectionEndpoint):  # type: ignore[misc] # shipped without annotations
    """Anything but a live token of the caller's is exactly `{"active": false}`."""

    CLIENT_AUTH_METHODS: Final = ["client_secret_basic", "client_secret_post"]

    server: Server

    def authenticate_token(self, request: TokenRequest, client: App) -> Found | None:
        text = request.form.get("token")
        if text is None:
            raise InvalidRequestError(description="token is missing.")
        found = find(self.server.session, self.server.keys, text)
        return found if found is not None and found.check_client(client) and self._lives(found) else None

    def create_introspection_payload(self, token: Found | None) -> dict[str, Any]:
        if token is None:
            return {"active": False}
        grant, access, refresh = token.grant, token.access, token.refresh
        record = access or refresh
        assert record is not None
        return {
            "active": True,
            "client_id": grant.client_id,
            "token_type": "Bearer" if access is not None else "refresh_token",
            "scope": " ".join(access.scopes if access is not None else grant.scopes),
            "sub": ids.USER.encode(grant.user_id),
            "iss": grant.issuer,
            "aud": grant.issuer if grant.audience == "api" else grant.issuer + MCP,
            "iat": int(record.created_at.timestamp()),
            "exp": int(record.expires_at.timestamp()),
        }

    def _lives(self, found: Found) -> bool:
        now = self.server.snapshot.now
        if self.server.snapshot.user_gone:
            return False
        if found.grant.revoked_at is not None or found.grant.expires_at <= now:
            return False
        if found.access is not None:
            return found.access.revoked_at is None and found.access.expires_at > now
        return found.refresh is not None and found.refresh.used_at is None and found.refresh.expires_at > now


def known(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Known:
    """Which client asks, and whose token it asks about."""
    return revocation.known_by(Introspection.CLIENT_AUTH_METHODS, session, keys, settings, snapshot)


def answer(session: Session, keys: Keyring, settings: Settings, snapshot: Snapshot) -> Outcome:
    """What is known of the token, or the error of a caller who does not authenticate."""
    server = Server(session, keys, settings, snapshot)
    server.register_endpoint(Introspection)
    outcome: Outcome = server.create_endpoint_response(Introspection.ENDPOINT_NAME, snapshot)
    return outcome
