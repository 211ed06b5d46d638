"""What workers count of the services: retries, breakers, limits of calls, and answers that drift."""

from collections import Counter
from typing import Final

from gateway.observe.metrics import counter, gauge

_retries = counter("upstream_retries_total", "Calls that were sent again.", "service")
_calls_refused = counter("upstream_refused_total", "Calls that were not sent, or not again.", "service", "reason")
_transitions = counter("breaker_transitions_total", "Changes of circuit breakers.", "service", "calls", "to")
_breaker = gauge("breaker_open", "1 while calls are suspended in a worker.", "service", "calls", over="livemax")
_concurrency = gauge("upstream_concurrency_limit", "Calls that a service is given at once.", "service", over="livesum")
_queue = gauge("upstream_queue_length", "Calls that wait for a turn at a service.", "service", over="livesum")
_drift = counter("drift_total", "Fields of sampled internal answers that were not as declared.", "field", "kind")
_drift_checked = counter("drift_checked_total", "Internal answers that were held against the declarations.", "service")

_suspended: Final[Counter[tuple[str, str]]] = Counter()


def retried(service: str) -> None:
    """Count a call to `service` that is sent again."""
    _retries.labels(service).inc()


def call_refused(service: str, reason: str) -> None:
    """Count a call that was not sent: "open", "queue_full", "queue_timeout"; or not again: "retry_budget"."""
    _calls_refused.labels(service, reason).inc()


def breaker(service: str, calls: str, to: str) -> None:
    """Count that the circuit breaker for `calls` ("read" or "write") to `service` is now closed, open or half_open."""
    _transitions.labels(service, calls, to).inc()


def suspended(service: str, calls: str, more: int) -> None:
    """So many `more` breakers of this worker suspend `calls` to `service`, or fewer: at a reload there are two for a while."""
    _suspended[service, calls] += more
    _breaker.labels(service, calls).set(_suspended[service, calls] > 0)


def concurrency(service: str, more: int) -> None:
    """So many `more` calls are given to `service` at once, or fewer: at a reload two give it some for a while."""
    _concurrency.labels(service).inc(more)


def queue(service: str, more: int) -> None:
    """So many `more` calls to `service` wait in this worker for their turn, or fewer."""
    _queue.labels(service).inc(more)


def drift_checked(service: str) -> None:
    """Count an answer of a service that was held against the declarations."""
    _drift_checked.labels(service).inc()


def drifted(field: str, kind: str) -> None:
    """Count a field, `RESOURCE.FIELD` in the service's names, that was not as declared: missing, null, misfit."""
    _drift.labels(field, kind).inc()
