"""Bearer token → who calls (RFC 6750). A token with a wrong checksum is refused before any store is asked."""

from __future__ import annotations

import time
from collections.abc import Awaitable
from contextlib import suppress

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler, Identified
from gateway.auth.caller import Caller
from gateway.auth.challenges import PUBLIC, bearer, unauthorized
from gateway.auth.issuers.errors import KeysUnavailable, TokenRefused
from gateway.auth.users import IdentityUnavailable
from gateway.keys import token_format
from gateway.keys.token_format import Audience
from gateway.observe import metrics
from gateway.problems import RateLimited, Unavailable


def authenticate(operation: Operation, dependencies: Dependencies, proceed: Identified) -> Handler:
    """Fills `exchange.caller`, or raises 401 (429 for an address that keeps failing)."""
    return _authenticated("api", operation, dependencies, proceed)


def authenticate_agent(operation: Operation, dependencies: Dependencies, proceed: Identified) -> Handler:
    """The same for `/mcp`: a token opens one door, and is worth nothing at the other (RFC 8707 § 2)."""
    return _authenticated("mcp", operation, dependencies, proceed)


def _authenticated(
    audience: Audience, operation: Operation, dependencies: Dependencies, proceed: Identified
) -> Handler:
    callers, prefix = dependencies.callers, dependencies.settings.tokens.prefix

    def authenticated(exchange: Exchange) -> Awaitable[Answer]:
        token = bearer(exchange.headers.get(b"authorization", b""))
        caller = callers.known(token)
        if caller is None or caller.audience != audience or caller.revoked or caller.expires_at <= time.time():
            return looked_for(exchange, token, caller)
        exchange.caller = caller
        exchange.lines = caller.lines
        return proceed(exchange, caller)

    async def looked_for(exchange: Exchange, token: bytes, caller: Caller | None) -> Answer:
        """Whoever has no valid token counts against the address; a valid one goes free, whatever strangers there did."""
        code = ""
        if caller is None and (token_format.well_formed(token, prefix) or callers.external(token)):
            try:
                caller = await sought(exchange, token)
            except TokenRefused as refused:
                code = refused.code
            except (IdentityUnavailable, KeysUnavailable) as error:
                detail = "Whether the token is good cannot be determined now. Try again shortly."
                raise Unavailable("identity_unavailable", detail, headers=((b"retry-after", b"1"),)) from error
        else:
            await dependencies.count_stranger(exchange)
        code = code or _fault(token, caller, audience)
        if caller is None or code:
            metrics.auth_failure(PUBLIC.get(code, code))
            refusal = unauthorized(code, exchange.brand)
            if caller is not None and caller.mode == "test" and dependencies.testing is not None:
                return await dependencies.testing.refused(operation, dependencies, exchange, caller, refusal)
            raise refusal
        exchange.caller = caller
        exchange.lines = caller.lines
        return await proceed(exchange, caller)

    async def sought(exchange: Exchange, token: bytes) -> Caller | None:
        """Counted before SQL is asked: guesses with a right checksum must not use up its connections.

        Beyond the limit they are looked up all the same, for one may be right, but one after the other.
        """
        try:
            await dependencies.count_stranger(exchange)
        except RateLimited:
            with suppress(TokenRefused):
                caller = await callers.find_in_turn(token)
                if not _fault(token, caller, audience):
                    return caller
            raise
        caller = await callers.find(token)
        if not _fault(token, caller, audience):
            await dependencies.forgive_stranger(exchange)
        return caller

    return authenticated


def _fault(token: bytes, caller: Caller | None, audience: Audience) -> str:
    """Why the token gets nobody in; empty when it does."""
    if caller is None:
        return "token_invalid" if token else "token_missing"
    if caller.audience != audience:
        return "token_audience_invalid"
    if caller.revoked:
        return "token_revoked"
    return "token_expired" if caller.expires_at <= time.time() else ""
