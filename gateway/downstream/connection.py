"""One connection of the public port: whose turn it is, how long a client may take, and when the connection ends.

What is read and refused is `Reading`'s part (gateway/downstream/parsing.py). A request under `/v1` becomes a `Turn` and goes straight
to `serve`, a plain one without the parser (gateway/downstream/plain.py); everything else goes through ASGI. What is refused is told
with a problem document (RFC 9457) and the connection closed. A client that takes forever to send its headers, the rest of
a body that was answered already, or to read its answer, is cut off.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.downstream.asgi import Cycle
from gateway.downstream.direct import Turn
from gateway.downstream.parsing import Reading
from gateway.downstream.plain import recognised

HEADERS_TIMEOUT: Final = 10.0
REST_TIMEOUT: Final = 10.0
LINGER: Final = 1.0
STALL: Final = 30.0
PIPELINED: Final = 100
"""Requests that may wait on a connection for those before them to be answered."""

Render: TypeAlias = Callable[[str, str, str], tuple[tuple[tuple[bytes, bytes], ...], bytes]]
Serve: TypeAlias = Callable[[Turn], Awaitable[None]]


class Hardened(Reading):
    """One connection. `render` and `serve` are set by `hardened`."""

    render: Render
    serve: Serve

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._begun = False
        self._deadline: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._stalled: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
        self._running: Cycle | None = None
        self._queue: deque[Cycle] = deque()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADERS_TIMEOUT, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        self.resume_writing()
        self._forget_rest()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        # uvicorn thinks of the request that was read last only; the one under way may be another.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        for cycle in self._queue:
            cycle.release()
        self._queue.clear()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        # Closing would wait for what is not being read, and a streamed answer holds a connection to a service meanwhile.
        self._stalled = self.loop.call_later(STALL, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        # Between two requests the parser holds nothing, so it need not know of those that do without it.
        if self._complete and (not self._begun or self.cycle.over) and (plain := recognised(data)) is not None:
            if self._deadline is not None:
                self._disarm()
            self.cycle = Turn(self, plain.method, plain.path, plain.query, plain.headers, whole=plain.body)
            self._begun = True
            self._start(self.cycle)
            return
        if not self.feed(data):
            # The last timer is running, and none of what follows may take it away.
            return
        if self._complete:
            if self._deadline is not None and self._begun:
                self._disarm()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_TIMEOUT, self._too_slow)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if len(self._queue) >= PIPELINED:
            # Answered up to here; who pipelines must be ready to ask again for the rest (RFC 9112 § 9.3.2). That is
            # read and dropped: closing with unread input would reset the connection, and lose the answers.
            self.cycle.keep_alive = False
            self._refused = True
            self.flow.resume_reading()
            raise RuntimeError("too many pipelined requests")

    def taken(self, method: str, target: bytes, *, keep_alive: bool) -> None:
        raw_path, _, query = target.partition(b"?")
        path = raw_path.decode("ascii")
        # As it was sent: a path that says /v1 only once it is decoded was another path to whatever stands in front.
        if path.startswith("/v1/") or path == "/v1":
            # Several lines of one name are one list (RFC 9110 § 5.3); those that may stand once were looked at before.
            values: dict[bytes, list[bytes]] = {}
            for name, value in self.headers:
                values.setdefault(name, []).append(value)
            headers = {name: b", ".join(each) for name, each in values.items()}
            expects = self.expect_100_continue
            self._take(Turn(self, method, path, query, headers, whole=None, keep_alive=keep_alive, expects=expects))
            return
        scope = self.scope
        scope["method"], scope["http_version"] = method, self.parser.get_http_version()
        scope["raw_path"], scope["query_string"], scope["path"] = raw_path, query, unquote(path)
        self._take(Cycle(self, scope, True, keep_alive, self.expect_100_continue))

    def _take(self, cycle: Cycle) -> None:
        """Begin with a request, or let it wait until those before it are answered."""
        waiting, self.cycle = self._answering, cycle
        if not waiting:
            self._begun = True
            self._start(cycle)
        else:
            self.flow.pause_reading()
            self._queue.append(cycle)

    def _start(self, cycle: Cycle) -> None:
        self._running = cycle
        cycle.task = self.loop.create_task(self._answer(cycle))
        self.tasks.add(cycle.task)

    async def _answer(self, cycle: Cycle) -> None:
        try:
            if isinstance(cycle, Turn):
                await self.serve(cycle)
            else:
                await cycle.run_asgi(self.app)
        finally:
            self.tasks.discard(cycle.task)
            # What was not answered never will be, and nobody should wait for it. Who is told why takes care of the rest.
            if not (cycle.response_complete or cycle.disconnected):
                self.transport.close()
            cycle.release()

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self._queue:
            self._start(self._queue.popleft())
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._await_next(self._idle_since)
        if self.cycle.more_body:
            self._rest = self.loop.call_later(REST_TIMEOUT, self.transport.close)

    def _unset_keepalive_if_required(self) -> None:
        # One timer outlives many requests: it looks when it fires. One for each request costs 2 µs more.
        pass

    def _await_next(self, since: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_at(
            since + self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._answering or not self._complete:
            return
        if self._idle_since + self.timeout_keep_alive <= self.loop.time():
            self.transport.close()
        else:
            self._await_next(self._idle_since)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._forget_rest()

    def refuse(self, detail: str) -> None:
        if self._refused:
            return
        self._refused = True
        # An answer that is on its way, or was given before its request was read whole, must not get a second one.
        if self._begun and not (self.cycle.over or self._reading):
            self.transport.close()
            return
        if self._answering:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        headers, body = type(self).render(detail, self.read_path, self.client[0] if self.client else "")
        lines = (*self.server_state.default_headers, *headers, (b"content-length", str(len(body)).encode()))
        head = b"".join(b"%b: %b\r\n" % line for line in lines)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"connection: close\r\n\r\n" + body)
        # Closing with unread input resets the connection, and the client would never see the answer.
        self.transport.write_eof()
        self.flow.resume_reading()
        self._forget_rest()
        self._disarm()
        self._deadline = self.loop.call_later(LINGER, self.transport.close)

    @property
    def _answering(self) -> bool:
        return self._begun and not self.cycle.response_complete

    @property
    def _reading(self) -> bool:
        """Whether the only request under way is the one whose body is being read, and nothing has been said to it."""
        return self._complete and self.cycle.more_body and not self.cycle.response_started and not self._queue

    def _too_slow(self) -> None:
        self._deadline = None
        if self._complete and self._begun:
            return
        if self.flow.read_paused:
            # It is we who do not read on, until what was asked before is answered.
            self._deadline = self.loop.call_later(HEADERS_TIMEOUT, self._too_slow)
        else:
            self.transport.close()

    def _forget_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


def hardened(render: Render, serve: Serve) -> type[Hardened]:
    """The protocol class for `uvicorn.Config(http=…)`.

    `render(detail, path, client)` gives headers and body of the 400 answer, `path` being empty when none was read;
    `serve(turn)` answers what is under `/v1`.
    """
    return type("Configured", (Hardened,), {"render": staticmethod(render), "serve": staticmethod(serve)})
