"""What stages are built with: everything that lives as long as the worker, wired once in gateway/app.py."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from starlette.types import Scope

from adapters.core.calls import Answer
from adapters.core.compile.catalogue import Catalogue
from adapters.core.operation import Operation
from gateway import problems
from gateway.api.body.files import SerialThread
from gateway.api.drift import Sentinel
from gateway.api.exchange import Accepted, Exchange, Identified
from gateway.api.internal_calls import Internal
from gateway.api.usage import Usage
from gateway.auth.caller import Caller
from gateway.auth.callers import Callers
from gateway.auth.identities import Identities
from gateway.auth.scopes import Permissions
from gateway.config.settings import Settings
from gateway.keys.cursors import Cursors
from gateway.keys.keyring import Keyring
from gateway.observe import metrics
from gateway.problems import Problem, throttled
from gateway.stores import addresses
from gateway.stores.limits import Limiter
from gateway.stores.policies import Policy
from gateway.stores.replays import Replays


class TestMode(Protocol):
    """What answers the calls of test tokens (injection/testing.py)."""

    def around(
        self, operation: Operation, dependencies: Dependencies, behind: Callable[[Operation, Dependencies], Identified]
    ) -> Identified:
        """The stages `behind`, made for each call around parts of which one may fail."""

    async def refused(
        self,
        operation: Operation,
        dependencies: Dependencies,
        exchange: Exchange,
        caller: Caller,
        problem: Problem,
        /,
    ) -> Answer:
        """Raises the problem, after it was noted down for the sandbox of the caller."""


@dataclass(slots=True, kw_only=True)
class Dependencies:
    """The worker's parts, by the names that stages use."""

    settings: Settings
    catalogue: Catalogue
    operations: Sequence[Operation] = ()
    callers: Callers
    limiter: Limiter
    strangers: Policy
    identities: Identities
    permissions: Permissions
    cursors: Cursors
    keyring: Keyring
    replays: Replays
    internal: Internal
    own: Mapping[str, Accepted] = field(default_factory=dict)
    testing: TestMode | None = None
    files_thread: SerialThread = field(default_factory=SerialThread)
    usage: Usage = field(default_factory=Usage)
    sentinel: Sentinel = field(default_factory=lambda: Sentinel(0))

    def render(self, problem: Problem, exchange: Exchange) -> Answer:
        """The problem's document for this exchange's brand."""
        return problems.render(
            problem, base=exchange.brand.problem_base, instance=exchange.path, trace_id=exchange.trace.trace_id
        )

    async def count_stranger(self, exchange: Exchange) -> None:
        """Count a request of nobody known by its address; RateLimited when there were too many."""
        policy = self.strangers
        verdict = await self.limiter.admit_address(exchange.client, policy)
        if not verdict.allowed:
            metrics.rate_limited(policy.name)
            detail = "Too many requests without a valid token from your address."
            raise throttled(verdict.readings[0].retry_after, [policy.name], detail, policy.capacity)

    async def forgive_stranger(self, exchange: Exchange) -> None:
        """Uncount a request that turned out to be somebody's."""
        await self.limiter.give_back(exchange.client, self.strangers)

    def address(self, peer: str, headers: Mapping[bytes, bytes]) -> str:
        """The client's address: the connection's, or, through trusted proxies only, the first untrusted hop from the right.

        A proxy may have added a line of its own instead of lengthening the one it found: `headers` has them joined.
        """
        trusted = self.settings.server.trusted_proxies
        if not trusted:
            return peer
        told = headers.get(b"x-forwarded-for", b"").decode("latin-1")
        for hop in reversed([hop.strip() for hop in [*told.split(","), peer] if hop.strip()]):
            try:
                parsed = addresses.forwarded(hop)
            except ValueError:
                return peer
            # Without a zone, which is a name on somebody's machine, of any length (RFC 4007 § 11).
            peer = str(parsed).partition("%")[0]
            if not any(parsed in network for network in trusted):
                return peer
        return peer

    def address_of(self, scope: Scope) -> str:
        """The same, of an ASGI request."""
        peer = scope["client"][0] if scope["client"] else ""
        told = b", ".join([value for name, value in scope["headers"] if name == b"x-forwarded-for"])
        return self.address(peer, {b"x-forwarded-for": told})
