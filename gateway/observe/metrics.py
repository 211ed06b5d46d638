"""Prometheus metrics of a worker, and the sum over all workers that the admin port shows.

Each worker counts in files of one directory (`share`), and `exposition(directory)` adds them up. In a process that shares
nothing (the supervisor, a test) the counts live in memory.
Children are looked up once and kept: `labels()` on each request costs three times as much. What is counted for every
request gathers in plain numbers and is written down ten times a second: a file's value costs a lock, a system call and a
copy of its name each time. No label takes a value that a client can invent: routes are templates, unknown methods are
`other`.
"""

import asyncio
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.openmetrics.exposition import generate_latest as openmetrics_text
from prometheus_client.registry import Collector

from gateway.observe import conventions, metrics_files
from gateway.observe.exemplars import Kept, WithExemplars, of_all

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_OVERHEAD: Final = (0.00025, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1.0)
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

DELAY: Final = 0.1
"""Seconds until a request shows in the metrics, at most."""

metrics_files.install()
_registry: Final = CollectorRegistry()
_exemplars: Final = Kept(_SECONDS)


def share(directory: Path) -> None:
    """Count in files of `directory` from now on, as the processes of one gateway do; for the beginning of a process."""
    metrics_files.share(_registry, directory)
    _exemplars.directory = directory


def counter(name: str, help_text: str, *labels: str) -> Counter:
    """A counter of this process, `gateway_<name>`."""
    return Counter(f"gateway_{name}", help_text, labels, registry=_registry)


def histogram(name: str, help_text: str, *labels: str, bounds: tuple[float, ...] = _SECONDS) -> Histogram:
    """A histogram of seconds, `gateway_<name>`."""
    return Histogram(f"gateway_{name}", help_text, labels, buckets=bounds, registry=_registry)


def gauge(
    name: str, help_text: str, *labels: str, over: Literal["mostrecent", "livemax", "livesum"] = "mostrecent"
) -> Gauge:
    """A value `gateway_<name>` of which is shown, `over` all processes, the one that was set last; or the largest of those that live, or their sum."""
    return Gauge(f"gateway_{name}", help_text, labels, registry=_registry, multiprocess_mode=over)


_requests = counter("requests_total", "Requests answered.", "route", "method", "status", "contract")
_cut_off = counter("requests_cut_off_total", "Requests that were not answered whole.", "code")
_request_seconds = histogram("request_seconds", "Time from the request line to the end of the answer.", "route")
# By the semantic conventions of OpenTelemetry, whose names dashboards look for.
_server_seconds: Final = Histogram(
    "http_server_request_duration_seconds",
    "Duration of HTTP server requests.",
    conventions.SERVER,
    buckets=_SECONDS,
    registry=_registry,
)
_overhead_seconds = histogram(
    "overhead_seconds", "Time of a request under /v1 without the time of the services.", bounds=_OVERHEAD
)
_upstream_seconds = histogram("upstream_seconds", "Time an internal service took.", "service")
_client_seconds: Final = Histogram(
    "http_client_request_duration_seconds",
    "Duration of HTTP client requests.",
    conventions.CLIENT,
    buckets=_SECONDS,
    registry=_registry,
)
_injected = counter("injected_faults_total", "Calls in test mode that asked for a fault.", "fault")
_rate_limited = counter("rate_limited_total", "Requests refused by a rate limit.", "policy")
_shadowed = counter("rate_limit_shadowed_total", "Requests that a rate limit in shadow would have refused.", "policy")
_store_lost = counter("store_lost_total", "Operations that found their store unreachable.", "store")
_fail_mode = counter("fail_mode_total", "Decisions taken in a degraded mode.", "mode")
# What alerts ask for is 0 from the start: the first one is as much of an increase as the second.
_fail_mode.labels("plan_unknown")
for _store in ("redis", "sql"):
    _store_lost.labels(_store)
_unkept = counter("idempotent_answers_not_kept_total", "Answers for which the tenant's budget had no room.")
_tools = counter("mcp_calls_total", "Calls of the tools of agents.", "tool", "code")
_documents = counter("client_documents_total", "Client metadata documents that were read.", "outcome")
_replays = counter("idempotent_replays_total", "Answers replayed for an Idempotency-Key.")
_auth_failures = counter("auth_failures_total", "Requests without a usable token.", "code")

_values = counter("degraded_values_total", "Values of services that were answered as null.", "field")
_connections_refused = counter("connections_refused_total", "Connections closed for want of file descriptors.")


_limited = cache(_rate_limited.labels)
_watched = cache(_shadowed.labels)
_lost = cache(_store_lost.labels)
_degraded = cache(_fail_mode.labels)
_nulled = cache(_values.labels)
_refused = cache(_auth_failures.labels)


class Gains:
    """What children of histograms with the same `bounds`, and the counter that goes with them, have gained since they were last
    written down: for what happens often, `DELAY` late.
    """

    __slots__ = ("_bounds", "_buckets", "_counter", "_gained", "_histograms", "_seconds")

    def __init__(
        self, *histograms: Histogram, counter: Counter | None = None, bounds: tuple[float, ...] = _SECONDS
    ) -> None:
        self._histograms = histograms
        self._counter = counter
        self._bounds = bounds
        self._clear()

    def _clear(self) -> None:
        self._gained = 0
        self._seconds = 0.0
        self._buckets = [0] * (len(self._bounds) + 1)

    def add(self, seconds: float = 0.0) -> None:
        """One more, which took so long."""
        self._gained += 1
        self._seconds += seconds
        self._buckets[bisect_left(self._bounds, seconds)] += 1
        if self._gained == 1:
            _wait_for(self)

    def write_down(self) -> None:
        """Let it be seen."""
        gained, seconds, buckets = self._gained, self._seconds, self._buckets
        # Before anything can fail: what cannot be written is lost, and not counted twice.
        self._clear()
        if self._counter is not None:
            self._counter.inc(gained)
        # The library observes one value at a time; this is what `observe` does, for many.
        for histogram in self._histograms:
            histogram._sum.inc(seconds)  # noqa: SLF001
            for bucket, count in zip(histogram._buckets, buckets, strict=True):  # noqa: SLF001
                if count:
                    bucket.inc(count)


