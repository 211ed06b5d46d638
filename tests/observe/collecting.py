"""A collector of spans: OTLP over HTTP, in OpenTelemetry's own messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span


class Collector:
    """`got`: all that it was sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.got: list[ResourceSpans] = []

    @property
    def spans(self) -> list[Span]:
        return [span for each in self.got for scope in each.scope_spans for span in scope.spans]

    @property
    def environment(self) -> dict[str, str]:
        """What leads the official SDK here, soon after each span."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url, "OTEL_BSP_SCHEDULE_DELAY": "50"}

    def until(self, count: int) -> list[Span]:
        """The spans, once there are so many."""
        until = time.monotonic() + 30
        while len(self.spans) < count:
            assert time.monotonic() < until, self.spans
            time.sleep(0.02)
        return self.spans


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers["content-encoding"] == "gzip":
                raise AssertionError("nothing asked for that")
            there.got.extend(ExportTraceServiceRequest.FromString(body).resource_spans)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there = Collector(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield there
        server.shutdown()
