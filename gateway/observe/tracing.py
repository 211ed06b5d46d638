"""Spans by OTLP, with OpenTelemetry's SDK: of a share of the requests, and of whatever a caller has sampled.

Where spans go and what else is said of their source is OpenTelemetry's own business, by its `OTEL_…` variables. Which requests are
recorded is decided where their trace begins (trace.py), in the way of its `TraceIdRatioBased`, for a sampler of the SDK takes
longer to ask than a quick request takes to answer. Spans are made of what was noted on the way, when the request has ended and beside
the way of others (spans.py). Nothing of the SDK is loaded unless tracing is on.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Final, cast

from gateway.observe import conventions, metrics
from gateway.observe.metrics import counter
from gateway.observe.trace import Said, Trace, recorded

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

MOST_WAITING: Final = 2048
"""Recorded requests that wait for the collector, each with its spans; those of further ones are dropped and counted."""

_KEPT: Final = 2048  # routes, methods and statuses whose attributes are kept
_PATIENCE: Final = 2.0  # seconds for what is left when the worker ends

_dropped = counter("spans_dropped_total", "Spans that no collector took.")


class Recorder:
    """Takes what was noted of requests and hands it on."""

    def __init__(self, service: str) -> None:
        from opentelemetry.sdk.resources import Resource

        from gateway.observe import spans

        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say stands above this.
        told = Resource.create()
        named = not str(told.attributes["service.name"]).startswith("unknown_service")
        resource = told if named else told.merge(Resource({"service.name": service}))
        self._spans = spans
        self._exporter = spans.Exporter(resource)
        self._processor = spans.processor(self._exporter, 2 * MOST_WAITING)
        self._given = self._lost = 0

    def end(self, trace: Trace, said: Said, began: float, ended_at: float, *, calling: bool = False) -> None:
        """What was recorded of a trace has ended (times of `perf_counter`): a request, or, `calling`, a call of ours."""
        kinds, exporter = self._spans, self._exporter
        ended = kinds.Ended(trace, said, kinds.CLIENT if calling else kinds.SERVER, began, ended_at)
        if exporter.lost != self._lost:
            self._count()
        if self._given - exporter.taken >= MOST_WAITING:
            _dropped.inc(ended.spans)
            return
        self._given += 1
        self._processor.on_end(cast("ReadableSpan", ended))

    def _count(self) -> None:
        """What the collector did not take, since this was last asked."""
        lost = self._exporter.lost
        _dropped.inc(lost - self._lost)
        self._lost = lost

    def close(self) -> None:
        """Hand on what is left, for a moment at most: a collector that is dead must hold up no stop."""
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(_PATIENCE)
        self._count()


class _Here:
    __slots__ = ("recorder",)

    def __init__(self) -> None:
        self.recorder: Recorder | None = None


_here: Final = _Here()


def install(service: str, share: float) -> None:
    """Record from now on: of the traces that start here `share`, from 0 to 1, and those that others have sampled."""
    _here.recorder = Recorder(service)
    recorded.bound = "g" if share >= 1 else f"{max(1, int(share * 16**8)):08x}"


def enabled() -> bool:
    """Whether anything is recorded in this process."""
    return _here.recorder is not None


def end(trace: Trace, route: str, method: str, status: int, began: float) -> None:
    """The request of a trace with marks has ended."""
    if _here.recorder is not None:
        now = perf_counter()
        metrics.traced(route, now - began, trace.trace_id)
        _here.recorder.end(trace, _request(route, method, status), began, now)


def attempt(trace: Trace, host: str, port: int, status: int | None, error: str | None, seconds: float) -> None:
    """A courier has posted to an endpoint at `host`, in a trace of its own: receivers are told of none."""
    if _here.recorder is not None:
        now, said = perf_counter(), called("webhook", "POST", host, port, status or 0, error or "")
        _here.recorder.end(trace, said, now - seconds, now, calling=True)


@lru_cache(_KEPT)
def called(name: str, method: str, host: str, port: int, status: int, error: str = "") -> Said:
    """Of calls of ours. port: 0 where it is not known; status: 0 where no answer came, for `error`."""
    told: list[tuple[str, str | int]] = [("http.request.method", method), ("server.address", host)]
    if port:
        told.append(("server.port", port))
    if status:
        told.append(("http.response.status_code", status))
    if failed := error or conventions.call_failure(status):
        told.append(("error.type", failed))
    return Said(f"{method} {name}", tuple(told))


@lru_cache(_KEPT)
def _request(route: str, method: str, status: int) -> Said:
    known = conventions.known(method)
    told: list[tuple[str, str | int]] = [
        ("http.request.method", known),
        ("url.scheme", conventions.SCHEME),
        ("http.route", route),
        ("http.response.status_code", status),
    ]
    if known != method:
        told.append(("http.request.method_original", method))
    if failed := conventions.failure(status):
        told.append(("error.type", failed))
    return Said(f"{method if known == method else 'HTTP'} {route}", tuple(told))


def close() -> None:
    """Nothing is recorded any more."""
    recorder, _here.recorder, recorded.bound = _here.recorder, None, ""
    if recorder is not None:
        recorder.close()
