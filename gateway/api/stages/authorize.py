"""Scope ∩ the role the user has now → a permit. Nothing reaches an internal service without one."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from adapters.core.calls import Answer
from adapters.core.operation import Face, Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Authorized, Contracted, Exchange, Permitted
from gateway.auth.caller import Caller
from gateway.auth.challenges import denied, unauthorized
from gateway.auth.permits import judged
from gateway.auth.users import IdentityUnavailable, User
from gateway.keys.token_format import Mode
from gateway.problems import Unavailable

_UNKNOWN: Final[dict[Mode, str]] = {
    "live": "Your present role cannot be determined. Try again shortly.",
    "test": "The sandbox cannot be asked here: what holds it is away, or it was made on another instance that keeps sandboxes of its "
    "own. Try again shortly; if that does not help, make another sandbox, or tell whoever runs this API (test.sandbox_url).",
}


def authorize(operation: Operation, dependencies: Dependencies, proceed: Authorized) -> Contracted:
    """Hands on what is `Permitted`, or raises 403 naming what is missing and who denies it; 401 for a disabled user."""
    identities, permissions, needed = dependencies.identities, dependencies.permissions, frozenset(operation.scopes)
    guarding = any(face is not None and face.guards for face in operation.faces.values())

    def authorized(exchange: Exchange, caller: Caller, face: Face) -> Awaitable[Answer]:
        user = identities.of(caller.mode).remembered(caller.tenant_id, caller.user_id)
        return permitted(exchange, caller, face, user) if user is not None else asked(exchange, caller, face)

    async def asked(exchange: Exchange, caller: Caller, face: Face) -> Answer:
        try:
            user = await identities.of(caller.mode).live_user(caller.tenant_id, caller.user_id)
        except IdentityUnavailable as error:
            detail = _UNKNOWN[caller.mode]
            raise Unavailable("identity_unavailable", detail, headers=((b"retry-after", b"1"),)) from error
        return await permitted(exchange, caller, face, user)

    def permitted(exchange: Exchange, caller: Caller, face: Face, user: User | None) -> Awaitable[Answer]:
        verdict = judged(user, caller.scopes, needed, permissions, caller.mode)
        if not isinstance(verdict, str):
            return proceed(Permitted(exchange, caller, verdict, face.seen(verdict.scopes) if guarding else face))
        if verdict == "user":
            raise unauthorized("user_disabled", exchange.brand)
        raise denied(needed, permissions.asked(caller.scopes), exchange.brand)

    return authorized