_waiting: Final[list[Gains]] = []


def _wait_for(gains: Gains) -> None:
    _waiting.append(gains)
    if len(_waiting) == 1:
        try:
            asyncio.get_running_loop().call_later(DELAY, write_down)
        except RuntimeError:  # no loop, so nobody is in a hurry either
            write_down()


def write_down() -> None:
    """Make everything counted so far visible to `exposition`; to be called before a worker ends."""
    taken = _waiting[:]
    _waiting.clear()
    for gains in taken:
        gains.write_down()


@cache
def _answered(route: str, method: str, status: int, contract: str) -> Gains:
    known, failed = conventions.known(method), conventions.failure(status)
    counter = _requests.labels(route, method if method == known else "other", status, contract)
    # Several contracts gain in one child, each by itself.
    conventional = _server_seconds.labels(known, conventions.SCHEME, route, status, failed)
    return Gains(_request_seconds.labels(route), conventional, counter=counter)


@cache
def _overheads() -> Gains:
    return Gains(_overhead_seconds, bounds=_OVERHEAD)


@cache
def _called(service: str, method: str, status: int, port: int) -> Gains:
    failed = conventions.call_failure(status)
    conventional = _client_seconds.labels(method, service, port or "", status or "", failed)
    return Gains(_upstream_seconds.labels(service), conventional)


def request(route: str, method: str, status: int, contract: str, seconds: float) -> None:
    """Count one answered request. `route` is the template of a route, `contract` the resolved date or ""."""
    _answered(route, method, status, contract).add(seconds)


def cut_off(code: str) -> None:
    """Count a request whose answer did not come, or not whole, by why."""
    _cut_off.labels(code).inc()


def overhead(seconds: float) -> None:
    """Record what a request under `/v1` took beside its services."""
    _overheads().add(seconds)


def malformed() -> None:
    """Count what was no HTTP request that is served; how long it took to arrive says nothing about us."""
    _requests.labels("malformed request", "other", 400, "").inc()


def connection_refused() -> None:
    """Count a connection that was closed because there are no more file descriptors."""
    _connections_refused.inc()


def upstream(service: str, seconds: float, method: str = "GET", status: int = 0, port: int = 0) -> None:
    """Record how long one internal call to `service` (a key of the configuration) took. status: 0 when there was no answer."""
    _called(service, method, status, port).add(seconds)


def traced(route: str, seconds: float, trace_id: str) -> None:
    """A request that is counted has a recorded trace."""
    _exemplars.note(route, seconds, trace_id)


def fault_injected(fault: str) -> None:
    """Count a call in test mode by the fault that it asked for."""
    _injected.labels(fault).inc()


def rate_limited(policy: str) -> None:
    """Count a 429 by the policy that caused it."""
    _limited(policy).inc()


def rate_limit_shadowed(policy: str) -> None:
    """Count a unit that a policy in shadow had not left."""
    _watched(policy).inc()


def store_lost(store: str) -> None:
    """Count an operation that found `store` ("redis" or "sql") unreachable."""
    _lost(store).inc()


def fail_mode(mode: str) -> None:
    """Count a decision taken without its store, by the mode chosen for that case, e.g. "local_limit"."""
    _degraded(mode).inc()


def value_degraded(field: str) -> None:
    """Count a value that was answered as null, not being what was declared, by its declared field, `RESOURCE.FIELD`."""
    _nulled(field).inc()


def answer_not_kept() -> None:
    """Count an answer that a replay will have to read again."""
    _unkept.inc()


def tool_called(tool: str, code: str) -> None:
    """Count a call of an agent's tool, by the problem code that it was refused with."""
    _tools.labels(tool, code).inc()


def replayed() -> None:
    """Count an answer replayed for an Idempotency-Key."""
    _replays.inc()


def client_document(outcome: str) -> None:
    """Count a client metadata document: `read`, `refused`, or why it could not be read."""
    _documents.labels(outcome).inc()


def auth_failure(code: str) -> None:
    """Count a 401 by its problem code."""
    _refused(code).inc()


def exposition(directory: Path | None = None, *extra: Collector, openmetrics: bool = False) -> bytes:
    """The text that Prometheus scrapes: the sum over the workers that count in `directory`, or this process alone.

    `extra` collectors, such as the supervisor's own, are appended. openmetrics: in that format, with exemplars.
    """
    write_down()
    counted: Collector = _registry
    if directory is not None:
        metrics_files.forget_dead(directory)
        counted = MultiProcessCollector(None, path=str(directory))  # type: ignore[no-untyped-call]
    shown = CollectorRegistry(auto_describe=False)
    shown.register(WithExemplars(counted.collect, of_all(directory, _exemplars)) if openmetrics else counted)
    for collector in extra:
        shown.register(collector)
    return bytes(openmetrics_text(shown)) if openmetrics else generate_latest(shown)  # type: ignore[no-untyped-call]
