"""uvicorn's HTTP/1.1 parser with the doors closed that it leaves open.

Refused before any application code runs, with a problem document (RFC 9457) and the connection closed: none or two
`Host`, a second `Authorization` or other header that may stand once, a target that is no path of this server, a transfer
coding other than chunked, headers or a request line beyond their limit, and whatever llhttp calls malformed
(Content-Length beside Transfer-Encoding, bare LF, obs-fold …). Trailer fields are dropped (uvicorn would append them to
the headers while the application already runs), and a client that takes forever to send its headers, the rest of a body
that was answered already, or to read its answer, is cut off. A request under `/v1` becomes a `Turn` and goes straight to
`serve`, a plain one without the parser (gateway/plain.py); everything else goes through ASGI.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gateway.cycle import Cycle
from gateway.plain import recognised
from gateway.turn import Turn

MAX_HEADERS: Final = 32 * 1024
MAX_TARGET: Final = 8 * 1024
HEADERS_TIMEOUT: Final = 10.0
REST_TIMEOUT: Final = 10.0
LINGER: Final = 1.0
STALL: Final = 30.0

# One value each by their definition; a second one means that two parties could read the request differently.
SINGLE: Final = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"host",
        b"idempotency-key",
        b"transfer-encoding",
        b"version",
    }
)

_SPOKEN: Final = frozenset({"1.1", "1.0"})

Render: TypeAlias = Callable[[str], tuple[tuple[tuple[bytes, bytes], ...], bytes]]
Serve: TypeAlias = Callable[[Turn], Awaitable[None]]


class _RefusedError(Exception):
    """Raised inside the parser's callbacks; the parser turns it into its own error."""


class Hardened(HttpToolsProtocol):
    """One connection. `render` and `serve` are set by `hardened`."""

    render: Render
    serve: Serve
    cycle: Cycle

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._refused = False
        self._begun = False
        self._complete = True
        self._fed = 0
        self._size = 0
        self._seen: set[bytes] = set()
        self._deadline: asyncio.TimerHandle | None = None
        self._idle_since = 0.0
        self._stalled: asyncio.TimerHandle | None = None
        self._rest: asyncio.TimerHandle | None = None
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
        super().data_received(data)
        if self._complete:
            if self._deadline is not None and self._begun:
                self._disarm()
            return
        # The parser keeps an unfinished header line to itself, so only what was fed tells how long it is.
        self._fed += len(data)
        if self._fed > MAX_HEADERS:
            self.send_400_response("The headers are too large.")
        elif self._deadline is None and not self._refused:
            self._deadline = self.loop.call_later(HEADERS_TIMEOUT, self._too_slow)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._complete = False
        self._fed = self._size = 0
        self._seen = set()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise _RefusedError

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._complete:
            return
        # White space around a value is no part of it (RFC 9110 § 5.5), and the parser leaves the trailing one.
        name, value = name.lower(), value.strip(b" \t")
        self._size += len(name) + len(value) + 4  # the colon, the space and the line end count too
        if self._size > MAX_HEADERS:
            raise _RefusedError
        if name in SINGLE:
            if name in self._seen or (name == b"transfer-encoding" and value.lower() != b"chunked"):
                raise _RefusedError
            self._seen.add(name)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._complete = True
        # A proxy's absolute target could name another host than `Host`, and a fragment is never sent (RFC 9112 § 3.2).
        plain = self.url[:1] == b"/" and b"#" not in self.url
        if b"host" not in self._seen or not plain or self.parser.get_http_version() not in _SPOKEN:
            raise _RefusedError
        parser, scope = self.parser, self.scope
        target, _, query = self.url.partition(b"?")
        method, path = parser.get_method().decode("ascii"), target.decode("ascii")
        keep_alive = parser.get_http_version() == "1.1" and parser.should_keep_alive()
        # As it was sent: a path that says /v1 only once it is decoded was another path to whatever stands in front.
        if path.startswith("/v1/") or path == "/v1":
            # Several lines of one name are one list (RFC 9110 § 5.3); those that may stand once were looked at above.
            values: dict[bytes, list[bytes]] = {}
            for name, value in self.headers:
                values.setdefault(name, []).append(value)
            headers = {name: b", ".join(each) for name, each in values.items()}
            expects = self.expect_100_continue
            self._take(Turn(self, method, path, query, headers, whole=None, keep_alive=keep_alive, expects=expects))
            return
        scope["method"], scope["http_version"] = method, parser.get_http_version()
        scope["raw_path"], scope["query_string"], scope["path"] = target, query, unquote(path)
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
        if self.flow.read_paused:
            self.flow.resume_reading()
        if self._queue:
            self._start(self._queue.popleft())
            return
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
        self.cycle.more_body = False
        self._forget_rest()

    def send_400_response(self, msg: str) -> None:
        if self._refused:
            return
        self._refused = True
        # An answer that is on its way belongs to an earlier request: nothing may be written into it.
        if self._answering and not self._reading:
            self.transport.close()
        else:
            if self._answering:
                self.cycle.disconnected = True
                self.cycle.message_event.set()
            headers, body = type(self).render(msg)
            lines = (*self.server_state.default_headers, *headers, (b"content-length", str(len(body)).encode()))
            head = b"".join(b"%b: %b\r\n" % line for line in lines)
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + head + b"connection: close\r\n\r\n" + body)
            # Closing with unread input resets the connection, and the client would never see the answer.
            self.transport.write_eof()
            self._disarm()
            self._deadline = self.loop.call_later(LINGER, self.transport.close)

    def _unsupported_upgrade_warning(self) -> None:
        # A client may ask for any upgrade and be answered plainly (RFC 9110 § 7.8): no reason for a log line.
        pass

    @property
    def _answering(self) -> bool:
        return self._begun and not self.cycle.response_complete

    @property
    def _reading(self) -> bool:
        """Whether the only request under way is the one whose body is being read, and nothing has been said to it."""
        return self._complete and self.cycle.more_body and not self.cycle.response_started and not self._queue

    def _too_slow(self) -> None:
        self._deadline = None
        if not (self._complete and self._begun):
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

    `render(detail)` gives headers and body of the 400 answer; `serve(turn)` answers what is under `/v1`.
    """
    return type("Configured", (Hardened,), {"render": staticmethod(render), "serve": staticmethod(serve)})
