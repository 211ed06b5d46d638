"""Scope ∩ the role the user has now → a permit. Nothing reaches an internal service without one."""

from __future__ import annotations

from collections.abc import Awaitable

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Services
from gateway.api.exchange import Exchange, Handler, Permit
from gateway.auth.caller import Caller
from gateway.auth.challenges import insufficient, unauthorized
from gateway.auth.scopes import expanded
from gateway.auth.users import IdentityUnavailable, User
from gateway.problems import Forbidden, Unavailable


def authorize(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """Fills `exchange.permit`, or raises 403 naming what is missing and who denies it; 401 for a disabled user."""
    identity, permissions, needed = services.identity, services.permissions, frozenset(operation.scopes)

    def authorized(exchange: Exchange) -> Awaitable[Answer]:
        caller = exchange.caller
        assert caller is not None
        user = identity.remembered(caller.tenant_id, caller.user_id)
        return permitted(exchange, caller, user) if user is not None else asked(exchange, caller)

    async def asked(exchange: Exchange, caller: Caller) -> Answer:
        try:
            user = await identity.live_user(caller.tenant_id, caller.user_id)
        except IdentityUnavailable:
            raise Unavailable(
                "identity_unavailable",
                "Your present role cannot be determined. Try again shortly.",
                headers=((b"retry-after", b"1"),),
            ) from None
        return await permitted(exchange, caller, user)

    def permitted(exchange: Exchange, caller: Caller, user: User | None) -> Awaitable[Answer]:
        if user is None or not user.active:
            raise unauthorized("user_disabled", exchange.brand)
        effective = permissions.effective(caller.scopes, user.role)
        if not needed <= effective:
            if not needed <= expanded(caller.scopes):
                raise insufficient(needed, exchange.brand)
            raise _forbidden(needed)
        exchange.permit = Permit(user.role, user.name, effective)
        return proceed(exchange)

    return authorized


def _forbidden(needed: frozenset[str]) -> Forbidden:
    required = sorted(needed)
    detail = f"The token's scopes would allow this, but your role does not: {', '.join(required)} is needed."
    return Forbidden("role_forbids", detail, members={"required_scopes": required, "denied_by": "role"})
