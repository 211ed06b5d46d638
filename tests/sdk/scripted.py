"""A server over real HTTP that answers by a script and keeps what it was asked; one for all behaviours at once.

Each behaviour has a prefix of its own, `/b/7`, so clients of two languages can ask it side by side. An answer is
`{status, headers, json | text, chunks, delay, fault, for}`: `fault` is `close` (no answer at all), `cut` (the body breaks
off) or nothing; `delay` is in seconds; `for: "POST /oauth/token"` keeps an answer for the requests that it fits.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

Seen = dict[str, Any]
"""`{method, path, headers, body}` of a request, header names in lower case; the path with its query."""

_UNASKED: Final = {"status": 500, "text": "the script has no answer for this request", "headers": {}}


class Script:
    """The answers that are left, and the requests that came."""

    def __init__(self, answers: Sequence[dict[str, Any]]) -> None:
        self.left = list(answers)
        self.seen: list[Seen] = []
        self.lock = threading.Lock()

    def next(self, seen: Seen) -> dict[str, Any]:
        """The answer to a request, which is kept."""
        line = f"{seen['method']} {seen['path']}"
        with self.lock:
            self.seen.append(seen)
            for index, answer in enumerate(self.left):
                if answer.get("for", line) == line:
                    return self.left.pop(index)
        return _UNASKED


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Scripted
    # A client that waits for an acknowledgement of the head before it reads the body would wait 40 ms for each answer.
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by the standard library
        """Say nothing."""

    def handle_any(self) -> None:
        """Answer by the script."""
        body = self._body()
        _, _, number, rest = self.path.split("/", 3)
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = {"method": self.command, "path": f"/{rest}", "headers": headers, "body": body}
        answer = self.server.scripts[int(number)].next(seen)
        time.sleep(answer.get("delay", 0))
        try:
            self._answer(answer)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any  # noqa: N815 - named by the standard library

    def _body(self) -> str:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole.decode()

    def _answer(self, answer: dict[str, Any]) -> None:
        fault = answer.get("fault")
        self.close_connection = bool(fault)
        if fault == "close":
            return
        body = answer.get("text", "") if "json" not in answer else json.dumps(answer["json"])
        self.send_response(answer.get("status", 200))
        for name, value in answer["headers"].items():
            self.send_header(name, str(value))
        if "chunks" in answer:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in answer["chunks"]:
                self.wfile.write(f"{len(chunk.encode()):x}\r\n{chunk}\r\n".encode())
            if not fault:
                self.wfile.write(b"0\r\n\r\n")
            return
        if answer.get("status") != 204:
            self.send_header("Content-Length", str(len(body.encode()) + (10 if fault == "cut" else 0)))
        self.end_headers()
        self.wfile.write(body.encode())


class Scripted(ThreadingHTTPServer):
    """`with Scripted(scripts) as server`: it answers at `server.url(number)`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, scripts: Sequence[Script]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = scripts
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def url(self, number: int) -> str:
        """The address of the API for one behaviour."""
        return f"http://127.0.0.1:{self.server_address[1]}/b/{number}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
