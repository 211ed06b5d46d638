"""Spans by OTLP, with OpenTelemetry's SDK: of a share of the requests, and of whatever a caller has sampled.

Where spans go and what else is said of their source is OpenTelemetry's own business, by its `OTEL_…` variables. Which requests are
recorded is decided where their trace begins (trace.py), in the way of its `TraceIdRatioBased`, for a sampler of the SDK takes
longer to ask than a quick request takes to answer. Spans are made when the request has ended, of what was noted on the way.
Nothing of the SDK is loaded unless tracing is on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final

from gateway.observe.metrics import counter
from gateway.observe.trace import Mark, Trace, digits, recorded

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

WAITED: Final = 0.0001
"""Seconds; a stage that took less has waited for nothing, and has no span."""

MOST_WAITING: Final = 2048
"""Spans that wait for the collector; further ones are dropped and counted."""

_PATIENCE: Final = 2.0  # seconds for what is left when the worker ends

_dropped = counter("spans_dropped_total", "Spans that no collector took.")


class Recorder:
    """Makes the spans of requests and hands them on."""

    def __init__(self, service: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        otlp = OTLPSpanExporter()

        class Counted(SpanExporter):
            taken = 0

            def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
                result = otlp.export(spans)
                self.taken += len(spans)
                if result is not SpanExportResult.SUCCESS:
                    _dropped.inc(len(spans))
                return result

            def shutdown(self) -> None:
                otlp.shutdown()  # type: ignore[no-untyped-call]

        self._exporter = Counted()
        self._processor = BatchSpanProcessor(self._exporter, max_queue_size=2 * MOST_WAITING)
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say stands above this.
        told = Resource.create()
        named = not str(told.attributes["service.name"]).startswith("unknown_service")
        self._resource = told if named else told.merge(Resource({"service.name": service}))
        self._scope = InstrumentationScope("gateway")
        self._given = 0
        # The two clocks, at one moment: what is noted is of the one that does not jump.
        self._offset = time.time() - perf_counter()

    def end(self, trace: Trace, name: str, began: float, told: dict[str, str | int]) -> None:
        """The request of a recorded trace has ended, and began then (`perf_counter`)."""
        marks, now = trace.marks or [], perf_counter()
        if self._given - self._exporter.taken + len(marks) >= MOST_WAITING:
            _dropped.inc(1 + len(marks))
            return
        from opentelemetry.trace import SpanKind

        self._hand(trace, trace.span_id, trace.parent_id, name, SpanKind.SERVER, (began, now), told)
        for mark in _ended(marks, now):
            kind = SpanKind.CLIENT if mark.span_id else SpanKind.INTERNAL
            span_id = mark.span_id or digits(16)
            self._hand(trace, span_id, trace.span_id, mark.name, kind, (mark.began, mark.ended), mark.told or {})

    def close(self) -> None:
        """Hand on what is left, for a moment at most: a collector that is dead must hold up no stop."""
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        closing.join(_PATIENCE)

    def _hand(
        self,
        trace: Trace,
        span_id: str,
        parent_id: str | None,
        name: str,
        kind: Any,
        times: tuple[float, float],
        told: dict[str, str | int],
    ) -> None:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

        flags = TraceFlags(trace.flags)
        status = told.get("http.response.status_code", 0)
        failed = "error.type" in told or (isinstance(status, int) and status >= 500)
        trace_id = int(trace.trace_id, 16)
        self._given += 1
        self._processor.on_end(
            ReadableSpan(
                name,
                context=SpanContext(trace_id, int(span_id, 16), is_remote=False, trace_flags=flags),
                parent=SpanContext(trace_id, int(parent_id, 16), is_remote=True, trace_flags=flags)
                if parent_id
                else None,
                resource=self._resource,
                attributes=told,
                kind=kind,
                instrumentation_scope=self._scope,
                status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
                start_time=self._nanoseconds(times[0]),
                end_time=self._nanoseconds(times[1]),
            )
        )

    def _nanoseconds(self, at: float) -> int:
        return int((at + self._offset) * 1e9)


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
        told: dict[str, str | int] = {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": status,
            "url.scheme": "http",
        }
        _here.recorder.end(trace, f"{method} {route}", began, told)


def close() -> None:
    """Nothing is recorded any more."""
    recorder, _here.recorder, recorded.bound = _here.recorder, None, ""
    if recorder is not None:
        recorder.close()


def _ended(marks: Sequence[Mark], now: float) -> Iterator[Mark]:
    """Calls as they are, and of the stages those that waited, each until the next began."""
    stages = [mark for mark in marks if not mark.span_id]
    began = [mark.began for mark in stages]
    for mark, following in zip(stages, [*began, now][1:], strict=True) if stages else ():
        # What the innermost one waits for are its calls.
        if mark.name != "forward" and following - mark.began >= WAITED:
            yield mark._replace(ended=following)
    yield from (mark for mark in marks if mark.span_id)
