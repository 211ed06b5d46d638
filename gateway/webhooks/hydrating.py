"""The record that an event is about, read as the endpoint's own user sees it at this moment: one internal `get`.

So a webhook shows nothing that GET would refuse. What was read is shared for two seconds by all endpoints of the user.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

import msgspec

from adapters.core import faults
from adapters.core.calls import Call, Input, Reply
from adapters.core.compile.events import EventType
from adapters.core.operation import Face, Operation
from gateway.api.internal_calls import Internal
from gateway.api.rate_limits import EVENTS, FURTHER, Groups
from gateway.auth.identity_lines import identity_lines
from gateway.auth.permits import Permit
from gateway.auth.single_flight import SingleFlight
from gateway.observe import metrics, trace
from gateway.observe.trace import Trace
from gateway.problems import RateLimited
from gateway.stores.limits import Gate, Limiter
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.upstream import Lines, UpstreamError
from gateway.webhooks.judging import Allowed
from gateway.webhooks.messages import Wait, Withheld

SHARED: Final = 2.0  # seconds
AFFORDED: Final = 60.0  # seconds that a delivery waits for budget
SOONEST: Final = 5.0  # seconds, until a service that failed is asked again; doubled
LATEST: Final = 300.0
LONGEST: Final = 900.0  # seconds that a delivery waits for a service
_MOST_SHARED: Final = 1000


@dataclass(frozen=True, slots=True)
class Read:
    """The public record as JSON, and when it was read."""

    data: msgspec.Raw
    at: datetime


@dataclass(frozen=True, slots=True)
class Omitted:
    """The delivery goes without the record (events.md §2.9)."""

    reason: str


Found = Read | Omitted | Withheld | Wait


class _Envelope(msgspec.Struct):
    data: msgspec.Raw


_envelope = msgspec.json.Decoder(_Envelope).decode


@dataclass(slots=True)
class _Errand:
    """What the calls of one reading are counted on and traced by."""

    request_id: str = field(default_factory=lambda: "req_" + trace.digits(24))
    trace: Trace = field(default_factory=trace.started)
    idempotency_key: bytes = b""
    calls: int = 0
    wrote: bool = False
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


class Hydrator:
    """Reads records.

    operations: as compiled for the deployment; listed: names of those that are served via a list, which costs too much for
    an event; plans: by the name of a plan, policies by rate-limit class; keys: by service, its service key, or None for the tenant's own.
    """

    def __init__(
        self,
        operations: Iterable[Operation],
        listed: frozenset[str],
        internal: Internal,
        limiter: Limiter,
        plans: Mapping[str, Groups],
        keys: Mapping[str, str | None],
    ) -> None:
        self._operations = {each.name: each for each in operations if each.enabled and each.name not in listed}
        self._internal = internal
        self._limiter = limiter
        self._plans = plans
        self._keys = keys
        self._shared: dict[tuple[object, ...], tuple[float, Reply]] = {}
        self._asking: SingleFlight[tuple[object, ...], Reply] = SingleFlight()

    async def read(self, kind: EventType, event: Event, endpoint: Endpoint, allowed: Allowed, waited: float) -> Found:
        """The record in the endpoint's contract. waited: seconds since the delivery was made."""
        operation = self._operations.get(kind.reads or "")
        face = operation.faces.get(endpoint.contract) if operation is not None else None
        internal_id = kind.id.decode(event.object_id)
        if face is None or internal_id is None:
            return Omitted("not_offered")
        behalf = self._behalf(endpoint, allowed)
        at = datetime.now(UTC)
        try:
            return Read(_envelope(await self._driven(face, internal_id, behalf, event, endpoint)).data, at)
        except (faults.RecordNotFound, faults.RoleForbids):
            # One that is hidden, another tenant's and one that was deleted since are alike, as they are to GET.
            return Withheld("not_visible")
        except faults.ServiceThrottled as error:
            return _unaffordable(error.retry_after, waited)
        except RateLimited as error:
            return _unaffordable(float(error.members["retry_after"]), waited)
        except (faults.Fault, UpstreamError):
            return (
                Omitted("unavailable") if waited >= LONGEST else Wait(min(LATEST, max(SOONEST, waited)), "unavailable")
            )

    async def _driven(
        self, face: Face, internal_id: object, behalf: _Reading, event: Event, endpoint: Endpoint
    ) -> bytes:
        # Members that a family of their own guards are in no event, whatever the scopes.
        plan = face.seen(frozenset()).plan(Input(ids=(internal_id,)))
        try:
            call = next(plan)
            while True:
                call = plan.send(await self._reply(behalf, call, event, endpoint))
        except StopIteration as finished:
            body: bytes = finished.value.body
            return body

    async def _reply(self, behalf: _Reading, call: Call, event: Event, endpoint: Endpoint) -> Reply:
        who = endpoint.tenant_id, endpoint.user_id, behalf.permit.role
        key = (event.id, *who, call.service, call.path, call.body)
        known = self._shared.get(key)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        return await self._asking.ask(key, lambda: self._asked(behalf, call, key))

    async def _asked(self, behalf: _Reading, call: Call, key: tuple[object, ...]) -> Reply:
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
            for name, key in self._keys.items()
        }
        groups = self._plans.get(allowed.plan or "", self._plans[""])
        gates = {name: self._limiter.gate(tenant, "webhooks", groups[name]) for name in (EVENTS, FURTHER)}
        return _Reading(_Errand(), _Caller(headers, gates), allowed.permit)


def _unaffordable(retry_after: float, waited: float) -> Omitted | Wait:
    return Omitted("budget") if waited >= AFFORDED else Wait(min(max(1.0, retry_after), AFFORDED), "budget")
