"""`grant_type=refresh_token`: rotation at every use, and the end of the family when an old one comes back (OAuth 2.1 § 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from authlib.oauth2.rfc6749 import InvalidGrantError, InvalidScopeError, grants

from gateway.oauth import syntax
from gateway.oauth.clients import App
from gateway.oauth.server import Server, TokenRequest
from gateway.stores.sql import grants as granted

# Said to the app whose token it is. What is another's, or of a user who is gone, is as unknown as what never was.
_UNKNOWN: Final = "There is no such refresh token."
_EXPIRED: Final = "The refresh token has expired: ask the user again."
_ENDED: Final = "The grant of this refresh token has been ended: ask the user again."
_REUSED: Final = "This refresh token was used before; the grant has been ended (reuse). Ask the user again."


@dataclass(frozen=True, slots=True)
class Presented:
    """A refresh token that may be used now, in the words that Authlib asks in."""

    record: granted.Refresh
    grant: granted.Grant

    def check_client(self, client: App) -> bool:
        return self.grant.client_id == client.record.id

    def get_scope(self) -> str:
        """What was granted at first: a narrower refresh narrows one access token, not the grant (RFC 6749 § 6)."""
        return " ".join(self.grant.scopes)


class RefreshToken(grants.RefreshTokenGrant):  # type: ignore[misc] # shipped without annotations
    """`request.client` is set before the token is looked at: another client's attempt has no effect on the family."""

    TOKEN_ENDPOINT_AUTH_METHODS: Final = ["none", "client_secret_basic", "client_secret_post"]
    INCLUDE_NEW_REFRESH_TOKEN = True

    server: Server
    request: TokenRequest

    def authenticate_refresh_token(self, refresh_token: str) -> Presented:
        """The token, if its family lives and it is unused, or used so shortly ago that this is a retry.

        Its grant is held then: nobody ends the family without seeing the tokens that come of this.
        """
        server = self.server
        hashes = server.keys.hashes(refresh_token.encode("utf-8", "surrogateescape"))
        known = granted.refresh_by_hash(server.session, hashes)
        grant = granted.get(server.session, known.grant_id) if known is not None else None
        if grant is None or grant.client_id != self.request.client.record.id:
            raise InvalidGrantError(description=_UNKNOWN)
        with server.session.begin_nested() as holding:
            grant = granted.held(server.session, grant.id)
            found = granted.refresh_by_hash(server.session, hashes)
            if grant is None or found is None:
                raise InvalidGrantError(description=_UNKNOWN)
            self._usable(found, grant)
            reused = found.used_at is not None and not server.issuer.repeatable(found)
            if reused:
                # Let go of it: who ends a leaked family takes the consent before the grant, as everybody does.
                holding.rollback()
        if reused:
            server.end(grant, "a refresh token was used again", "grant.reuse", leaked=True)
            raise InvalidGrantError(description=_REUSED)
        return Presented(found, grant)

    def _usable(self, found: granted.Refresh, grant: granted.Grant) -> None:
        snapshot = self.server.snapshot
        if snapshot.user_gone or grant.issuer != snapshot.issuer:
            raise InvalidGrantError(description=_UNKNOWN)
        if grant.revoked_at is not None:
            raise InvalidGrantError(description=_ENDED)
        self.server.is_for(grant.audience)
        if min(grant.expires_at, found.expires_at) <= snapshot.now:
            raise InvalidGrantError(description=_EXPIRED)

    def authenticate_user(self, refresh_token: Presented) -> granted.Grant:
        """The grant: it stands for the user in what follows. A disabled user's can be refreshed once they are back."""
        return refresh_token.grant

    def issue_token(self, user: granted.Grant, refresh_token: Presented) -> dict[str, Any]:
        """A new access token, with the scopes asked for, and the one successor that this refresh token has."""
        issuer = self.server.issuer
        successor = issuer.rotated(user, refresh_token.record)
        scopes = self._scopes(refresh_token)
        return {**issuer.access(user, self.request.client.record.name, scopes), "refresh_token": successor}

    def _scopes(self, token: Presented) -> tuple[str, ...]:
        """Asked for, or granted; never more than the app is registered for now, though the grant stays as it is."""
        offered = self.server.snapshot.offered
        return syntax.within(self._wanted() or token.grant.scopes, self.request.client.record.scopes, offered)

    def _wanted(self) -> tuple[str, ...]:
        scope = self.request.payload.scope
        return syntax.scopes(scope, self.server.snapshot.offered) if scope else ()

    def _validate_token_scope(self, token: Presented) -> None:
        """Instead of Authlib's, which compares words: a `.read` is part of a granted `.all` of its family."""
        if not syntax.covered(self._wanted(), token.grant.scopes, self.server.snapshot.offered):
            raise InvalidScopeError(description="The scope is wider than what was granted.")
        if not self._scopes(token):
            raise InvalidScopeError(description="The app is no longer registered for any of it.")

    def revoke_old_credential(self, refresh_token: Presented) -> None:
        """Nothing: claiming it has used it up."""
