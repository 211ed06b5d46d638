"""How an operation of test mode gets the sandbox that it is about: whoever asks proves it with their permit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from adapters.core.calls import Answer, Input
from gateway.api.exchange import Accepted, Permitted
from gateway.auth.permits import TestPermit
from gateway.problems import Forbidden


@dataclass(frozen=True, slots=True)
class Asked:
    """A request from inside a sandbox. tenant_id: the internal id of the sandbox, by which the sandbox program knows it."""

    permitted: Permitted
    permit: TestPermit

    @property
    def tenant_id(self) -> str:
        """The sandbox of the caller."""
        return self.permitted.caller.tenant_id


Handler = Callable[[Asked, Input], Awaitable[Answer]]


def from_inside(handler: Handler) -> Accepted:
    """The handler of an operation of test mode, for test tokens only; Forbidden for any other."""

    async def handled(permitted: Permitted, given: Input) -> Answer:
        permit = permitted.permit
        if not isinstance(permit, TestPermit):
            raise outside()
        return await handler(Asked(permitted, permit), given)

    return handled


def outside() -> Forbidden:
    """The 403 for a live token."""
    return Forbidden("test_token_required", "This is an operation of test mode: it takes a token of a sandbox.")
