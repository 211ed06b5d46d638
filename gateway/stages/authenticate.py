"""Bearer token → who calls (RFC 6750). A token with a wrong checksum is refused before any store is asked."""

from __future__ import annotations

import time

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway import tokens
from gateway.exchange import Exchange, Handler
from gateway.problems import Problem, Unauthorized
from gateway.services import Services

_TOLD = {
    "token_missing": "Send your access token as `Authorization: Bearer <token>`.",
    "token_invalid": "The access token is not valid here.",
    "token_expired": "The access token has expired.",
    "token_revoked": "The access token has been revoked.",
}


def authenticate(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """Fills `exchange.caller`, or raises 401 (429 for an address that keeps failing)."""
    callers, prefix = services.callers, services.settings.tokens.prefix

    async def authenticated(exchange: Exchange) -> Answer:
        header = exchange.headers.get(b"authorization")
        if header is None:
            raise await _refused("token_missing", exchange, services)
        scheme, _, token = header.partition(b" ")
        if scheme.lower() != b"bearer":
            raise await _refused("token_missing", exchange, services)
        token = token.strip(b" ")
        caller = callers.known(token)
        if caller is None:
            caller = await callers.find(token) if tokens.well_formed(token, prefix) else None
            if caller is None:
                raise await _refused("token_invalid", exchange, services)
        if caller.revoked:
            raise await _refused("token_revoked", exchange, services)
        if caller.expires_at <= time.time():
            raise await _refused("token_expired", exchange, services)
        exchange.caller = caller
        return await proceed(exchange)

    return authenticated


async def _refused(code: str, exchange: Exchange, services: Services) -> Problem:
    """The 401 of RFC 6750 § 3, unless the client's address has had too many of them."""
    await services.count_stranger(exchange, code)
    challenge = f'Bearer resource_metadata="{exchange.brand.resource_metadata}"'
    if code != "token_missing":
        challenge += f', error="invalid_token", error_description="{_TOLD[code]}"'
    return Unauthorized(code, _TOLD[code], headers=((b"www-authenticate", challenge.encode("ascii")),))
