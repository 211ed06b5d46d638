"""One internal service, asked so that it can fail without harm to others and can recover.

A call → breaker of its kind (reads, writes) → a turn among those under way → the pool → again, if it is safe and the budget
of retries has room. Every decision is counted.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from gateway.observe import service_metrics
from gateway.upstream.breaker import Breaker, Breaking
from gateway.upstream.concurrency import Concurrency, Limiting
from gateway.upstream.errors import Broken, Saturated, Timeout, Unreachable, UpstreamError
from gateway.upstream.pool import Pool
from gateway.upstream.response import Response
from gateway.upstream.streaming import Streaming

_FAILING: Final = (502, 503, 504)  # of a service that is not there, or says itself that it cannot
_SOME: Final = 15  # one call in sixteen
_SAVED: Final = 10.0  # retries that calls which needed none can save up for


@dataclass(frozen=True, slots=True)
class Retrying:
    """A safe call is sent up to `attempts` times more, if retries stay below `budget` (a share) of the calls.

    Before each it waits up to `backoff` seconds, doubled each time, with full jitter.
    """

    attempts: int = 1
    budget: float = 0.2
    backoff: float = 0.05


@dataclass(frozen=True, slots=True)
class Policy:
    """How a service is asked; `total`: seconds a call may take, its retries included."""

    total: float
    limiting: Limiting
    retrying: Retrying = field(default_factory=Retrying)
    breaking: Breaking | None = field(default_factory=Breaking)


class Guard:
    """The service `name` behind `pool`, at `port`. All failures are UpstreamError."""

    def __init__(self, name: str, pool: Pool, policy: Policy) -> None:
        self.name = name
        self.port = pool.port
        self._pool = pool
        self._total = policy.total
        self._retrying = policy.retrying
        self._saved = 1.0
        self._earned = policy.retrying.budget
        self._count = 0
        # The clock of every event loop, one of which need not run yet.
        self._time = monotonic
        self._concurrency = Concurrency(name, policy.limiting)
        self._reads = Breaker(name, "read", policy.breaking)
        self._writes = Breaker(name, "write", policy.breaking)

    async def request(
        self,
        method: bytes,
        path: bytes,
        headers: bytes,
        body: bytes = b"",
        *,
        writes: bool,
        known: bytes = b"",
        within: float | None = None,
    ) -> Response:
        """One call, answered whole. `within`: seconds, where the client waits for less than the service may take."""
        breaker = self._writes if writes else self._reads
        concurrency = self._concurrency
        now = self._time()
        total = self._total
        if within is not None and within < total:
            total = within
        deadline = now + total
        attempts = 0
        while True:
            probe = not breaker.closed
            if probe:
                breaker.admit(now)
            if concurrency.under_way < concurrency.allowed:
                concurrency.under_way += 1
            else:
                now = await self._turn(deadline, breaker, probe=probe)
            failure: UpstreamError | None = None
            try:
                response = await self._pool.request(
                    method, path, headers, body, idempotent=not writes, known=known, deadline=deadline
                )
            except UpstreamError as error:
                failure = error
                self._ended(breaker, error, probe=probe, own=total == self._total)
            except BaseException:  # the client has gone: that says nothing of the service
                concurrency.left()
                breaker.left(probe=probe)
                raise
            else:
                # The latency of some calls tells enough; of all when the limit begins to matter.
                self._count += 1
                if not self._count & _SOME or concurrency.under_way * 2 >= concurrency.allowed:
                    concurrency.answered((ended := self._time()), ended - now)
                if concurrency.waiters:
                    concurrency.left()
                else:
                    concurrency.under_way -= 1
                if response.status not in _FAILING:
                    breaker.total += 1
                    if probe:
                        breaker.worked()
                    if self._saved < _SAVED:
                        self._saved += self._earned
                    return response
                breaker.failed(self._time(), f"answered {response.status}", probe=probe)
            pause = self._pause(attempts, failure, writes=writes)
            if pause is None or not breaker.closed or self._time() + pause >= deadline:
                if failure is not None:
                    try:
                        raise failure
                    finally:
                        del failure  # else the error, its traceback and this frame would hold each other
                return response
            attempts += 1
            self._saved -= 1.0
            service_metrics.retried(self.name)
            del failure
            await asyncio.sleep(pause)
            now = self._time()

    async def upload(
        self,
        method: bytes,
        path: bytes,
        headers: bytes,
        chunks: AsyncIterator[bytes],
        *,
        length: int | None,
        patience: float | None = None,
    ) -> Response:
        """As `Pool.upload`. What `chunks` takes is the client's time, so it is not among the calls that a limit counts."""
        probe = self._admitted(self._writes)
        try:
            response = await self._pool.upload(method, path, headers, chunks, length=length, patience=patience)
        except UpstreamError as error:
            self._ended(self._writes, error, probe=probe, counted=False)
            raise
        except (
            BaseException
        ):  # raised again: a call that was cancelled says nothing of the service, and frees its place
            self._writes.left(probe=probe)
            raise
        self._answered(self._writes, response.status, probe=probe)
        return response

    @asynccontextmanager
    async def stream(self, method: bytes, path: bytes, headers: bytes) -> AsyncIterator[Streaming]:
        """As `Pool.stream`; for the same reason not counted either."""
        probe, breaker = self._admitted(self._reads), self._reads
        told = False
        try:
            async with self._pool.stream(method, path, headers) as answer:
                self._answered(breaker, answer.status, probe=probe)
                told = True
                yield answer
        except UpstreamError as error:
            if not told:
                self._ended(breaker, error, probe=probe, counted=False)
            raise
        except (
            BaseException
        ):  # raised again: a call that was cancelled says nothing of the service, and frees its place
            if not told:
                breaker.left(probe=probe)
            raise

    async def aclose(self) -> None:
        """Close the pool, suspend nobody any more, and allow nothing."""
        for breaker in (self._reads, self._writes):
            breaker.retire()
        self._concurrency.retire()
        await self._pool.aclose()

    async def _turn(self, deadline: float, breaker: Breaker, *, probe: bool) -> float:
        try:
            await self._concurrency.turn(deadline)
        except BaseException:  # raised again: who stops waiting for a turn frees the place of a probe
            breaker.left(probe=probe)
            raise
        return self._time()

    def _admitted(self, breaker: Breaker) -> bool:
        if breaker.closed:
            return False
        breaker.admit(self._time())
        return True

    def _answered(self, breaker: Breaker, status: int, *, probe: bool) -> None:
        if status in _FAILING:
            breaker.failed(self._time(), f"answered {status}", probe=probe)
        else:
            breaker.total += 1
            if probe:
                breaker.worked()

    def _ended(
        self, breaker: Breaker, error: UpstreamError, *, probe: bool, own: bool = True, counted: bool = True
    ) -> None:
        """Take note of a call that failed. Not `own`: its deadline was the client's, and shorter than the service's."""
        late = isinstance(error, Timeout)
        if counted:
            self._concurrency.left(late=late and own)
        if isinstance(error, Unreachable | Broken) or (late and own):
            breaker.failed(self._time(), str(error), probe=probe)
        else:
            breaker.left(probe=probe)

    def _pause(self, attempts: int, failure: UpstreamError | None, *, writes: bool) -> float | None:
        """How long to wait before the call is sent again, in seconds; None when it is not."""
        retrying = self._retrying
        unsent = isinstance(failure, Unreachable)
        # Sent and unanswered it may have been done: only what changes nothing is sent again.
        safe = unsent or (not writes and (failure is None or isinstance(failure, Broken)))
        if not safe or isinstance(failure, Saturated) or attempts >= retrying.attempts:
            return None
        if self._saved < 1.0:
            service_metrics.call_refused(self.name, "retry_budget")
            return None
        return random.uniform(0.0, retrying.backoff * 2**attempts)  # noqa: S311 - no secret hangs on it
