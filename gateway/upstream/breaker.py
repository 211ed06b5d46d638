"""A circuit breaker: a service that fails is left alone for a while, and then asked with one call at a time.

closed: calls go; the share of failures is counted → open: none goes → half-open: one goes, and decides. How long it
stays open doubles with each probe that fails.
"""

import random
from dataclasses import dataclass
from typing import Final

from gateway.observe import logs, service_metrics
from gateway.upstream.errors import Suspended

_LONGEST: Final = 30.0  # seconds


@dataclass(frozen=True, slots=True)
class Breaking:
    """It opens when at least `least` calls of the last `window` seconds have ended, of which `share` failed; for `pause` seconds."""

    share: float = 0.5
    window: float = 10.0
    least: int = 10
    pause: float = 2.0


class Breaker:
    """Of one `service`, for one `kind` of calls. Moments are in the loop's time. None for `policy`: it never opens.

    Whoever gets an answer adds it to `total`, and calls nothing while the breaker is `closed`: that is every call's cost.
    """

    __slots__ = (
        "_before",
        "_failed",
        "_kind",
        "_pauses",
        "_policy",
        "_probe_at",
        "_probing",
        "_service",
        "_until",
        "closed",
        "total",
    )

    def __init__(self, service: str, kind: str, policy: Breaking | None) -> None:
        self._service = service
        self._kind = kind
        self._policy = policy
        self._until = 0.0
        self._failed = 0
        self._before = (0, 0)  # of the half of the window before this one
        self._pauses = 0
        self._probe_at = 0.0
        self._probing = False
        self.total = 0
        self.closed = True

    def admit(self, now: float) -> None:
        """Let the caller's be the call that decides, of a breaker that is not closed; raises Suspended for any other."""
        if self._probing or now < self._probe_at:
            service_metrics.call_refused(self._service, "open")
            raise Suspended("calls are suspended", retry_after=max(1.0, self._probe_at - now))
        self._probing = True
        service_metrics.breaker(self._service, self._kind, "half_open")

    def left(self, *, probe: bool) -> None:
        """A call ended without telling anything of the service."""
        if probe:
            self._probing = False

    def worked(self) -> None:
        """The call that decides was answered."""
        if self.closed:
            return
        service_metrics.suspended(self._service, self._kind, -1)
        self._probing, self.closed = False, True
        self._pauses = self._failed = self.total = 0
        service_metrics.breaker(self._service, self._kind, "closed")
        logs.event("calls resumed", service=self._service, calls=self._kind)

    def retire(self) -> None:
        """There will be no more calls: whoever is configured next begins anew, and what this one showed goes with it."""
        self._policy = None
        if not self.closed:
            service_metrics.suspended(self._service, self._kind, -1)
            self._probing, self.closed = False, True

    def failed(self, now: float, reason: str, *, probe: bool) -> None:
        """A call failed, for `reason`, which names no host."""
        policy = self._policy
        if policy is None:
            return
        if now >= self._until:
            self._roll(now, policy)
        self.total += 1
        self._failed += 1
        total, failures = self.total + self._before[0], self._failed + self._before[1]
        if probe or (self.closed and total >= policy.least and failures >= policy.share * total):
            self._open(now, reason, policy)

    def _roll(self, now: float, policy: Breaking) -> None:
        """Begin another half of the window, which only failures move on: when there was none for long, nothing counts."""
        half = policy.window / 2
        stale = now >= self._until + half
        self._before = (0, 0) if stale else (self.total, self._failed)
        self.total = self._failed = 0
        self._until = now + half

    def _open(self, now: float, reason: str, policy: Breaking) -> None:
        if self.closed:
            service_metrics.suspended(self._service, self._kind, 1)
            logs.event("calls suspended", "warning", service=self._service, calls=self._kind, reason=reason)
        pause = min(policy.pause * 2**self._pauses, _LONGEST)
        self._pauses = min(self._pauses + 1, 16)
        # Spread out, so that the workers of a fleet do not probe a recovering service in step.
        self._probe_at = now + pause * random.uniform(0.8, 1.0)  # noqa: S311 - no secret hangs on it
        self._probing = self.closed = False
        service_metrics.breaker(self._service, self._kind, "open")
