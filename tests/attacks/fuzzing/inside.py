"""A deployment's applications in this process, behind the protocols of their own: bytes in, bytes out, and no socket between."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from gateway.app import App
from gateway.downstream.connection import protocol
from gateway.process.worker import malformed
from gateway.webhooks.ingest import POSTS, Ingest
from gateway.webhooks.ingest import malformed as refused

PATIENCE = 15.0  # seconds for an answer
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)\r\n")
_BODILESS = (b"204", b"304")


@dataclass(frozen=True, slots=True)
class Said:
    """One answer as it came. status: 0 when there was none; whole: whether it ended as it was announced."""

    status: int
    head: bytes
    body: bytes
    whole: bool

    def header(self, name: bytes) -> bytes:
        """The value of a header in lower case; empty when it is not there."""
        _, found, rest = self.head.lower().partition(b"\r\n" + name + b": ")
        return rest.partition(b"\r\n")[0] if found else b""


class Line(asyncio.Transport):
    """One connection. After `say` it can be asked again if it is not closed."""

    def __init__(self, speaking: type[Any], config: uvicorn.Config, state: ServerState) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self.closed = False
        self._loop = asyncio.get_running_loop()
        self._state = state
        self._method = b""
        self._received = bytearray()
        self._done: asyncio.Future[None] | None = None
        self._protocol = speaking(config, state, {}, self._loop)
        self._protocol.connection_made(self)

    async def ask(self, method: str, data: bytes) -> Said:
        """One request that is framed as it should be → its answer."""
        self._method = method.encode()
        self._protocol.data_received(data)
        await self._wait(lambda: self._complete() is not None)
        found = self._complete()
        if found is None:
            return Said(0, b"", bytes(self._received), whole=False)
        said, size = found
        del self._received[:size]
        return said

    async def pour(self, pieces: Sequence[bytes]) -> bytes:
        """Whatever bytes, and then the end → all that was answered until the connection was closed."""
        for piece in pieces:
            if self.closed:
                break
            self._protocol.data_received(piece)
        if not self.closed and not self._protocol.eof_received():
            self.close()
        await self._wait(lambda: self.closed)
        self.hang_up()
        if self._state.tasks:
            # What was taken before the client left is done all the same.
            await asyncio.wait(self._state.tasks, timeout=PATIENCE)
        return bytes(self._received)

    def hang_up(self) -> None:
        """The client is gone."""
        self.closed = True
        self._protocol.connection_lost(None)

    async def _wait(self, over: Any) -> None:
        if over():
            return
        self._over = over
        self._done = self._loop.create_future()
        late = self._loop.call_later(PATIENCE, self._end)
        try:
            await self._done
        finally:
            late.cancel()
            self._done = None

    def _end(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _complete(self) -> tuple[Said, int] | None:
        return first(self._received, self._method, closed=self.closed)

    def write(self, data: Any) -> None:
        self._received += data
        if self._done is not None and self._over():
            self._end()

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        # Whoever lingers waits for our end.
        self._loop.call_soon(self._hear_end)

    def _hear_end(self) -> None:
        if not self.closed:
            self._protocol.eof_received()

    def close(self) -> None:
        self.closed = True
        if self._done is not None and self._over():
            self._end()

    abort = close


class Inside:
    """Something as its own process would serve it."""

    def __init__(self, config: uvicorn.Config) -> None:
        config.load()
        self._config = config
        self._state = ServerState()

    @classmethod
    def worker(cls, app: App) -> Inside:
        """The application, as workers serve it."""
        speaking = protocol(malformed("https://api.example.com/problems"), app.serve)
        return cls(uvicorn.Config(app, http=speaking, log_config=None, lifespan="off"))

    @classmethod
    def courier(cls, ingest: Ingest) -> Inside:
        """The ingest port, as couriers serve it."""
        speaking = protocol(refused, ingest.serve, direct=POSTS)
        return cls(uvicorn.Config(ingest, http=speaking, log_config=None, lifespan="off"))

    def line(self) -> Line:
        """A new connection."""
        speaking: Any = self._config.http_protocol_class
        return Line(speaking, self._config, self._state)


def first(received: bytes | bytearray, method: bytes, *, closed: bool) -> tuple[Said, int] | None:
    """The first answer in these bytes and how many of them it is; None while it is not whole and more may come."""
    at = 0
    while received.startswith(b"HTTP/1.1 100", at):
        at = received.find(b"\r\n\r\n", at) + 4
    end = received.find(b"\r\n\r\n", at)
    if end < 0:
        return None
    head = bytes(received[at : end + 2])
    status, start = head[9:12], end + 4
    if method == b"HEAD" or status in _BODILESS:
        return Said(int(status), head, b"", whole=True), start
    if (length := _LENGTH.search(head)) is not None:
        size = int(length[1])
        if len(received) - start < size:
            return (Said(int(status), head, bytes(received[start:]), whole=False), len(received)) if closed else None
        return Said(int(status), head, bytes(received[start : start + size]), whole=True), start + size
    if b"\r\ntransfer-encoding: chunked\r\n" in head:
        found = received.find(b"\r\n0\r\n\r\n", start - 2)
        if found < 0:
            return (Said(int(status), head, bytes(received[start:]), whole=False), len(received)) if closed else None
        return Said(int(status), head, bytes(received[start : found + 2]), whole=True), found + 7
    # An answer that ends with its connection.
    return (Said(int(status), head, bytes(received[start:]), whole=True), len(received)) if closed else None
