"""The limits for a request that counts as several: how many is known when its body is read, and that is read of nobody unlimited.

So `limit` has admitted it as one, and the rest is taken here: all of it in one decision, or none.
"""

from __future__ import annotations

from adapters.core.calls import Answer, Input
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Accepted, Permitted
from gateway.api.rate_lines import exceeded, lines_of, shadowed


def charge(operation: Operation, dependencies: Dependencies, proceed: Accepted) -> Accepted:
    """Tells of the limits as they are afterwards, or raises 429 before anything is sent."""
    if not operation.charged:
        return proceed
    limiter, group = dependencies.limiter, operation.limited_as
    rate_lines = {plan: lines_of(groups[group]) for plan, groups in dependencies.callers.plans.items()}

    async def charged(permitted: Permitted, given: Input) -> Answer:
        exchange, caller, units = permitted.exchange, permitted.caller, given.units
        if units > 1:
            gate = caller.gates[group].of(units - 1)
            verdict = await limiter.admit(gate)
            exchange.rate_lines = rate_lines[caller.plan](verdict)
            if gate.shadows:
                exchange.marks += shadowed(verdict)
            if not verdict.allowed:
                raise exceeded(verdict)
            # The services count calls: what the tenant has paid for, these need not pay again.
            exchange.paid = units
        return await proceed(permitted, given)

    return charged
