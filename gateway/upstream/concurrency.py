"""How many calls a service is given at once: as many as it answers without slowing down, and a short queue for the rest.

The limit follows the gradient of latencies, as Netflix's concurrency-limits do: while calls take no longer than they
usually do it grows by a few, and shrinks by as much as they take longer. Sources: https://github.com/Netflix/concurrency-limits
"""

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from math import sqrt
from typing import Final

from gateway.observe import service_metrics
from gateway.upstream.errors import Shed, Timeout

_LEAST: Final = 4
_WINDOW: Final = 0.1  # seconds between two adjustments, at least
_SAMPLES: Final = 20  # calls between two adjustments, at least
_TOLERANCE: Final = 2.0  # how many times its usual latency a call may take before the limit shrinks
_SMOOTHING: Final = 0.2
_FASTER: Final = 0.05  # weight of a window in what is usual, when calls take less than that
_SLOWER: Final = 0.005  # and when they take more, which may be this load's doing
_TIMED_OUT: Final = 0.9


@dataclass(frozen=True, slots=True)
class Limiting:
    """At most `most` calls at once, fewer when `adaptive` and the service slows down; `queue` more wait up to `wait` seconds."""

    most: int
    adaptive: bool = True
    queue: int = 100
    wait: float = 1.0


class Concurrency:
    """The calls of one `service` under way. Whoever finds `under_way < allowed` counts itself in; others ask for a turn."""

    __slots__ = (
        "_limit",
        "_peak",
        "_policy",
        "_samples",
        "_seconds",
        "_service",
        "_shown",
        "_until",
        "_usual",
        "allowed",
        "under_way",
        "waiters",
    )

    def __init__(self, service: str, policy: Limiting) -> None:
        self._service = service
        self._policy = policy
        self._limit = float(policy.most)
        self.allowed = policy.most
        self.under_way = 0
        self.waiters: deque[asyncio.Future[None]] = deque()
        self._usual = self._seconds = self._until = 0.0
        self._samples = self._peak = 0
        self._shown = policy.most
        service_metrics.concurrency(service, policy.most)
        service_metrics.queue(service, 0)  # known, though nobody has waited yet

    async def turn(self, deadline: float) -> None:
        """Wait to be counted in, until `deadline` (loop's time) at most. Raises Shed or Timeout."""
        if len(self.waiters) >= self._policy.queue:
            service_metrics.call_refused(self._service, "queue_full")
            raise Shed("too many calls wait for the service")
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self.waiters.append(waiter)
        service_metrics.queue(self._service, 1)
        patience = loop.time() + self._policy.wait
        timer = loop.call_at(min(deadline, patience), _give_up, waiter, deadline < patience)
        try:
            await waiter
        except Shed:
            self.waiters.remove(waiter)
            service_metrics.call_refused(self._service, "queue_timeout")
            raise
        except BaseException:  # the client has gone, or its deadline has come
            if waiter in self.waiters:
                self.waiters.remove(waiter)
            else:
                self._next()  # a turn that came together with the cancellation is the next one's
            raise
        finally:
            timer.cancel()
            service_metrics.queue(self._service, -1)

    def answered(self, now: float, seconds: float) -> None:
        """A call, still counted in, was answered at `now` (loop's time), after `seconds`."""
        self._peak = max(self._peak, self.under_way)
        self._seconds += seconds
        self._samples += 1
        if now >= self._until and self._samples >= _SAMPLES:
            self._adjust(now)

    def left(self, *, late: bool = False) -> None:
        """A call ended, and its place is the next one's; `late`: the service took too long."""
        if late and self._policy.adaptive:
            self._allow(self._limit * _TIMED_OUT)
        self._next()

    def retire(self) -> None:
        """There will be no more calls: what this one allowed is shown no longer, whatever still ends."""
        self._policy = replace(self._policy, adaptive=False)
        self._show(0)

    def _next(self) -> None:
        if self.under_way > self.allowed or not self._called():
            self.under_way -= 1

    def _called(self) -> bool:
        """Whether somebody waited, whose turn it is now: the first."""
        # One that has given up is still here until it runs.
        for waiter in tuple(self.waiters):
            if not waiter.done():
                self.waiters.remove(waiter)
                waiter.set_result(None)
                return True
        return False

    def _adjust(self, now: float) -> None:
        latency, peak = self._seconds / self._samples, self._peak
        self._seconds, self._samples, self._peak, self._until = 0.0, 0, 0, now + _WINDOW
        weight = 1.0 if not self._usual else _FASTER if latency < self._usual else _SLOWER
        self._usual += (latency - self._usual) * weight
        # What is used by half proves nothing about more.
        if not self._policy.adaptive or peak * 2 < self._limit:
            return
        gradient = max(0.5, min(1.0, _TOLERANCE * self._usual / latency))
        wanted = self._limit * gradient + sqrt(self._limit)
        self._allow(self._limit + (wanted - self._limit) * _SMOOTHING)

    def _allow(self, limit: float) -> None:
        self._limit = max(float(min(_LEAST, self._policy.most)), min(float(self._policy.most), limit))
        if int(self._limit) != self.allowed:
            self.allowed = int(self._limit)
            self._show(self.allowed)
            # Else whoever comes next would take the new places before those who wait.
            while self.under_way < self.allowed and self._called():
                self.under_way += 1

    def _show(self, allowed: int) -> None:
        service_metrics.concurrency(self._service, allowed - self._shown)
        self._shown = allowed


def _give_up(waiter: asyncio.Future[None], deadline_first: bool) -> None:
    if not waiter.done():
        late = Timeout("no turn before the deadline", sent=False)
        waiter.set_exception(late if deadline_first else Shed("no turn came within the time that calls wait"))
