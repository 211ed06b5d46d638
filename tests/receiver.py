"""A receiver of webhooks: a real HTTP server that keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATIENCE = 20.0


@dataclass(frozen=True)
class Received:
    """One POST: headers by lower-case name."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def document(self) -> Any:
        return json.loads(self.body)


@dataclass
class Receiver:
    """Answers with `status` and `headers`; `port` stays the same when it is stopped and started again."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    got: list[Received] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.got.append(Received(self.path, headers, body))
                self.send_response(receiver.status)
                for name, value in {"content-length": "0", **receiver.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nothing: what came is kept."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def wait(
        self, count: int, kind: Callable[[Received], bool] = lambda _: True, patience: float = PATIENCE
    ) -> list[Received]:
        """The received ones of a kind as soon as there are `count`; AssertionError when they do not come."""
        end = time.monotonic() + patience
        while len(found := [each for each in self.got if kind(each)]) < count:
            assert time.monotonic() < end, f"{len(found)} of {count} came"
            time.sleep(0.02)
        return found


@contextmanager
def receiving(status: int = 200) -> Iterator[Receiver]:
    """A receiver that listens."""
    receiver = Receiver(status)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()
