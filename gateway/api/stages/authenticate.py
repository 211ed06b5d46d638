"""Bearer token → who calls (RFC 6750). A token with a wrong checksum is refused before any store is asked."""

from __future__ import annotations

import time
from collections.abc import Awaitable

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Handler, Identified
from gateway.auth.caller import Caller
from gateway.auth.challenges import unauthorized
from gateway.keys import token_format
from gateway.observe import metrics


def authenticate(operation: Operation, dependencies: Dependencies, proceed: Identified) -> Handler:
    """Fills `exchange.caller`, or raises 401 (429 for an address that keeps failing)."""
    callers, prefix = dependencies.callers, dependencies.settings.tokens.prefix

    def authenticated(exchange: Exchange) -> Awaitable[Answer]:
        token = _bearer(exchange.headers.get(b"authorization", b""))
        caller = callers.known(token)
        return found(exchange, token, caller) if caller is not None else looked_for(exchange, token)

    async def looked_for(exchange: Exchange, token: bytes) -> Answer:
        # Counted before SQL is asked: guesses with a right checksum must not use up its connections.
        await dependencies.count_stranger(exchange)
        caller = await callers.find(token) if token_format.well_formed(token, prefix) else None
        return await found(exchange, token, caller)

    def found(exchange: Exchange, token: bytes, caller: Caller | None) -> Awaitable[Answer]:
        code = _fault(token, caller)
        if caller is None or code:
            metrics.auth_failure(code)
            raise unauthorized(code, exchange.brand)
        exchange.caller = caller
        return proceed(exchange, caller)

    return authenticated


def _bearer(header: bytes) -> bytes:
    """The token of an Authorization header; empty when there is none."""
    if header.startswith(b"Bearer ") and header.count(b" ") == 1:
        return header[7:]
    scheme, _, token = header.partition(b" ")
    return token.strip(b" ") if scheme.lower() == b"bearer" else b""


def _fault(token: bytes, caller: Caller | None) -> str:
    """Why the token gets nobody in; empty when it does."""
    if caller is None:
        return "token_invalid" if token else "token_missing"
    if caller.revoked:
        return "token_revoked"
    return "token_expired" if caller.expires_at <= time.time() else ""
