"""The endpoints that apps call: token, revocation, introspection, metadata. JSON, never stored, never a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import orjson
from authlib.oauth2 import OAuth2Error
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.auth.users import IdentityUnavailable
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.oauth import introspection, metadata, request_snapshot, revocation, token
from gateway.oauth.announce_revoked import Announcements
from gateway.oauth.request_snapshot import Snapshot
from gateway.oauth.server import Holder, Known, Outcome, failed
from gateway.oauth.token import Check
from gateway.observe import access, logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session
from gateway.web.context import Web
from gateway.web.strangers import too_many

Answer = Callable[[Session, Keyring, Settings, Snapshot], Outcome]
Look = Callable[[Session, Keyring, Settings, Snapshot], Known]

_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_METHODS: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """The handlers. Their refusal of another method is OAuth's own, so they take every method."""

    web: Web
    announcements: Announcements

    def routes(self) -> list[Route]:
        """The routes of apps."""
        return [
            Route(metadata.TOKEN, self.token, methods=_METHODS),
            Route(metadata.REVOKE, self.revoke, methods=_METHODS),
            Route(metadata.INTROSPECT, self.introspect, methods=_METHODS),
            Route(metadata.SERVER, self.server, methods=["GET"]),
            Route(metadata.RESOURCE, self.resource, methods=["GET"]),
            *([Route(metadata.AGENTS, self.agents, methods=["GET"])] if self.web.settings.mcp.enabled else []),
        ]

    async def token(self, request: Request) -> Response:
        """Codes and refresh tokens for access tokens."""
        return await self._answered(request, token.CHECKS, token.known, token.answer)

    async def revoke(self, request: Request) -> Response:
        """RFC 7009."""
        return await self._answered(request, token.FORM_CHECKS, revocation.known, revocation.answer)

    async def introspect(self, request: Request) -> Response:
        """RFC 7662."""
        return await self._answered(request, token.FORM_CHECKS, introspection.known, introspection.answer)

    async def server(self, request: Request) -> Response:
        """RFC 8414."""
        return _public(metadata.server(request.scope["brand"], self.web.settings.oauth, self.web.scopes))

    async def resource(self, request: Request) -> Response:
        """RFC 9728."""
        return _public(metadata.resource(request.scope["brand"], self.web.scopes))

    async def agents(self, request: Request) -> Response:
        """RFC 9728, of `/mcp`."""
        return _public(metadata.agents(request.scope["brand"], self.web.scopes))

    async def _answered(self, request: Request, checks: tuple[Check, ...], look: Look, answer: Answer) -> Response:
        issuer = request.scope["brand"].origin
        try:
            outcome = await self._outcome(request, issuer, checks, look, answer)
        except OAuth2Error as error:
            outcome = failed(error, issuer)
        except StoreUnavailable as error:
            logs.event("oauth store lost", "warning", error=error)
            outcome = Outcome(503, {"error": "temporarily_unavailable"}, (("Retry-After", "1"),))
        except Exception as error:  # noqa: BLE001 - an app is told in OAuth's own terms, whatever went wrong
            logs.event("crash", "error", route=request.url.path, error=error)
            outcome = Outcome(500, {"error": "server_error"})
        await self.announcements.announce(outcome.announced)
        if outcome.status in {400, 401}:
            metrics.auth_failure("client_invalid" if outcome.status == 401 else "grant_invalid")
        return _told(outcome)

    async def _outcome(
        self, request: Request, issuer: str, checks: tuple[Check, ...], look: Look, answer: Answer
    ) -> Outcome:
        """Read, refuse what is malformed, look who asks, count whoever has no secret, and only then write."""
        sql, keys, settings = self.web.sql, self.web.keys, self.web.settings
        known, refusal = Known(), None
        try:
            taken = await request_snapshot.taken(
                request, issuer, self.web.address(request), settings.server.body_timeout, self.web.scopes
            )
            refusal = token.refused(taken, checks)
            if refusal is None:
                known = await sql.read(look, keys, settings, taken)
        except OAuth2Error as error:
            refusal = failed(error, issuer)
        if not known.by_secret and (wait := await too_many(self.web, request)) is not None:
            body = {"error": "temporarily_unavailable", "error_description": wait.detail}
            return Outcome(429, body, (("Retry-After", str(wait.members["retry_after"])),))
        if refusal is not None:
            return refusal
        if known.holder is None:
            # Nothing of theirs was sent, so nothing will be written: no need for SQLite's one place to write.
            return await sql.read(answer, keys, settings, taken)
        if await self._is_gone(known.holder):
            taken = replace(taken, user_gone=True)
        return await sql.run(answer, keys, settings, taken)

    async def _is_gone(self, holder: Holder) -> bool:
        """Whether the user is disabled. When that cannot be asked, `/v1` will ask before it does anything."""
        try:
            user = await self.web.identities.of(holder.mode).live_user(holder.tenant_id, holder.user_id)
        except IdentityUnavailable:
            return False
        return user is None or not user.active


def _told(outcome: Outcome) -> Response:
    access.entry.get().code = outcome.body.get("error")
    headers = {**_NO_STORE, **dict(outcome.headers)}
    if outcome.status == 405:
        headers["Allow"] = "POST"
    return Response(orjson.dumps(outcome.body), outcome.status, headers, "application/json")


def _public(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), 200, {"Cache-Control": "public, max-age=300"}, "application/json")
