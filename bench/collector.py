"""A collector of OpenTelemetry that takes all spans, in a process of its own."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.running import AROUND, Process, free_port

_PROGRAM = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()
    def log_message(self, *_): pass
ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@contextmanager
def collecting() -> Iterator[None]:
    """It runs on the outer core, and its address is in the environment."""
    port = free_port()
    collector = Process([sys.executable, "-c", _PROGRAM, str(port)], AROUND)
    os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{port}"
    try:
        collector.wait_for(port)
        yield
    finally:
        collector.stop()
