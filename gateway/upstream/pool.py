"""The pool of connections to one internal service."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from gateway.upstream.connection import Connection
from gateway.upstream.errors import Broken, Saturated, Timeout, Unreachable, UpstreamError
from gateway.upstream.head import Heads
from gateway.upstream.response import Response
from gateway.upstream.streaming import Streaming, opened
from gateway.upstream.target import Origin, Target
from gateway.upstream.uploading import send_body, upload_framing


class Pool:
    r"""HTTP/1.1 connections to one `Target`, newest first, used from one event loop.

    Every method takes `path` as an absolute path below the target's prefix, percent-encoded, with its query, and `headers` as
    complete `Name: value\r\n` lines without Host, Content-Length and the hop-by-hop fields. All failures are UpstreamError.
    """

    def __init__(self, target: Target) -> None:
        """Raises ValueError when the target's URL or CA file is not usable."""
        self._target = target
        self._origin = Origin(target)
        self.port = self._origin.port
        self._heads = Heads(self._origin.authority, self._origin.prefix)
        self._idle: list[Connection] = []
        self._connections: set[Connection] = set()
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._open = 0
        self._closed = False
        self._sweeper: asyncio.TimerHandle | None = None

    async def request(
        self,
        method: bytes,
        path: bytes,
        headers: bytes,
        body: bytes = b"",
        *,
        idempotent: bool,
        known: bytes = b"",
        deadline: float | None = None,
    ) -> Response:
        """One call, answered whole; `known` are further header lines, best `Lines`. `deadline`: in the loop's time, instead
        of the total timeout from now on.

        A reused connection that dies before the first byte of the answer is replaced silently once when `idempotent`; any
        other call is sent at most once.
        """
        message = self._heads.build(method, path, headers, body, known)
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + self._target.total_timeout
        connection = self._reusable() or await self.acquire(deadline)
        reused = connection.used
        answer = connection.start(message, deadline, bodyless=method == b"HEAD")
        try:
            return await answer
        except Broken:
            if not (idempotent and reused) or connection.heard:
                raise
        except asyncio.CancelledError:
            # An answer that is still under way must not meet the next request.
            connection.abandon(answer)
            raise
        finally:
            del answer  # else an error, its traceback and this frame would hold each other
        connection = await self.replacement(deadline)
        answer = connection.start(message, deadline, bodyless=method == b"HEAD")
        try:
            return await answer
        except asyncio.CancelledError:
            connection.abandon(answer)
            raise
        finally:
            del answer

    async def upload(
        self,
        method: bytes,
        path: bytes,
        headers: bytes,
        chunks: AsyncIterator[bytes],
        *,
        length: int | None,
        patience: float | None = None,
    ) -> Response:
        """One call whose body is sent as it comes, with Content-Length when `length` is given, chunked otherwise.

        `patience` (s; the total timeout when None) bounds each wait for the service, not the time `chunks` takes. Never
        repeated once begun. An answer that comes before the end of the body is returned and the rest is not sent. What
        `chunks` raises is raised here, and the connection is aborted so that the service cannot take the part for the whole.
        """
        head = self._heads.build(method, path, headers, framing=upload_framing(length))
        deadline = asyncio.get_running_loop().time() + self._target.total_timeout
        connection = self._reusable() or await self.acquire(deadline)
        answer = connection.start(head, deadline, bodyless=method == b"HEAD", sending=True)
        try:
            patience = self._target.total_timeout if patience is None else patience
            return await send_body(connection, answer, chunks, length, patience)
        except BaseException:  # whatever the chunks raise, and cancellation: the body is incomplete
            connection.abandon(answer)
            raise
        finally:
            del answer  # as above

    def stream(
        self, method: bytes, path: bytes, headers: bytes, body: bytes = b"", *, idempotent: bool = False
    ) -> AbstractAsyncContextManager[Streaming]:
        """One call whose answer is read as fast as the caller takes it; leaving early aborts the connection.

        The total timeout bounds the head and then each wait for more; `max_response_bytes` does not apply, since nothing is
        collected beyond a small buffer. A GET, and what is `idempotent`, is repeated as by `request`.
        """
        message = self._heads.build(method, path, headers, body)
        repeat = idempotent or method == b"GET"
        return opened(self, message, self._target.total_timeout, bodyless=method == b"HEAD", repeat=repeat)

    async def aclose(self) -> None:
        """Closes every connection; calls under way fail with Broken, calls that wait with Unreachable."""
        self._closed = True
        if self._sweeper is not None:
            self._sweeper.cancel()
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_exception(Unreachable("pool is closed"))
        for connection in [*self._idle, *self._busy]:
            connection.fail(Broken("pool is closed", sent=True))

    # acquiring

    async def acquire(self, deadline: float, *, fresh: bool = False) -> Connection:
        """A connection to start an exchange on; `fresh` opens a new one even when others are idle."""
        while True:
            connection = None if fresh else self._reusable()
            if connection is not None:
                return connection
            if self._closed:
                raise Unreachable("pool is closed")
            if self._open >= self._target.max_connections and self._idle:
                self._idle[0].drop()
            if self._open < self._target.max_connections:
                self._open += 1
                return await self._connect(deadline)
            connection = await self._turn(deadline)
            if connection is None:
                return await self._connect(deadline)
            if connection.quiet():
                return connection
            connection.drop()

    async def replacement(self, deadline: float) -> Connection:
        """A new connection after a reused one died; when there is none, the call has still been sent once."""
        try:
            return await self.acquire(deadline, fresh=True)
        except UpstreamError as error:
            raise Broken("reused connection ended, and there is no other", sent=True) from error

    def _reusable(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.quiet():
                return connection
            connection.drop()
        return None

    async def _turn(self, deadline: float) -> Connection | None:
        """Waits for a connection, or for the right to open one (None)."""
        loop = asyncio.get_running_loop()
        patience = loop.time() + self._target.connect_timeout
        waiter: asyncio.Future[Connection | None] = loop.create_future()
        self._waiters.append(waiter)
        timer = loop.call_at(min(patience, deadline), _give_up, waiter, deadline < patience)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                connection = waiter.result()
                if connection is None:
                    self._freed()
                # One that has ended since it was handed over has given its place back already.
                elif not connection.closed:
                    self.released(connection)
            raise
        finally:
            timer.cancel()

    async def _connect(self, deadline: float) -> Connection:
        """Opens a connection in a place already counted."""
        loop = asyncio.get_running_loop()
        origin = self._origin
        connection = Connection(self, loop, self._target.max_response_bytes)
        try:
            async with asyncio.timeout_at(min(deadline, loop.time() + self._target.connect_timeout)):
                if self._target.dial is not None:
                    await self._target.dial(lambda: connection)
                else:
                    await loop.create_connection(
                        lambda: connection,
                        origin.host,
                        origin.port,
                        ssl=origin.tls,
                        server_hostname=origin.host if origin.tls is not None else None,
                    )
        except BaseException as error:  # cancellation too: the place must be given back
            if connection.connected:
                connection.drop()
            else:
                self._freed()
            if isinstance(error, TimeoutError):
                raise Unreachable("no connection within the connect timeout") from error
            if isinstance(error, (OSError, UnicodeError)):
                raise Unreachable(f"no connection: {type(error).__name__}") from error
            raise
        if self._closed:
            connection.drop()
            raise Unreachable("pool is closed")
        # One that is lost already has been given back; `start` will say so.
        if not connection.closed:
            self._connections.add(connection)
        return connection

    @property
    def _busy(self) -> set[Connection]:
        # Worked out when asked for, which is hardly ever: to keep it at hand would cost two calls an exchange.
        return self._connections.difference(self._idle)

    # giving back (connection.Owner)

    def released(self, connection: Connection) -> None:
        """A connection is free again: the first waiter gets it, else it is kept."""
        if self._closed:
            connection.drop()
        elif not (self._waiters and self._taken(connection)):
            connection.idle_since = connection.time()
            self._idle.append(connection)
            if self._sweeper is None:
                loop = asyncio.get_running_loop()
                self._sweeper = loop.call_later(self._target.idle_timeout, self._sweep)

    def lost(self, connection: Connection) -> None:
        """A connection is gone: the first waiter may open another."""
        self._connections.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)
        self._freed()

    def _freed(self) -> None:
        if not self._taken(None):
            self._open -= 1

    def _taken(self, connection: Connection | None) -> bool:
        """Whether somebody waited for the connection, or for the right to open one (None), and has it now."""
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    def _sweep(self) -> None:
        """Closes what has been idle for too long; the oldest are at the front."""
        loop = asyncio.get_running_loop()
        limit = loop.time() - self._target.idle_timeout
        for connection in [each for each in self._idle if each.idle_since <= limit]:
            connection.drop()
        self._sweeper = None
        if self._idle:
            self._sweeper = loop.call_at(self._idle[0].idle_since + self._target.idle_timeout, self._sweep)


def _give_up(waiter: asyncio.Future[Connection | None], deadline_first: bool) -> None:
    if not waiter.done():
        if deadline_first:
            waiter.set_exception(Timeout("no connection before the deadline", sent=False))
        else:
            waiter.set_exception(Saturated("no free connection within the connect timeout"))
