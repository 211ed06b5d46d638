"""Internal calls on behalf of a caller: the identity is minted here, anew for each service, never copied from the client."""

from __future__ import annotations

import re
import time
from asyncio import Semaphore, TaskGroup
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC
from email.utils import parsedate_to_datetime
from time import perf_counter
from typing import Final, Protocol

from adapters.core.calls import Call, File, Reply
from gateway.api.rate_limits import FURTHER
from gateway.api.rate_lines import renewed
from gateway.auth.permits import Permit
from gateway.auth.services import Upstreams
from gateway.observe import metrics, trace, tracing
from gateway.observe.trace import Part, Trace
from gateway.problems import throttled
from gateway.stores.limits import Gate, Limiter
from gateway.upstream import Guard, Lines, Timeout, UpstreamError

AT_ONCE: Final = 4  # calls of one request
MOST_WAIT: Final = 86_400.0  # seconds; a service that names a later moment is not believed

_METHODS: Final = {method.encode(): method for method in ("GET", "POST", "PUT", "PATCH", "DELETE")}
_NUMBER: Final = re.compile(rb"[0-9]{1,30}(?:\.[0-9]{1,9})?")

_JSON = b"Content-Type: application/json\r\n"
_CSV = b"Content-Type: text/csv; charset=utf-8\r\n"


class Errand(Protocol):
    """What internal calls are counted on and traced by: a request, or whatever else needs them.

    deadline: when nobody waits for it any more, by `perf_counter`; None where nobody said. paid: how many calls the tenant's
    budget was taken for beforehand; rate_lines: what the answer says of limits, if there is one.
    """

    request_id: str
    trace: Trace
    idempotency_key: bytes
    calls: int
    paid: int
    wrote: bool
    rate_lines: bytes
    internal_seconds: float
    deadline: float | None


class Identified(Protocol):
    """By service, the identity lines; by rate-limit class, the gates."""

    @property
    def headers(self) -> Mapping[str, Lines]: ...
    @property
    def gates(self) -> Mapping[str, Gate]: ...


class Behalf(Protocol):
    """On whose behalf a call is made, for which errand, and the proof that they may: `Permitted`, of a request."""

    @property
    def exchange(self) -> Errand: ...
    @property
    def caller(self) -> Identified: ...
    @property
    def permit(self) -> Permit: ...


