"""uvicorn's request and response, with the head of an answer checked and written as one piece.

uvicorn searches every name and every value for characters that do not belong there, two regular expressions a header:
10 µs for the eleven headers of an answer here. What must never happen is that a value ends its line and begins another
(RFC 9112 § 11.1), and that shows in the whole head at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

if TYPE_CHECKING:
    from gateway.downstream.connection import Hardened

_BODILESS: Final = (204, 304)


def _nothing() -> None:
    """What is called when an answer is complete for the second time."""


class Cycle(RequestResponseCycle):
    """One request and its answer on a connection, for an ASGI application.

    body: what has come of the request's; more_body: whether more will; keep_alive: whether another request may follow;
    task: what answers it, once that has begun.
    """

    task: asyncio.Task[None]

    # How each begins; here, because setting them on every one takes longer than all else about it.
    disconnected = False
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    _head = b""  # of an answer whose body comes whole, until it has come: both leave in one write

    def __init__(self, connection: Hardened, scope: Any, more_body: bool, keep_alive: bool, expects: bool) -> None:
        self.scope = scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.default_headers = connection.server_state.default_headers
        self.on_response: Callable[..., None] = connection.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = expects
        self.body = bytearray()
        self.more_body = more_body

    @cached_property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]
        """Set when there is something to receive; made only for those who wait for it."""
        event = asyncio.Event()
        if not self.more_body:
            event.set()
        return event

    async def send(self, message: ASGISendEvent) -> None:
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self._head and message["type"] == "http.response.body" and not self.disconnected:
            if self._whole(message.get("body", b""), more=message.get("more_body", False)):
                return
            await super().send(message)
        elif self.response_started or self.disconnected:
            await super().send(message)
        elif message["type"] == "http.response.start":
            self._begin(message["status"], [*self.default_headers, *message.get("headers", ())])
        else:
            raise RuntimeError(f"an answer begins with its head, not with {message['type']}")

    def _whole(self, body: bytes, *, more: bool) -> bool:
        """Write the head that waits, and the body with it if that is all of it."""
        head, self._head = self._head, b""
        if more or len(body) != self.expected_content_length:
            self.transport.write(head)
            return False
        self.transport.write(head + body)
        self.expected_content_length = 0
        self.message_event.set()
        self.completed()
        return True

    @property
    def over(self) -> bool:
        """Whether the request has been read to its end and answered."""
        return self.response_complete and not self.more_body

    def completed(self) -> None:
        """The answer has been written whole."""
        self.response_complete = True
        if not self.keep_alive:
            self.transport.close()
        self.on_response()

    def release(self) -> None:
        """Let go of what the request was, when nothing works on it any more: its connection may stay idle for long."""
        # Connection and cycle hold each other by this.
        self.on_response = _nothing
        self.body = bytearray()

    def _begin(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        closing = False
        # As uvicorn keeps them: None until the head has said how the body is framed.
        self.chunked_encoding = None
        for name, value in headers:
            if name == b"content-length":
                self.expected_content_length, self.chunked_encoding = int(value), False
            elif name == b"transfer-encoding":
                self.expected_content_length, self.chunked_encoding = 0, True
            elif name == b"connection" and b"close" in value.lower():
                closing = True
        if closing:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append((b"connection", b"close"))
        if self.chunked_encoding is None and self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            headers.append((b"transfer-encoding", b"chunked"))
        head = b"".join([b"%b: %b\r\n" % header for header in headers])
        if not head.count(b"\r\n") == head.count(b"\n") == head.count(b"\r") == len(headers) or b"\0" in head:
            raise RuntimeError("a header of the answer holds a line end or a NUL")
        self.response_started = True
        self.waiting_for_100_continue = False
        head = b"%b%b\r\n" % (STATUS_LINE[status], head)
        if self.chunked_encoding or self.scope["method"] == "HEAD":
            self.transport.write(head)
        else:
            self._head = head
