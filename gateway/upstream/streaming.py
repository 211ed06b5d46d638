"""Reading an answer as fast as its reader takes it."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from gateway.upstream.connection import Connection
from gateway.upstream.errors import Broken, UpstreamError
from gateway.upstream.response import Headers

# Reading stops above the first and goes on below the second, so memory per stream stays near one socket buffer.
_HIGH = 256 * 1024
_LOW = 64 * 1024


class Source(Protocol):
    """Where connections come from."""

    async def acquire(self, deadline: float) -> Connection:
        """A connection to start an exchange on."""

    async def replacement(self, deadline: float) -> Connection:
        """A new connection after a reused one died."""


class Streaming:
    """An answer whose head has arrived: `status`, `headers` (lower-cased names); iterate once for the body's bytes."""

    __slots__ = (
        "_buffer",
        "_buffered",
        "_connection",
        "_done",
        "_error",
        "_patience",
        "_paused",
        "_wake",
        "headers",
        "status",
    )

    def __init__(self, connection: Connection, patience: float) -> None:
        self._connection = connection
        self._patience = patience
        self._buffer: deque[bytes] = deque()
        self._buffered = 0
        self._paused = self._done = False
        self._error: UpstreamError | None = None
        self._wake: asyncio.Future[None] | None = None
        self.status = 0
        self.headers: Headers = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more comes: the rest can be read without waiting."""
        return self._done

    def begin(self, status: int, headers: Headers) -> None:
        """The head has arrived; from here on only waiting for more counts against the service."""
        self.status, self.headers = status, headers
        if not self._done:
            self._connection.expect_by(math.inf)

    def feed(self, data: bytes) -> None:
        """connection.Sink: the next bytes of the body."""
        self._buffer.append(data)
        self._buffered += len(data)
        if self._buffered > _HIGH and not self._paused:
            self._paused = True
            self._connection.transport.pause_reading()
        self._notify()

    def finish(self, error: UpstreamError | None) -> None:
        """connection.Sink: the end of the body. The connection may serve others from here on, so it must read again."""
        self._done = True
        self._error = error
        if error is None:
            self._resume()
        self._notify()

    def _notify(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if not self._connection.transport.is_closing():
                self._connection.transport.resume_reading()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pieces of the body in order. Raises UpstreamError when the answer fails on the way, after what came before it."""
        while True:
            while self._buffer:
                data = self._buffer.popleft()
                self._buffered -= len(data)
                if self._buffered < _LOW and not self._done:
                    self._resume()
                yield data
            if self._error is not None:
                error, self._error = self._error, None
                try:
                    raise error
                finally:
                    del error  # else the error, its traceback and this stream would hold each other
            if self._done:
                return
            await self._more()

    async def _more(self) -> None:
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        self._connection.expect_by(loop.time() + self._patience)
        await self._wake
        # The reader's own slowness must not count against the service.
        if not self._done:
            self._connection.expect_by(math.inf)

    def leave(self) -> None:
        """The reader goes: an answer still under way takes its connection with it."""
        if not self._done:
            self._done = True
            self._connection.drop()


@asynccontextmanager
async def opened(
    source: Source, message: bytes, patience: float, *, bodyless: bool, repeat: bool
) -> AsyncIterator[Streaming]:
    """Sends `message` and yields its answer; `repeat` allows the silent retry on a reused connection."""
    deadline = asyncio.get_running_loop().time() + patience
    connection = await source.acquire(deadline)
    reused = connection.used
    try:
        streaming = await _start(connection, message, deadline, patience, bodyless)
    except Broken:
        if not (repeat and reused) or connection.heard:
            raise
        connection = await source.replacement(deadline)
        streaming = await _start(connection, message, deadline, patience, bodyless)
    try:
        yield streaming
    finally:
        streaming.leave()


async def _start(connection: Connection, message: bytes, deadline: float, patience: float, bodyless: bool) -> Streaming:
    streaming = Streaming(connection, patience)
    try:
        head = await connection.start(message, deadline, bodyless=bodyless, sink=streaming)
    except asyncio.CancelledError:
        streaming.leave()
        raise
    streaming.begin(head.status, head.headers)
    return streaming