class Internal:
    """The internal services, `upstreams`; by name, with how much `patience` (s) an imported file is waited for.

    `limiter` is asked about every call beyond those that were paid for when the request was admitted: one, as a rule.
    """

    def __init__(self, upstreams: Upstreams, patience: Mapping[str, float], limiter: Limiter) -> None:
        self._upstreams = upstreams
        self._patience = patience
        self._limiter = limiter

    def through(self, change: Callable[[Guard], Guard]) -> Internal:
        """The same, each service of test mode changed."""
        return Internal(self._upstreams.through(change), self._patience, self._limiter)

    async def send(self, permitted: Behalf, call: Call) -> Reply:
        """One call as the permitted caller; raises UpstreamError. Sets `exchange.wrote` while a write may have happened.

        RateLimited when the tenant's budget ends between two calls.
        """
        permitted.exchange.calls += 1
        if permitted.exchange.calls > permitted.exchange.paid:
            await self._afford(permitted)
        return await self._sent(permitted, call)

    async def together(self, permitted: Behalf, calls: Sequence[Call]) -> list[Reply]:
        """Reads that do not depend on one another, some at once: their replies in order, or the first failure.

        The budget of all is taken before the first is sent, so that none is wasted on an answer that cannot be whole.
        """
        for _ in calls[permitted.exchange.paid :]:
            await self._afford(permitted)
        exchange, started = permitted.exchange, perf_counter()
        exchange.calls += len(calls)
        turns, before = Semaphore(AT_ONCE), exchange.internal_seconds

        async def one(call: Call) -> Reply:
            async with turns:
                return await self._sent(permitted, call)

        try:
            async with TaskGroup() as group:
                under_way = [group.create_task(one(call)) for call in calls]
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None
        finally:
            # Those that were under way together did not take the sum of their times.
            exchange.internal_seconds = before + perf_counter() - started
        return [task.result() for task in under_way]

    async def _sent(self, permitted: Behalf, call: Call) -> Reply:
        exchange = permitted.exchange
        span_id = exchange.trace.span_id if exchange.trace.marks is None else trace.digits(16)
        known, headers = self.headers(permitted, call, span_id)
        service, body = self._upstreams.named(call.service, permitted.permit), call.body
        before = exchange.wrote
        exchange.wrote = before or call.writes
        started, answer = perf_counter(), None
        try:
            if not isinstance(body, File):
                within = None
                if exchange.deadline is not None:
                    within = _left(exchange.deadline, started)
                    headers += b"X-Request-Timeout: %.3f\r\n" % within
                answer = await service.request(
                    call.method, call.path, headers, body, writes=call.writes, known=known, within=within
                )
            else:
                patience = self._patience[call.service]
                answer = await service.upload(
                    call.method,
                    call.path,
                    known + headers,
                    body.content(),
                    length=body.length,
                    patience=patience,
                )
        except UpstreamError as error:
            if not error.sent:
                exchange.wrote = before
            raise
        finally:
            seconds = perf_counter() - started
            exchange.internal_seconds += seconds
            method, status = _METHODS[call.method], 0 if answer is None else answer.status
            metrics.upstream(call.service, seconds, method, status, service.port)
            if exchange.trace.marks is not None:
                said = tracing.called(call.service, method, call.service, service.port, status)
                exchange.trace.marks.parts.append(Part(said, started, started + seconds, span_id))
        if 400 <= status < 500:
            exchange.wrote = before
        return Reply(status, answer.body) if status != 429 else _throttled(answer.headers, answer.body)

    async def _afford(self, permitted: Behalf) -> None:
        """Take one more unit from the tenant's budget."""
        verdict = await self._limiter.admit(permitted.caller.gates[FURTHER])
        permitted.exchange.rate_lines = renewed(permitted.exchange.rate_lines, verdict)
        for name in verdict.shadowed:
            metrics.rate_limit_shadowed(name)
        if not verdict.allowed:
            reading = verdict.readings[0]
            metrics.rate_limited(reading.policy.name)
            detail = "The tenant's budget ended in the midst of a request that needs several internal calls."
            raise throttled(reading.retry_after, [reading.policy.name], detail, reading.policy.capacity)

    @asynccontextmanager
    async def stream(self, permitted: Behalf, call: Call) -> AsyncIterator[tuple[Reply, AsyncIterator[bytes]]]:
        """One call whose body is read as fast as it is taken: the reply without its body, and the body's bytes."""
        started, exchange = perf_counter(), permitted.exchange
        known, headers = self.headers(permitted, call)
        service = self._upstreams.named(call.service, permitted.permit)
        async with service.stream(call.method, call.path, known + headers) as answer:
            seconds = perf_counter() - started
            exchange.internal_seconds += seconds
            metrics.upstream(call.service, seconds, _METHODS[call.method], answer.status, service.port)
            reply = Reply(answer.status, b"") if answer.status != 429 else _throttled(answer.headers)
            yield reply, aiter(answer)

    @staticmethod
    def headers(permitted: Behalf, call: Call, span_id: str | None = None) -> tuple[bytes, bytes]:
        """The header lines of an internal call, those of the caller and those of the request; nothing of the client's own.

        span_id: of the call, where it has one of its own.
        """
        exchange = permitted.exchange
        lines = b"".join(
            (
                b"X-User-Role: ",
                permitted.permit.role.encode("ascii", "replace"),
                b"\r\nX-Request-Id: ",
                exchange.request_id.encode("ascii"),
                b"\r\ntraceparent: ",
                exchange.trace.header if span_id is None else exchange.trace.header_of(span_id),
                b"\r\n",
            )
        )
        if isinstance(call.body, File):
            lines += _CSV
        elif call.body:
            lines += _JSON
        if call.creates and exchange.idempotency_key:
            lines += b"Idempotency-Key: %b\r\n" % exchange.idempotency_key
        return permitted.caller.headers[call.service], lines

    async def aclose(self) -> None:
        """Close all connections."""
        await self._upstreams.aclose()


def _left(deadline: float, now: float) -> float:
    """Seconds for which the client goes on waiting; Timeout for none."""
    if deadline <= now:
        raise Timeout("the client's time was over before the call", sent=False)
    return deadline - now


def _throttled(headers: Iterable[tuple[bytes, bytes]], body: bytes = b"") -> Reply:
    """A 429 with the later of the two moments its headers may name, and with the limit if they tell it."""
    told = dict(headers)
    wait = max(1.0, _reset(told.get(b"x-ratelimit-reset", b"")), _after(told.get(b"retry-after", b"")))
    limit = told.get(b"x-ratelimit-limit", b"")
    return Reply(429, body, min(wait, MOST_WAIT), int(limit) if limit.isdigit() and len(limit) < 10 else None)


def _reset(header: bytes) -> float:
    """Seconds until the service's limit resets; its header is seconds, or a moment in seconds or milliseconds since 1970."""
    if not _NUMBER.fullmatch(header):
        return 0.0
    value = float(header)
    if value > 1e12:
        value /= 1000
    return value - time.time() if value > 1e9 else value


def _after(header: bytes) -> float:
    """Seconds that a Retry-After asks for (RFC 9110 § 10.2.3); it is seconds or a date."""
    if _NUMBER.fullmatch(header):
        return float(header)
    try:
        moment = parsedate_to_datetime(header.decode("latin-1"))
        return moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() - time.time()
    except (ValueError, OverflowError):
        return 0.0
