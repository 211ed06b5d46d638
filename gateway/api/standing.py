"""Permission while a request goes on for long: an export lasts as long as its reader takes, an import until its file has come.

A token that was revoked or has expired, a scope or a role that was lost, are met as by a request that begins now.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from time import monotonic
from typing import Final

from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Permitted
from gateway.auth.challenges import denied, refusal, unauthorized
from gateway.auth.permits import judged
from gateway.auth.users import IdentityUnavailable
from gateway.keys.token_format import Mode
from gateway.problems import Unavailable
from gateway.stores.errors import StoreUnavailable

EVERY: Final = 1.0  # seconds

_UNKNOWN: Final[dict[Mode, str]] = {
    "live": "Your present role cannot be determined. Try again shortly.",
    "test": "The sandbox cannot be asked here: what holds it is away, or it was made on another instance that keeps sandboxes of its "
    "own. Try again shortly; if that does not help, make another sandbox, or tell whoever runs this API (test.sandbox_url).",
}


class Standing:
    """Of the requests for one operation, which has a face in every contract that it is asked for in."""

    def __init__(self, operation: Operation, dependencies: Dependencies) -> None:
        self._faces = operation.faces
        self._needed = frozenset(operation.scopes)
        self._callers = dependencies.callers
        self._identities = dependencies.identities
        self._permissions = dependencies.permissions

    async def now(self, permitted: Permitted) -> Permitted:
        """The same, as it is judged at this moment. Raises 401 or 403; Unavailable or StoreUnavailable when nobody can tell."""
        brand, known = permitted.exchange.brand, permitted.caller
        # What has expired is known to have, whoever is away.
        caller = await self._callers.standing(known) if known.expires_at > time.time() else known
        if caller is None or caller.revoked:
            raise unauthorized("token_revoked", brand)
        if caller.expires_at <= time.time():
            raise unauthorized("token_expired", brand)
        try:
            user = await self._identities.of(caller.mode).live_user(caller.tenant_id, caller.user_id)
        except IdentityUnavailable as error:
            raise unknown(caller.mode) from error
        verdict = judged(user, caller.scopes, self._needed, self._permissions, caller.mode)
        if isinstance(verdict, str):
            raise refusal(verdict, self._needed, self._permissions.asked(caller.scopes), brand)
        face = self._faces[permitted.exchange.version]
        assert face is not None
        return Permitted(permitted.exchange, caller, verdict, face.seen(verdict.scopes))

    async def followed(self, permitted: Permitted, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The pieces of an answer, while what they were permitted by stands: looked at EVERY seconds, as long as somebody can tell.

        Another role ends them, too: services may cut what they tell by it, and what is under way was asked for with the former.
        """
        permit, looked = permitted.permit, monotonic()
        async for piece in pieces:
            if monotonic() - looked >= EVERY:
                with suppress(StoreUnavailable, Unavailable):
                    permitted = await self.now(permitted)
                present, looked = permitted.permit, monotonic()
                if present.role != permit.role or not permit.scopes <= present.scopes:
                    asked = self._permissions.asked(permitted.caller.scopes)
                    raise denied(permit.scopes, asked, permitted.exchange.brand)
            yield piece


def unknown(mode: Mode) -> Unavailable:
    """What is said while nobody can tell which role the user has."""
    return Unavailable("identity_unavailable", _UNKNOWN[mode], headers=((b"retry-after", b"1"),))
