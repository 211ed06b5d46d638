"""A request to the API and its answer, without ASGI between them: what was read is at hand, what is answered is written.

As an ASGI message each request and each answer is a dictionary of lists of pairs, built by one side to be taken apart
by the other: a tenth of what a request costs (docs/decisions/0014-no-asgi-below-v1.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.types import Message

from gateway.downstream.cycle import Cycle
from gateway.downstream.roles import Owner

_NO_HEADERS: Final[Mapping[bytes, bytes]] = {}


class Turn(Cycle):
    """`path`: the request's, those characters decoded that need no encoding; `headers` in lower case, repeated ones joined;
    `whole`: the body if it came with the head; `peer`: the address at the other end, empty when it has none.
    """

    def __init__(
        self,
        connection: Owner,
        method: str,
        path: str,
        query: bytes,
        headers: Mapping[bytes, bytes],
        *,
        whole: bytes | None,
        keep_alive: bool = True,
        expects: bool = False,
        chunks: bool = True,
    ) -> None:
        self.path = path
        self.query = query
        self.headers = headers
        self.whole = whole
        self.peer = connection.client[0] if connection.client else ""
        super().__init__(
            connection, method, more_body=whole is None, keep_alive=keep_alive, expects=expects, chunks=chunks
        )

    async def receive(self) -> Message:
        """The next message of the request's body, as ASGI has them."""
        if self.whole is not None and not self.disconnected:
            body, self.whole = self.whole, None
            self._told = True
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
        if self.gone():
            return
        if status != 204:
            lines = b"%bcontent-type: %b\r\ncontent-length: %d\r\n" % (lines, media, len(body))
        head = self._headed(status, lines)
        self.transport.write(head if self.method == "HEAD" else head + body)
        self.completed()

    async def begin(self, status: int, lines: bytes, media: bytes) -> None:
        """Write the head of an answer whose body follows in pieces."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.gone():
            lines = b"%bcontent-type: %b\r\n%b" % (lines, media, self._unannounced())
            self.transport.write(self._headed(status, lines))


def joined(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Several lines of one name are one list (RFC 9110 § 5.3); those that may stand once were looked at before."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: b", ".join(each) for name, each in values.items()}
