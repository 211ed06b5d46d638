"""One request on a connection and its answer: the body that comes, the head and the body that go, and how that is framed.

Whoever answers speaks ASGI (gateway/downstream/asgi.py) or calls directly (gateway/downstream/direct.py).
"""

from __future__ import annotations

import asyncio
from enum import Enum
from typing import Final

from starlette.types import Message

from gateway.downstream.header_lines import CLOSING, STATUS, Constant
from gateway.downstream.roles import Owner

_DISCONNECT: Final = {"type": "http.disconnect"}

_constant: Final = Constant()


class Framing(Enum):
    """How the end of an answer's body is told (RFC 9112 § 6)."""

    NONE = "there is no body"
    LENGTH = "its length is announced"
    CHUNKED = "it comes in chunks, the last of which is empty"
    CLOSE = "it ends with the connection; HTTP/1.0 knows no chunks"


class Cycle:
    """One request and its answer.

    body: what has come of the request's and was not taken; more_body: whether more will come; truncated: whether it ended
    before its end; malformed: why what came for a body is none, and the path it came for; keep_alive: whether another request
    may follow; chunks: whether the client understands chunks; disconnected: whether nobody hears what is answered; task: what
    answers it, once that has begun.
    """

    task: asyncio.Task[None]

    # How each begins; here, because setting them on every one takes longer than all else about it.
    disconnected = False
    truncated = False
    malformed: tuple[str, str] | None = None
    response_started = False
    response_complete = False
    framing = Framing.LENGTH
    _event: asyncio.Event | None = None  # made only for those who wait for it
    _told = False  # that the request's body is over
    _left = 0  # of the length that was announced
    _head = b""  # of an answer whose body comes whole, until it has come: both leave in one write

    def __init__(
        self, connection: Owner, method: str, *, more_body: bool, keep_alive: bool, expects: bool, chunks: bool
    ) -> None:
        self.connection = connection
        self.transport = connection.transport
        self.flow = connection.flow
        self.method = method
        self.keep_alive = keep_alive
        self.expects = expects
        self.chunks = chunks
        self.body = bytearray()
        self.more_body = more_body

    @property
    def over(self) -> bool:
        """Whether the request has been read to its end and answered."""
        return self.response_complete and not self.more_body

    def wake(self) -> None:
        """There is something to receive."""
        if self._event is not None:
            self._event.set()

    async def receive(self) -> Message:
        """The next message of the request's body, as ASGI has them."""
        if self.expects and self.more_body and not (self.truncated or self.response_started or self.gone()):
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.expects = False
        while not (self.disconnected or self.response_complete):
            if self.body or not (self.more_body or self._told):
                body, self.body = bytes(self.body), bytearray()
                self._told = not self.more_body
                return {"type": "http.request", "body": body, "more_body": self.more_body}
            # Who has begun to answer needs no more of the body: only that the client is gone would end the answer.
            if self.truncated and not self.response_started:
                if self.malformed is not None:
                    self.connection.refuse_body()
                break
            # That the client is gone shows only to who reads.
            self.flow.resume_reading()
            if self._event is None:
                self._event = asyncio.Event()
            self._event.clear()
            await self._event.wait()
        return _DISCONNECT

    async def piece(self, body: bytes, *, more: bool = True) -> None:
        """Write the next piece of the answer's body, when the client has read enough of what was written before."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.gone():
            self._write(body, more=more)

    def completed(self) -> None:
        """The answer has been written whole."""
        self.response_complete = True
        self.wake()
        self.connection.answered()

    def release(self) -> None:
        """Let go of what the request was, when nothing works on it any more: its connection may stay idle for long."""
        self.body = bytearray()

    def gone(self) -> bool:
        """Whether nobody hears any more what is answered."""
        # A connection that is being closed takes nothing any more, some time before anybody is told of its loss.
        self.disconnected = self.disconnected or self.transport.is_closing()
        return self.disconnected

    def _headed(self, status: int, lines: bytes) -> bytes:
        """The head of the answer; `lines` are its header lines but those of every answer."""
        self.response_started = True
        if CLOSING in lines:
            self.keep_alive = False
        elif not self.keep_alive or (self.expects and self.more_body):
            # Who waits to be asked for a body may leave it out now, and nobody could tell it from the next request.
            self.keep_alive = False
            lines += CLOSING
        return b"%b%b%b\r\n" % (STATUS[status], _constant(self.connection.default_headers), lines)

    def _unannounced(self) -> bytes:
        """Frame a body whose length nobody knows; returns the header line that says so."""
        if self.method == "HEAD":
            self.framing = Framing.NONE
        elif self.chunks:
            self.framing = Framing.CHUNKED
            return b"transfer-encoding: chunked\r\n"
        else:
            self.framing, self.keep_alive = Framing.CLOSE, False
        return b""

    def _write(self, body: bytes, *, more: bool) -> None:
        """Write the next piece of the body, the head before it if that still waits."""
        data, self._head = self._head, b""
        if self.framing is Framing.CHUNKED:
            data = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                data += b"0\r\n\r\n"
        elif self.framing is Framing.LENGTH:
            self._left -= len(body)
            if self._left < 0 or (self._left > 0 and not more):
                raise RuntimeError("the body of the answer has another length than was announced")
            data += body
        elif self.framing is Framing.CLOSE:
            data = body
        if data:
            self.transport.write(data)
        if not more:
            self.completed()
