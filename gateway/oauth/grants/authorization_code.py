"""`grant_type=authorization_code`: a code, claimed once, becomes a grant with its first tokens (OAuth 2.1 § 4.1.3)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, grants
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from gateway.oauth import syntax
from gateway.oauth.clients import App
from gateway.oauth.server import Server, TokenRequest
from gateway.stores.sql import audit, codes
from gateway.stores.sql import grants as granted
from gateway.stores.sql.audit import Event
from gateway.webhooks import templates

_REPLAYED: Final = "The authorization code was used before. What it led to has ended: ask the user again."


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claimed code in the words that Authlib asks in."""

    record: codes.Code
    named: bool

    def get_redirect_uri(self) -> str:
        """What the token request has to repeat, if it names one at all: OAuth 2.1 § 10.2 took it away, for PKCE does more."""
        return self.record.redirect_uri if self.named else ""

    def get_scope(self) -> str:
        return " ".join(self.record.scopes)


class AuthorizationCode(grants.AuthorizationCodeGrant):  # type: ignore[misc] # shipped without annotations
    """Whatever is wrong with a request that names a live code of this client, the code is used up by it."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["none", "client_secret_basic", "client_secret_post"]

    server: Server
    request: TokenRequest

    def query_authorization_code(self, code: str, client: App) -> Claimed:
        """Claim the code. A code that was claimed before is a replay: everything it led to ends (RFC 6749 § 4.1.2)."""
        server = self.server
        hashes = server.keys.hashes(code.encode("utf-8", "surrogateescape"))
        found = codes.get(server.session, hashes)
        if found is None or found.client_id != client.record.id:
            raise InvalidGrantError(description="There is no such authorization code.")
        claimed = codes.claim(server.session, hashes, client.record.id, server.snapshot.now)
        if claimed is not None:
            return Claimed(claimed, server.snapshot.one("redirect_uri") is not None)
        if codes.used(server.session, hashes, client.record.id) is None:
            raise InvalidGrantError(description="The authorization code has expired.")
        grant = granted.get(server.session, found.grant_id)
        if grant is not None:
            server.end(grant, "its authorization code was presented again", "code.replay", leaked=True)
        raise InvalidGrantError(description=_REPLAYED)

    def validate_token_request(self) -> None:
        """Authlib's checks (client, code, redirect URI), then PKCE for every client and the issuer."""
        super().validate_token_request()
        code: codes.Code = self.request.authorization_code.record
        verifier = self.server.snapshot.one("code_verifier") or ""
        if not syntax.is_verifier(verifier):
            raise InvalidGrantError(description="The code verifier is missing or malformed.")
        if not hmac.compare_digest(create_s256_code_challenge(verifier), code.challenge):
            raise InvalidGrantError(description="The code verifier does not match.")
        if code.issuer != self.server.snapshot.issuer:
            raise InvalidGrantError(description="The code was issued elsewhere.")
        self.server.is_for(code.audience)
        if not syntax.within(code.scopes, self.request.client.record.scopes, self.server.snapshot.offered):
            raise InvalidScopeError(description="The app is no longer registered for any of it.")

    def authenticate_user(self, authorization_code: Claimed) -> granted.Grant:
        """The new grant: it stands for the user in what follows. Whose user is gone has used the code up all the same."""
        code, server = authorization_code.record, self.server
        if server.snapshot.user_gone:
            raise InvalidGrantError(description="There is no such authorization code.")
        grant = granted.Grant(
            id=code.grant_id,
            client_id=code.client_id,
            tenant_id=code.tenant_id,
            user_id=code.user_id,
            user_email=code.user_email,
            scopes=code.scopes,
            issuer=code.issuer,
            audience=code.audience,
            created_at=server.snapshot.now,
            expires_at=server.snapshot.now + timedelta(seconds=server.settings.oauth.refresh_lifetime),
        )
        granted.insert(server.session, grant)
        if grant.audience == "api":
            templates.connect(server.session, grant, server.snapshot.now)
        detail: dict[str, Any] = {"client": grant.client_id, "scopes": list(grant.scopes)}
        audit.append(
            server.session,
            Event(
                at=grant.created_at,
                tenant_id=grant.tenant_id,
                actor=f"client:{grant.client_id}",
                action="grant.create",
                subject=f"grant:{grant.id}",
                address=server.snapshot.address,
                detail={**detail, "user": grant.user_id},
            ),
        )
        return grant

    def delete_authorization_code(self, authorization_code: Claimed) -> None:
        """Nothing: a claimed code is kept, so that its replay is known."""
