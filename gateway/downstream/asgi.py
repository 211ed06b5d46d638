"""A request for an ASGI application: pages for people, the authorization server, documents.

The head of an answer is checked as one piece. What must never happen is that a value ends its line and begins another
(RFC 9112 § 11.1), and that shows in the whole head at once: a search in each name and value took 10 µs for eleven headers.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

from gateway.downstream.cycle import Cycle, Framing
from gateway.downstream.roles import Owner

_BODILESS: Final = (204, 304)

_log: Final = logging.getLogger("gateway.downstream")


class Scoped(Cycle):
    """A request for an ASGI application."""

    def __init__(self, connection: Owner, scope: Scope, *, keep_alive: bool, expects: bool) -> None:
        chunks = scope["http_version"] != "1.0"
        super().__init__(
            connection, scope["method"], more_body=True, keep_alive=keep_alive, expects=expects, chunks=chunks
        )
        self.scope = scope

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer. What it leaves unanswered gets 500, or 503 when the server stops."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._fail(503, b"The server is stopping.")
            raise
        except Exception:  # noqa: BLE001 - whatever it is, the client gets an answer and the log the reason
            _log.exception("exception in the application")
            self._fail(500, b"Internal Server Error")
        else:
            if not self.response_started and not self.gone():
                _log.error("the application answered nothing")
                self._fail(500, b"Internal Server Error")

    async def send(self, message: Message) -> None:
        """Take a message of the answer, as ASGI has them. RuntimeError when it may not come now."""
        kind = message["type"]
        if kind == "http.response.body" and self.response_started and not self.response_complete:
            await self.piece(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.response_started:
            if self.flow.write_paused and not self.disconnected:
                await self.flow.drain()
            if not self.gone():
                self._begin(message["status"], message.get("headers", ()))
        elif not self.gone():
            raise RuntimeError(f"an answer is a head and then a body: {kind} comes at the wrong time")

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        lines = []
        self.framing = Framing.NONE if self.method == "HEAD" or status in _BODILESS else Framing.CHUNKED
        for name, value in headers:
            if name == b"transfer-encoding":
                continue  # that is for the connection to say
            if name == b"content-length" and self.framing is not Framing.NONE:
                self.framing, self._left = Framing.LENGTH, int(value)
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive = False
                continue
            lines.append(b"%b: %b\r\n" % (name, value))
        made = b"".join(lines)
        if not made.count(b"\r\n") == made.count(b"\n") == made.count(b"\r") == len(lines) or b"\0" in made:
            raise RuntimeError("a header of the answer holds a line end or a NUL")
        if self.framing is Framing.CHUNKED:
            made += self._unannounced()
        head = self._headed(status, made)
        if self.framing in (Framing.CHUNKED, Framing.CLOSE):
            self.transport.write(head)
        else:
            self._head = head

    def _fail(self, status: int, text: bytes) -> None:
        if not (self.response_started or self.gone()):
            self.keep_alive = False
            self._begin(
                status, [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(text))]
            )
            self._write(text, more=False)


def scope_of(
    method: str,
    target: bytes,
    headers: list[tuple[bytes, bytes]],
    version: str,
    *,
    client: tuple[str, int] | None,
    server: tuple[str, int] | None,
    state: dict[str, Any],
) -> Scope:
    """The ASGI scope of a request. `target`: a path with or without a query, as it was sent."""
    raw_path, _, query = target.partition(b"?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": version,
        "method": method,
        "scheme": "http",
        "root_path": "",
        "path": unquote(raw_path.decode("ascii")),
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
        "client": client,
        "server": server,
        "state": state.copy(),
    }
