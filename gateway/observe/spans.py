"""Spans as OTLP has them on the wire, made of what was noted while a request was answered.

The SDK's own spans are encoded attribute by attribute, which took five times as long as all else that is done for a recorded
request. What most of them have in common (name, kind, attributes, status) is encoded once here, by the same messages, and kept;
of each span only ids and times are put in their places. The batches, the queue, the connection and the `OTEL_…` variables stay
the SDK's. Loaded only where tracing is on.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from time import perf_counter
from typing import ClassVar, Final, cast

import msgspec
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, SpanFlags, Status
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import SpanContext, TraceFlags

from gateway.observe.trace import Said, Trace, digits

SERVER: Final = Span.SPAN_KIND_SERVER
CLIENT: Final = Span.SPAN_KIND_CLIENT
INTERNAL: Final = Span.SPAN_KIND_INTERNAL

_KEPT: Final = 2048  # what spans have in common: routes × methods × statuses, and calls
_LOCAL: Final = SpanFlags.SPAN_FLAGS_CONTEXT_HAS_IS_REMOTE_MASK
_REMOTE: Final = _LOCAL | SpanFlags.SPAN_FLAGS_CONTEXT_IS_REMOTE_MASK


class Ended(msgspec.Struct, frozen=True):
    """A request that has ended; the SDK's processor queues it as it would a span that is sampled. Times are of `perf_counter`."""

    context: ClassVar = SpanContext(1, 1, is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED))

    trace: Trace
    said: Said
    kind: Span.SpanKind.ValueType
    began: float
    ended: float

    @property
    def spans(self) -> int:
        """How many spans it becomes."""
        return 1 if self.trace.marks is None else 1 + len(self.trace.marks.parts)


class Exporter(OTLPSpanExporter):
    """Sends what was handed to `queue`; `taken` is how many requests it is done with, `lost` how many spans nobody took."""

    def __init__(self, resource: Resource) -> None:
        super().__init__()
        self.taken = self.lost = 0
        nothing = ReadableSpan(
            "", context=Ended.context, resource=resource, instrumentation_scope=InstrumentationScope("gateway")
        )
        (about,) = encode_spans([nothing]).resource_spans
        (scope,) = about.scope_spans
        scope.ClearField("spans")
        self._scope = scope.SerializeToString()
        about.ClearField("scope_spans")
        self._about = about.SerializeToString()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """One batch, to the collector."""
        batch, pieces = cast("Sequence[Ended]", spans), list[bytes]()
        sent = False
        # What is noted is of the clock that does not jump; how far apart the two are may change meanwhile.
        offset = time.time() - perf_counter()
        try:
            for each in batch:
                _add(pieces, each, offset)
            # The only part of the exporter that takes what is encoded already.
            sent = not self._shutdown and self._client.export(self._around(pieces)).success
        finally:
            self.taken += len(batch)
            self.lost += 0 if sent else len(pieces)
        return SpanExportResult.SUCCESS if sent else SpanExportResult.FAILURE

    def _around(self, pieces: list[bytes]) -> bytes:
        """`ExportTraceServiceRequest` with its one `ResourceSpans`, of spans that are encoded."""
        scope = _sized(_SCOPE_SPANS, b"".join((self._scope, *pieces)))
        return _sized(_RESOURCE_SPANS, self._about + scope)


_SCOPE_SPANS: Final = bytes([ResourceSpans.SCOPE_SPANS_FIELD_NUMBER << 3 | 2])
_RESOURCE_SPANS: Final = bytes([ExportTraceServiceRequest.RESOURCE_SPANS_FIELD_NUMBER << 3 | 2])


def _sized(tag: bytes, content: bytes) -> bytes:
    """A message as a field of another: behind its length, seven bits a byte (Protocol Buffers, "Encoding")."""
    size, length = len(content), bytearray()
    while size > 0x7F:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return b"".join((tag, length, bytes([size]), content))


def _add(pieces: list[bytes], ended: Ended, offset: float) -> None:
    """The spans of a request; offset: of the two clocks, in seconds."""
    trace, marks = ended.trace, ended.trace.marks
    trace_id, own, parent = bytes.fromhex(trace.trace_id), bytes.fromhex(trace.span_id), trace.parent_id
    form = _form(ended.said, ended.kind, parent is not None, parent is not None)
    caller = b"" if parent is None else bytes.fromhex(parent)
    since, until = int((ended.began + offset) * 1e9), int((ended.ended + offset) * 1e9)
    pieces.append(form(trace_id, own, caller, since, until))
    for part in () if marks is None else marks.parts:
        since, until = int((part.began + offset) * 1e9), int((part.ended + offset) * 1e9)
        span_id = part.span_id
        form = _form(part.said, CLIENT if span_id else INTERNAL, False, True)
        pieces.append(form(trace_id, bytes.fromhex(span_id or digits(16)), own, since, until))


def processor(exporter: Exporter, most: int) -> BatchSpanProcessor:
    """What makes batches of `Ended`, in a thread of its own."""
    return BatchSpanProcessor(exporter, max_queue_size=most)


class Form:
    """A span of `ScopeSpans` as OpenTelemetry's messages encode it, cut open where ids and times go."""

    __slots__ = ("_cut", "_pack")

    def __init__(self, span: Span) -> None:
        # No byte of these is in UTF-8, so none is found before its place.
        span.trace_id, span.span_id = b"\xff" * 16, b"\xfe" * 8
        holes = [(span.trace_id, "16s"), (span.span_id, "8s")]
        if span.parent_span_id:
            span.parent_span_id = b"\xfb" * 8
            holes.append((span.parent_span_id, "8s"))
        span.start_time_unix_nano, span.end_time_unix_nano = (int.from_bytes(each * 8) for each in (b"\xfd", b"\xfc"))
        holes += [(b"\xfd" * 8, "Q"), (b"\xfc" * 8, "Q")]
        rest, cut, forms = ScopeSpans(spans=[span]).SerializeToString(), list[bytes](), list[str]()
        for hole, kind in holes:
            before, _, rest = rest.partition(hole)
            cut.append(before)
            forms.append(f"{len(before)}s{kind}")
        if not span.parent_span_id:
            cut.insert(2, b"")
            forms.insert(2, "0s0s")
        self._cut, self._pack = (*cut, rest), Struct(f"<{''.join(forms)}{len(rest)}s").pack

    def __call__(self, trace_id: bytes, span_id: bytes, parent: bytes, began: int, ended: int) -> bytes:
        """The span's bytes; parent: empty where it has none. Times are nanoseconds since 1970."""
        first, second, third, fourth, fifth, last = self._cut
        return self._pack(first, trace_id, second, span_id, third, parent, fourth, began, fifth, ended, last)


@lru_cache(_KEPT)
def _form(said: Said, kind: Span.SpanKind.ValueType, remote: bool, below: bool) -> Form:
    """Of all spans that are alike but for their ids and times. remote: whose caller is elsewhere; below: that have a parent."""
    told = said.attributes
    status = next((value for key, value in told if key == "http.response.status_code"), 0)
    failed = any(key == "error.type" for key, _ in told) or (isinstance(status, int) and status >= 500)
    attributes = [
        KeyValue(key=key, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for key, value in told
    ]
    code = Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET
    flags = _REMOTE if remote else _LOCAL
    made = Span(name=said.name, kind=kind, attributes=attributes, status=Status(code=code), flags=flags)
    if below:
        made.parent_span_id = b"-"
    return Form(made)
