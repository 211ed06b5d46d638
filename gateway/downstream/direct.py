"""A request under `/v1` and its answer, without ASGI between them: what was read is at hand, what is answered is written.

As an ASGI message each request and each answer is a dictionary of lists of pairs, built by one side to be taken apart
by the other: a tenth of what a request costs (docs/decisions/0014-no-asgi-below-v1.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gateway.downstream.asgi import Cycle

if TYPE_CHECKING:
    from gateway.downstream.connection import Hardened

_CLOSING: Final = b"connection: close\r\n"
_NO_HEADERS: Final[Mapping[bytes, bytes]] = {}


class Turn(Cycle):
    """`path` as it was sent; `headers` in lower case, repeated ones joined; `whole`: the body if it came with the head.

    `peer`: the address at the other end of the connection, empty when it has none.
    """

    def __init__(
        self,
        connection: Hardened,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        *,
        whole: bytes | None,
        keep_alive: bool = True,
        expects: bool = False,
    ) -> None:
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.whole = whole
        self.peer = connection.client[0] if connection.client else ""
        super().__init__(connection, {"method": method}, whole is None, keep_alive, expects)

    async def receive(self) -> Any:
        """The next message of the request's body, as ASGI has them."""
        if self.whole is not None and not self.disconnected:
            body, self.whole = self.whole, None
            return {"type": "http.request", "body": body, "more_body": False}
        return await super().receive()

    def release(self) -> None:
        super().release()
        self.whole = None
        self.headers = _NO_HEADERS

    async def answer(self, status: int, lines: bytes, body: bytes, media: bytes) -> None:
        """Write an answer that is known whole; `lines` are its other header lines. 204 has neither body nor type."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self._gone():
            return
        if status != 204:
            lines = b"%bcontent-type: %b\r\ncontent-length: %d\r\n" % (lines, media, len(body))
        head = self._headed(status, lines)
        self.transport.write(head if self.method == "HEAD" else head + body)
        if "message_event" in self.__dict__:
            self.message_event.set()
        self.completed()

    async def begin(self, status: int, lines: bytes, media: bytes) -> None:
        """Write the head of an answer whose body follows in pieces, each by `send`."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self._gone():
            lines = b"%bcontent-type: %b\r\n" % (lines, media)
            if self.method != "HEAD":
                self.chunked_encoding = True
                lines += b"transfer-encoding: chunked\r\n"
            self.transport.write(self._headed(status, lines))

    def _gone(self) -> bool:
        # A connection that is being closed takes nothing any more, some time before anybody is told of its loss.
        self.disconnected = self.disconnected or self.transport.is_closing()
        return self.disconnected

    def _headed(self, status: int, lines: bytes) -> bytes:
        self.response_started = True
        self.waiting_for_100_continue = False
        if _CLOSING in lines:
            self.keep_alive = False
        elif not self.keep_alive:
            lines += _CLOSING
        return b"%b%b%b\r\n" % (STATUS_LINE[status], _always(self.default_headers), lines)


class _Always:
    """The lines of the headers that the server adds to every answer; uvicorn makes them anew each second."""

    __slots__ = ("_headers", "_lines")

    def __init__(self) -> None:
        self._headers: Any = None
        self._lines = b""

    def __call__(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        if headers is not self._headers:
            self._headers, self._lines = headers, b"".join([b"%b: %b\r\n" % header for header in headers])
        return self._lines


_always: Final = _Always()
