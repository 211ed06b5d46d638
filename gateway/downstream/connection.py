"""One connection of the public port, or of the ingest port: whose turn it is, how long a client may take, and when the connection ends.

Its states are drawn in gateway/downstream/states.py and its ends made in gateway/downstream/lifecycle.py; what is read and refused is `Parsing`'s part
(gateway/downstream/parsing.py). What is `direct`, such as the API, becomes a `Turn` and goes straight to `serve`, a plain one without the parser
(gateway/downstream/plain.py); all else goes through ASGI. What is refused is told with a problem document (RFC 9457) and the connection closed.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any, TypeAlias, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from gateway.downstream.asgi import Scoped, scope_of
from gateway.downstream.cycle import Cycle, Framing
from gateway.downstream.direct import Turn, joined
from gateway.downstream.flow import HIGH_WATER
from gateway.downstream.header_lines import CLOSING, STATUS, lines
from gateway.downstream.lifecycle import Lifecycle
from gateway.downstream.parsing import Parsing
from gateway.downstream.plain import API, Direct
from gateway.downstream.states import ANSWERING, IDLE, LINGERING, NEW, Limits, State
from gateway.downstream.target import plain_path

Render: TypeAlias = Callable[[str, str, str], tuple[tuple[tuple[bytes, bytes], ...], bytes]]
Serve: TypeAlias = Callable[[Turn], Awaitable[None]]


class Connection(Lifecycle):
    """One connection, an `Owner` and a `Sink` (roles). What stands before `__init__` is set by `protocol`, for all of a server."""

    render: Render
    serve: Serve
    direct: Direct = API
    fast_path: bool = True
    most: float = inf
    """Connections held at once; `refused` is told of each beyond, which without a descriptor would vanish unseen."""
    refused: Callable[[], None] = staticmethod(lambda: None)
    draining: bool = False
    """Whether the server is about to stop: each answer is then the last of its connection."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(_loop or asyncio.get_event_loop())
        self.app = config.loaded_app
        self.server_state = server_state
        self.client: tuple[str, int] | None = None
        self._app_state = app_state
        self._parsing: Parsing | None = None  # made for the first request that needs it
        self._running: Cycle | None = None
        self._reading: Cycle | None = None  # whose body has not ended
        self._waiting: deque[Cycle] = deque()
        self._last = False  # whether no request is taken any more
        self._ended = False  # whether the client has said all it will

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        return self.server_state.default_headers

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.made(cast("asyncio.Transport", transport))
        self.client = _address(transport.get_extra_info("peername"))
        if len(self.server_state.connections) >= self.most:
            self.refused()
            self.close()
            return
        self.server_state.connections.add(cast("Any", self))

    def data_received(self, data: bytes) -> None:
        state = self.state
        if state is IDLE or state is NEW:
            # Between two requests the parser holds nothing, so it need not know of those that do without it.
            plain = self.direct.recognised(data) if self.fast_path else None
            if plain is not None:
                self._last = self.draining
                path, keep = plain_path(plain.path), not self._last
                self._begin(
                    Turn(self, plain.method, path, plain.query, plain.headers, whole=plain.body, keep_alive=keep)
                )
                return
        elif state is LINGERING:
            self.lingers_on(len(data))
            return
        self._parsing = self._parsing or Parsing(self)
        if not self._parsing.over:
            self._parsing.feed(data)
            self._settle()
        elif state is ANSWERING:
            # Read and dropped once the last answer is written, for a bounded time.
            self.flow.pause_reading()

    def eof_received(self) -> bool:
        """The client has said all it will; what it has asked for is answered all the same. True: our side stays open (without TLS)."""
        if self.state is ANSWERING:
            self._ended = True
            self._end_reading()
        else:
            self.close()
        return self.transport.can_write_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        self.server_state.connections.discard(cast("Any", self))
        self.lost()
        for cycle in (self._running, *self._waiting):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.wake()
        for cycle in self._waiting:
            cycle.release()
        self._waiting.clear()
        self._running = self._reading = None
        if self._parsing is not None:
            self._parsing.release()

    def shutdown(self) -> None:
        """The server stops: what is under way is answered, nothing else is taken. Called by uvicorn."""
        if self.state is ANSWERING:
            self._newest().keep_alive = False
            self._last = True
        elif self.state is State.REST:
            self._finished()  # closed while more is coming, it would be reset
        elif self.state < LINGERING:
            self.close()

    # What the parser tells (roles.Sink)

    def wanted(self) -> bool:
        if self._last or self.state >= LINGERING:
            return False
        if len(self._waiting) >= self.limits.pipelined:
            # Answered up to here; who pipelines must be ready to ask again for the rest (RFC 9112 § 9.3.2).
            self._waiting[-1].keep_alive = False
            self._last = True
        return not self._last

    def taken(
        self, method: str, target: bytes, headers: list[tuple[bytes, bytes]], version: str, *, keep: bool, expects: bool
    ) -> None:
        raw_path, _, query = target.partition(b"?")
        path = plain_path(raw_path.decode("ascii"))
        keep = keep and not self.draining
        cycle: Cycle
        if self.direct.named(path):
            told, chunks = joined(headers), version != "1.0"
            cycle = Turn(self, method, path, query, told, whole=None, keep_alive=keep, expects=expects, chunks=chunks)
        else:
            server = _address(self.transport.get_extra_info("sockname"))
            scope = scope_of(method, target, headers, version, client=self.client, server=server, state=self._app_state)
            cycle = Scoped(self, scope, keep_alive=keep, expects=expects)
        self._reading = cycle
        self._last = not keep
        if self._running is None:
            self._begin(cycle)
        else:
            self.flow.pause_reading()
            self._waiting.append(cycle)

    def received(self, body: bytes) -> None:
        cycle = self._reading
        if cycle is None or cycle.response_complete or cycle.disconnected:
            self.drop(len(body))
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER:
            self.flow.pause_reading()
        cycle.wake()

    def ended(self) -> None:
        if self._reading is not None:
            self._reading.more_body = False
            self._reading.wake()
            self._reading = None

    def refuse(self, detail: str, path: str, *, bodiless: bool) -> None:
        if self._running is None:
            if self._reading is None:
                self._say_why(detail, path, bodiless=bodiless)
            self._finished()
            return
        if self._reading is not None:
            # Who has begun without it may have done what was asked already, and then has to say so.
            self._reading.malformed = detail, path
        # An answer that is on its way must not get a second one, nor one that is not its own.
        self._end_reading()

    # One request after the other (roles.Owner)

    def refuse_body(self) -> None:
        cycle = self._running
        if cycle is not None and cycle.malformed is not None and not cycle.gone():
            self._say_why(*cycle.malformed, bodiless=cycle.method == "HEAD")
            cycle.disconnected = True
            self._finished()

    def answered(self) -> None:
        self.server_state.total_requests += 1
        if self.state is not ANSWERING or self._running is None:
            return
        if not self._running.keep_alive:
            self._finished()
        elif self._waiting:
            self._begin(self._waiting.popleft())
        else:
            self._running = None
            self.flow.resume_reading()
            self._settle()

    def _begin(self, cycle: Cycle) -> None:
        self._running = cycle
        if self.state is not ANSWERING:
            self.enter(ANSWERING)
        cycle.task = self.loop.create_task(self._answer(cycle))
        self.server_state.tasks.add(cycle.task)

    async def _answer(self, cycle: Cycle) -> None:
        try:
            if cycle.malformed is not None:
                self.refuse_body()
            elif isinstance(cycle, Turn) and not cycle.disconnected:
                await self.serve(cycle)
            elif isinstance(cycle, Scoped) and not cycle.disconnected:
                await cycle.run(self.app)
        finally:
            self.server_state.tasks.discard(cycle.task)
            # What was not answered whole never will be, and nobody should wait for it, nor take a part for all of it.
            if not (cycle.response_complete or cycle.disconnected):
                if cycle.framing is Framing.CLOSE:
                    self.transport.abort()
                else:
                    self.close()
            cycle.release()

    def _settle(self) -> None:
        """Find the state in which the connection is while nothing is being answered."""
        if self._running is not None or self.state >= LINGERING:
            return
        found: State = NEW if self.state is NEW else IDLE
        if self._reading is not None:
            found = State.REST
        elif self._parsing is not None and self._parsing.begun:
            found = State.HEAD
        if found is not self.state:
            self.enter(found)

    def _finished(self) -> None:
        """Nothing more is answered on this connection."""
        self._last = True
        self._running = self._reading = None
        if self._ended:
            self.close()
        else:
            self.linger()

    def _say_why(self, detail: str, path: str, *, bodiless: bool) -> None:
        headers, body = type(self).render(detail, path, self.client[0] if self.client else "")
        head = lines((*self.default_headers, *headers, (b"content-length", b"%d" % len(body))))
        self.transport.write(b"%b%b%b\r\n%b" % (STATUS[400], head, CLOSING, b"" if bodiless else body))

    def _newest(self) -> Cycle:
        """The last request that was taken of those that are not answered yet."""
        newest = self._waiting[-1] if self._waiting else self._running
        assert newest is not None
        return newest

    def _end_reading(self) -> None:
        """Nothing more is read: a body that has not ended is told to be cut off, and the newest request is the last."""
        self._newest().keep_alive = False
        self._last = True
        if self._parsing is not None:
            self._parsing.over = True
        if self._reading is not None:
            self._reading.truncated = True
            self._reading.wake()


def _address(found: Any) -> tuple[str, int] | None:
    """Host and port of an address of the internet; None for any other kind."""
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None


def protocol(
    render: Render, serve: Serve, *, fast_path: bool = True, limits: Limits | None = None, direct: Direct = API
) -> type[Connection]:
    """The protocol class for `uvicorn.Config(http=…)`.

    `render(detail, path, client)` gives headers and body of the 400 answer, `path` being empty when none was read; `serve(turn)` answers what is `direct`.
    """
    chosen = limits or Limits()
    shared = {"render": staticmethod(render), "serve": staticmethod(serve), "fast_path": fast_path, "direct": direct}
    return type("Configured", (Connection,), {**shared, "limits": chosen, "seconds": chosen.by_state()})
