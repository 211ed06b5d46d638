"""One atomic decision over all policies of the caller, which also tells whether the token is still what we think.

The store's clock decides. When the store is lost, the worker goes on with its share of the limits and asks SQL whether
the token still lives: neither open nor shut.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from operator import itemgetter

from adapters.core.calls import Answer
from adapters.core.operations import Operation
from gateway.bearer import unauthorized
from gateway.exchange import Exchange, Handler
from gateway.observe import metrics
from gateway.problems import RateLimited, throttled
from gateway.services import Services
from gateway.stores.policies import Policy, Reading, Verdict


def limit(operation: Operation, services: Services, proceed: Handler) -> Handler:
    """Fills `exchange.verdict` and the rate headers, or raises 429; raises 401 for a token revoked or cut short a moment ago."""
    limiter, callers, group = services.limiter, services.callers, operation.limited_as
    rate_headers = RateHeaders(callers.groups[group])

    async def limited(exchange: Exchange) -> Answer:
        caller = exchange.caller
        assert caller is not None
        verdict = exchange.verdict = await limiter.admit(caller.gates[group])
        if verdict.local:
            metrics.store_lost("redis")
            metrics.fail_mode("local_limit")
        if verdict.local or verdict.generation != caller.generation:
            exchange.caller = await callers.renewed(caller, verdict.generation, lost=verdict.local)
            if exchange.caller is None or exchange.caller.revoked:
                raise unauthorized("token_revoked", exchange.brand)
            if exchange.caller.expires_at <= verdict.now:
                raise unauthorized("token_expired", exchange.brand)
        exchange.answer_headers += rate_headers(verdict)
        if not verdict.allowed:
            raise _exceeded(verdict)
        return await proceed(exchange)

    return limited


class RateHeaders:
    """The three customary headers, of the tightest policy, and the IETF pair (draft-ietf-httpapi-ratelimit-headers)."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        declared = ", ".join([f'"{policy.name}";q={policy.quota};w={policy.window:.0f}' for policy in policies])
        self._declared = (b"ratelimit-policy", declared.encode("ascii"))
        self._state = ", ".join([f'"{policy.name}";r=%d;t=%d' for policy in policies]).encode("ascii")

    def __call__(self, verdict: Verdict) -> list[tuple[bytes, bytes]]:
        """The headers of an answer that this verdict let through, or did not."""
        tightest = min(verdict.readings, key=_remaining)
        state: list[int] = []
        for _, remaining, reset, _ in verdict.readings:
            state += (remaining, ceil(reset))
        return [
            (b"x-ratelimit-limit", b"%d" % tightest.policy.quota),
            (b"x-ratelimit-remaining", b"%d" % tightest.remaining),
            (b"x-ratelimit-reset", b"%d" % ceil(verdict.now + tightest.reset)),
            self._declared,
            (b"ratelimit", self._state % tuple(state)),
        ]


_remaining = itemgetter(Reading._fields.index("remaining"))


def _exceeded(verdict: Verdict) -> RateLimited:
    refusing = [reading for reading in verdict.readings if reading.retry_after > 0] or verdict.readings
    for reading in refusing:
        metrics.rate_limited(reading.policy.name)
    return throttled(
        max(reading.retry_after for reading in refusing),
        [reading.policy.name for reading in refusing],
        f"Too many requests: at most {refusing[0].policy.quota} in {refusing[0].policy.window:.0f} seconds.",
        refusing[0].policy.quota,
    )
