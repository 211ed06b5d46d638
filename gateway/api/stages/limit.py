"""One atomic decision over all policies of the caller, which also tells whether the token is still what we think.

The store's clock decides. When the store is lost, the worker goes on with its share of the limits and asks SQL whether
the token still lives: neither open nor shut.
"""

from __future__ import annotations

from dataclasses import replace

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Identified
from gateway.api.rate_limits import of_agents
from gateway.api.rate_lines import exceeded, lines_of, shadowed
from gateway.auth.caller import Caller
from gateway.auth.challenges import unauthorized
from gateway.observe import metrics


def limit_agent(operation: Operation, dependencies: Dependencies, proceed: Identified) -> Identified:
    """The same with the limit of agents among the policies."""
    return limit(replace(operation, limited_as=of_agents(operation.limited_as)), dependencies, proceed)


def limit(operation: Operation, dependencies: Dependencies, proceed: Identified) -> Identified:
    """Adds the rate headers, or raises 429; raises 401 for a token revoked or cut short a moment ago."""
    limiter, callers, group = dependencies.limiter, dependencies.callers, operation.limited_as
    rate_lines = {plan: lines_of(groups[group]) for plan, groups in callers.plans.items()}

    async def limited(exchange: Exchange, caller: Caller) -> Answer:
        gate, lines = caller.gates[group], rate_lines[caller.plan]
        verdict = await limiter.admit(gate)
        if verdict.local:
            metrics.store_lost("redis")
            metrics.fail_mode("local_limit")
        if verdict.local or verdict.generation != caller.generation:
            renewed = exchange.caller = await callers.renewed(caller, verdict.generation, lost=verdict.local)
            if renewed is None or renewed.revoked:
                raise unauthorized("token_revoked", exchange.brand)
            if renewed.expires_at <= verdict.now:
                raise unauthorized("token_expired", exchange.brand)
            caller = renewed
        exchange.rate_lines = lines(verdict)
        if gate.shadows:
            exchange.marks += shadowed(verdict)
        if not verdict.allowed:
            raise exceeded(verdict)
        return await proceed(exchange, caller)

    return limited
