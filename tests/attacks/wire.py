"""Requests that no client library would send: bytes in, the connection's whole answer out."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.live import NEWEST, Live


@dataclass
class Answer:
    """What came back on a connection: the last answer's status, headers (lower-case) and body, and whether it was closed."""

    status: int
    headers: dict[str, str]
    body: bytes
    closed: bool

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.json["code"])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def head(
    live: Live, method: str = "GET", target: str = "/v1/me", *extra: str, host: str | None = "", token: str | None = ""
) -> bytes:
    """A request's head as a well-behaved client writes it, with `extra` lines as they stand. None leaves a line out."""
    lines = [f"{method} {target} HTTP/1.1"]
    if host is not None:
        lines.append(f"Host: {host or f'127.0.0.1:{live.served.port}'}")
    if token is not None:
        lines.append(f"Authorization: Bearer {token or live.a.tokens['owner']}")
    lines += [f"Version: {NEWEST}", *extra]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def connect(live: Live, timeout: float = 5.0) -> socket.socket:
    """A connection to the gateway's public port."""
    return socket.create_connection(("127.0.0.1", live.served.port), timeout=timeout)


def exchange(live: Live, request: bytes | Iterable[bytes], timeout: float = 5.0) -> Answer:
    """Send the pieces, as far as they are taken, and read one answer."""
    with connect(live, timeout) as line:
        # A server that has refused the rest may close while it is still being sent.
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in [request] if isinstance(request, bytes) else request:
                line.sendall(piece)
        return read(line)


def read(line: socket.socket) -> Answer:
    """One answer, up to its Content-Length or the end of the connection; status 0 when nothing was said."""
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = _receive(line)
        if not chunk:
            return Answer(0, {}, received, closed=True)
        received += chunk
    start, _, body = received.partition(b"\r\n\r\n")
    status, *fields = start.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (field.partition(":") for field in fields)}
    while len(body) < int(headers.get("content-length", 0)):
        chunk = _receive(line)
        if not chunk:
            break
        body += chunk
    return Answer(int(status.split()[1]), headers, body, closed=headers.get("connection") == "close")


def _receive(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""
