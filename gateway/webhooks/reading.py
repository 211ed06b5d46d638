"""Internal calls for events: on behalf of an endpoint's own user, within a budget of their own, shared for two seconds."""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.core import faults
from adapters.core.calls import Call, Plan, Reply
from gateway.api.internal_calls import Internal
from gateway.api.rate_limits import EVENTS, FURTHER, Groups
from gateway.auth.identity_lines import identity_lines
from gateway.auth.permits import Permit
from gateway.auth.services import headed
from gateway.auth.single_flight import SingleFlight
from gateway.observe import metrics, trace
from gateway.observe.trace import Trace
from gateway.stores.limits import Gate, Limiter
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.upstream import Lines
from gateway.webhooks.judging import Allowed

SHARED: Final = 2.0  # seconds
_MOST_SHARED: Final = 1000


@dataclass(slots=True)
class _Errand:
    """What the calls of one reading are counted on and traced by."""

    request_id: str = field(default_factory=lambda: "req_" + trace.digits(24))
    trace: Trace = field(default_factory=trace.started)
    idempotency_key: bytes = b""
    calls: int = 0
    paid: int = 1
    wrote: bool = False
    rate_lines: bytes = b""
    internal_seconds: float = 0.0
    deadline: float | None = None


@dataclass(frozen=True, slots=True)
class _Caller:
    headers: Mapping[str, Lines]
    gates: Mapping[str, Gate]


@dataclass(frozen=True, slots=True)
class _Reading:
    """On whose behalf: see `internal_calls.Behalf`."""

    exchange: _Errand
    caller: _Caller
    permit: Permit


class Reader:
    """Makes the calls of plans.

    plans: by the name of a plan, policies by rate-limit class; keys: by service, its service key, or None for the tenant's own.
    """

    def __init__(
        self,
        internal: Internal,
        limiter: Limiter,
        plans: Mapping[str, Groups],
        keys: Mapping[str, str | None],
    ) -> None:
        self._internal = internal
        self._limiter = limiter
        self._plans = plans
        self._keys = keys
        self._shared: dict[Hashable, tuple[float, Reply]] = {}
        self._asking: SingleFlight[Hashable, Reply] = SingleFlight()

    async def driven(self, plan: Plan, endpoint: Endpoint, allowed: Allowed, about: str) -> bytes:
        """The public answer of a plan, which only reads. about: what else asks the same for; they share answers.

        Raises what the plan does, UpstreamError, and ServiceThrottled or RateLimited when the budget is spent.
        """
        behalf = self._behalf(endpoint, allowed)
        try:
            call = next(plan)
            while True:
                call = plan.send(await self._reply(behalf, call, about, endpoint))
        except StopIteration as finished:
            body: bytes = finished.value.body
            return body

    async def _reply(self, behalf: _Reading, call: Call, about: str, endpoint: Endpoint) -> Reply:
        who = endpoint.tenant_id, endpoint.user_id, behalf.permit.role
        key = (about, *who, call.service, call.path, call.body)
        known = self._shared.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return await self._asking.ask(key, lambda: self._asked(behalf, call, key))

    async def _asked(self, behalf: _Reading, call: Call, key: Hashable) -> Reply:
        until = time.monotonic() + SHARED
        verdict = await self._limiter.admit(behalf.caller.gates[EVENTS])
        for name in verdict.shadowed:
            metrics.rate_limit_shadowed(name)
        if not verdict.allowed:
            raise faults.ServiceThrottled(max(each.retry_after for each in verdict.readings), None)
        # Admitted already: only a request has had its first call counted beforehand.
        behalf.exchange.calls = 0
        reply = await self._internal.send(behalf, call)
        if len(self._shared) >= _MOST_SHARED:
            now = time.monotonic()
            self._shared = {key: kept for key, kept in self._shared.items() if kept[0] > now}
        if reply.status < 500 and len(self._shared) < _MOST_SHARED:
            self._shared[key] = until, reply
        return reply

    def _behalf(self, endpoint: Endpoint, allowed: Allowed) -> _Reading:
        tenant = endpoint.tenant_id
        headers = {
            name: identity_lines(allowed.tenant_key if key is None else key, tenant, endpoint.user_id)
            for name, key in headed(self._keys, allowed.permit.mode).items()
        }
        groups = self._plans.get(allowed.plan or "", self._plans[""])
        gates = {name: self._limiter.gate(tenant, "webhooks", groups[name]) for name in (EVENTS, FURTHER)}
        return _Reading(_Errand(), _Caller(headers, gates), allowed.permit)
