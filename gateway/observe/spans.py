"""Spans as OTLP has them on the wire, made of what was noted while a request was answered.

The SDK's own spans are encoded attribute by attribute, which took five times as long as all else that is done for a recorded
request. What most of them have in common (name, kind, attributes, status) is encoded once here and kept; the batches, the queue,
the connection and the `OTEL_…` variables stay the SDK's. Loaded only where tracing is on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from time import perf_counter
from typing import ClassVar, Final, NamedTuple, cast

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, SpanFlags, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from gateway.observe.trace import Told, Trace, digits

SERVER: Final = Span.SPAN_KIND_SERVER
CLIENT: Final = Span.SPAN_KIND_CLIENT
INTERNAL: Final = Span.SPAN_KIND_INTERNAL

_KEPT: Final = 2048  # what spans have in common: routes × methods × statuses, and calls
_LOCAL: Final = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE: Final = _LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class Part(NamedTuple):
    """One span below that of the request. Times are of `perf_counter`; span_id: of a call, which was told it."""

    name: str
    kind: Span.SpanKind.ValueType
    began: float
    ended: float
    span_id: str
    told: Told


class Ended:
    """A request that has ended, with its parts; the SDK's processor queues it as it would a span that is sampled."""

    __slots__ = ("began", "ended", "kind", "name", "parts", "told", "trace")

    context: ClassVar = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    def __init__(
        self,
        trace: Trace,
        name: str,
        kind: Span.SpanKind.ValueType,
        times: tuple[float, float],
        told: Told,
        parts: list[Part],
    ) -> None:
        self.trace = trace
        self.name = name
        self.kind = kind
        self.began, self.ended = times
        self.told = told
        self.parts = parts


class Exporter(OTLPSpanExporter):
    """Sends what was handed to `queue`; `taken` is how many spans it is done with, `lost` what is told of those that nobody took."""

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self.taken = self.lost = 0
        # The two clocks, at one moment: what is noted is of the one that does not jump.
        self._offset = time.time() - perf_counter()
        nothing = ReadableSpan(
            "", context=Ended.context, resource=resource, instrumentation_scope=InstrumentationScope("gateway")
        )
        self._empty = encode_spans([nothing])
        self._empty.resource_spans[0].scope_spans[0].ClearField("spans")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """One batch, to the collector."""
        batch = cast("Sequence[Ended]", spans)
        count = sum(1 + len(each.parts) for each in batch)
        sent = False
        try:
            # The only part of the exporter that takes what is encoded already.
            sent = not self._shutdown and self._client.export(self.encoded(batch)).success
        finally:
            self.taken += count
            self.lost += 0 if sent else count
        return SpanExportResult.SUCCESS if sent else SpanExportResult.FAILURE

    def encoded(self, batch: Sequence[Ended]) -> bytes:
        """`ExportTraceServiceRequest`."""
        made = ExportTraceServiceRequest()
        made.CopyFrom(self._empty)
        (scope,) = made.resource_spans[0].scope_spans
        for each in batch:
            self._add(scope, each)
        text: bytes = made.SerializeToString()
        return text

    def _add(self, scope: ScopeSpans, ended: Ended) -> None:
        trace = ended.trace
        trace_id, own = bytes.fromhex(trace.trace_id), bytes.fromhex(trace.span_id)
        span = scope.spans.add()
        span.MergeFromString(_common(ended.name, ended.kind, ended.told, _REMOTE if trace.parent_id else _LOCAL))
        span.trace_id = trace_id
        span.span_id = own
        if trace.parent_id:
            span.parent_span_id = bytes.fromhex(trace.parent_id)
        self._time(span, ended.began, ended.ended)
        for part in ended.parts:
            span = scope.spans.add()
            span.MergeFromString(_common(part.name, part.kind, part.told, _LOCAL))
            span.trace_id = trace_id
            span.span_id = bytes.fromhex(part.span_id or digits(16))
            span.parent_span_id = own
            self._time(span, part.began, part.ended)

    def _time(self, span: Span, began: float, ended: float) -> None:
        span.start_time_unix_nano = int((began + self._offset) * 1e9)
        span.end_time_unix_nano = int((ended + self._offset) * 1e9)


def processor(exporter: Exporter, most: int) -> BatchSpanProcessor:
    """What makes batches of `Ended`, in a thread of its own."""
    return BatchSpanProcessor(exporter, max_queue_size=most)


@lru_cache(_KEPT)
def _common(name: str, kind: Span.SpanKind.ValueType, told: Told, flags: int) -> bytes:
    """What all spans have that are alike but for their ids and times."""
    status = next((value for key, value in told if key == "http.response.status_code"), 0)
    failed = any(key == "error.type" for key, _ in told) or (isinstance(status, int) and status >= 500)
    attributes = [
        KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for key, value in told
    ]
    code = Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET
    made = Span(name=name, kind=kind, attributes=attributes, status=Status(code=code), flags=flags)
    text: bytes = made.SerializeToString()
    return text
