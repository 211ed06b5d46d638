"""Scope ∩ the role the user has now → a permit. Nothing reaches an internal service without one."""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.core.calls import Answer
from adapters.core.operation import Face, Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Authorized, Contracted, Exchange, Permitted
from gateway.api.standing import unknown
from gateway.auth.caller import Caller
from gateway.auth.challenges import refusal
from gateway.auth.permits import judged
from gateway.auth.users import IdentityUnavailable, User


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
            raise unknown(caller.mode) from error
        return await permitted(exchange, caller, face, user)

    def permitted(exchange: Exchange, caller: Caller, face: Face, user: User | None) -> Awaitable[Answer]:
        verdict = judged(user, caller.scopes, needed, permissions, caller.mode)
        if not isinstance(verdict, str):
            return proceed(Permitted(exchange, caller, verdict, face.seen(verdict.scopes) if guarding else face))
        raise refusal(verdict, needed, permissions.asked(caller.scopes), exchange.brand)

    return authorized
