"""One HTTP/1.1 connection: writes a request, parses its answer within limits, and knows whether it may be used again."""

import asyncio
import math
import select
from typing import cast

import httptools

from gateway.upstream.errors import Broken, Invalid, Timeout, TooLarge, UpstreamError
from gateway.upstream.framing import HEAD_LIMIT, framing
from gateway.upstream.response import Response
from gateway.upstream.roles import Owner, Sink


class Connection(asyncio.Protocol):
    """A connection is idle or carries exactly one exchange; anything unexpected ends it. Create through create_connection."""

    __slots__ = (
        "_answer",
        "_armed",
        "_bodyless",
        "_complete",
        "_deadline",
        "_drained",
        "_headed",
        "_headers",
        "_limit",
        "_loop",
        "_owner",
        "_parser",
        "_parts",
        "_poll",
        "_received",
        "_response",
        "_secure",
        "_sink",
        "_spare",
        "_stray",
        "_timer",
        "_until_close",
        "busy",
        "closed",
        "connected",
        "heard",
        "idle_since",
        "sending",
        "transport",
        "used",
    )

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self._owner = owner
        self._loop = loop
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)
        self._timer: asyncio.TimerHandle | None = None
        self._armed = math.inf
        self._drained: asyncio.Future[None] | None = None
        self.busy = False
        self.connected = False
        self.closed = False
        self.used = False
        self.sending = False
        self.idle_since = 0.0

    def start(
        self, message: bytes, deadline: float, *, bodyless: bool, sink: Sink | None = None, sending: bool = False
    ) -> asyncio.Future[Response]:
        """Writes `message` and returns the future of the answer, of its head alone when a `sink` takes the body.

        `deadline` is in the loop's time; `bodyless` says that the method is HEAD; `sending` that more of the request follows.
        """
        # uvloop refuses a write to a closing transport with RuntimeError, even before it has told us of the loss.
        if self.closed or self.transport.is_closing():
            raise Broken("connection ended before the request", sent=False)
        self._answer: asyncio.Future[Response] = self._loop.create_future()
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._sink = sink
        self._bodyless = bodyless
        self._response: Response | None = None
        self._received = self._spare = 0
        self._headed = self._complete = self._stray = self._until_close = self.heard = False
        self.sending = sending
        self.busy = True
        self.expect_by(deadline)
        self.transport.write(message)
        return self._answer

    def expect_by(self, deadline: float) -> None:
        """Moves the exchange's deadline (loop time, `math.inf` for none)."""
        self._deadline = deadline
        # One timer outlives many exchanges: it looks at the current deadline when it fires. A timer per exchange costs 2 µs more.
        if deadline < self._armed:
            if self._timer is not None:
                self._timer.cancel()
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        self._armed = deadline
        self._timer = self._loop.call_at(deadline, self._on_timer)

    def _on_timer(self) -> None:
        self._timer, self._armed = None, math.inf
        if self.busy and self._deadline < math.inf:
            if self._deadline <= self._loop.time():
                self.fail(Timeout("no complete answer before the deadline", sent=True))
            else:
                self._arm(self._deadline)

    def quiet(self) -> bool:
        """False when the peer has sent or closed something the loop has not read yet.

        Bytes that arrived before the request must not be taken for its answer, and a write must not go to a closed connection.
        """
        return not (self.closed or self.transport.is_closing() or self._poll.poll(0))

    def fail(self, error: UpstreamError) -> None:
        """Ends the exchange with `error` and the connection with it."""
        if self.busy:
            answer, sink = self._answer, self._sink
            self._forget()
            if not answer.done():
                answer.set_exception(error)
            elif sink is not None:
                sink.finish(error)
        self.drop()

    def drop(self) -> None:
        """Closes at once, whatever is under way; an exchange's future is left to its owner."""
        if self.closed:
            return
        self.closed = True
        if self.busy:
            self._forget()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self.transport.abort()
        self._owner.lost(self)

    def _forget(self) -> None:
        # Neither an idle connection nor a cycle (answer → error → traceback → connection) may keep an exchange in memory.
        self.busy = False
        self._sink = self._response = None
        self._headers = []
        self._parts = []
        del self._answer

    def abandon(self, answer: asyncio.Future[Response]) -> None:
        """Drops the connection if it is still at work on `answer`; once that is complete the connection may serve others."""
        if self.busy and self._answer is answer:
            self.drop()

    async def drained(self) -> None:
        """Returns when the transport takes more bytes; to be cancelled when the exchange ends before that."""
        if self._drained is not None:
            await self._drained

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.connected = True
        self._secure = transport.get_extra_info("ssl_object") is not None
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def pause_writing(self) -> None:
        self._drained = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._drained is not None:
            if not self._drained.done():
                self._drained.set_result(None)
            self._drained = None

    def data_received(self, data: bytes) -> None:
        if not self.busy:
            self.drop()
            return
        self.heard = True
        self._spare += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # After a complete answer this is data that nobody asked for: the answer stands, the connection does not.
            self._stray = True
            if not self._complete:
                self.fail(Invalid(f"not an HTTP answer: {error}", sent=True))
                return
        if self._complete:
            if self.busy:
                self._conclude()
        elif self._spare > HEAD_LIMIT:
            self.fail(Invalid("too many bytes that are no body", sent=True))

    def eof_received(self) -> None:
        # Over TLS a cut connection looks like a complete answer when its end is the only delimiter (RFC 9112 §9.8).
        if self.busy and self._until_close and not self._secure:
            self._stray = True
            self._finish()
            self._conclude()
        else:
            self.fail(Broken("connection ended before the answer was complete", sent=True))

    def connection_lost(self, exc: Exception | None) -> None:
        cause = type(exc).__name__ if exc is not None else "closed"
        self.fail(Broken(f"connection lost before the answer was complete: {cause}", sent=True))
        # Parser and connection hold each other: without this a dead connection would wait for a full collection.
        del self._parser

    # httptools callbacks: none may raise, the parser would hide the reason. Those after a failure are ignored through `busy`.

    def on_message_begin(self) -> None:
        if self._complete:
            self._stray = True
        else:
            self._headers = []
            self._headed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: nothing reads them, and merging them would let a body overrule the head.
        if not self._headed:
            self._headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        self._headed = True
        if not self.busy or self._complete:
            return
        status = self._parser.get_status_code()
        verdict = framing(status, self._parser.get_http_version(), self._headers, self._spare)
        if isinstance(verdict, str):
            self.fail(Invalid(verdict, sent=True))
            return
        length, self._until_close = verdict
        if status >= 200:
            if self._sink is not None and not self._answer.done():
                self._answer.set_result(Response(status, tuple(self._headers), b""))
            if self._bodyless:
                # The parser cannot be told that no body follows (RFC 9112 §6.3), so this connection ends here.
                self._stray = True
                self._finish()
            elif self._sink is None and length > self._limit and status not in (204, 304):
                self.fail(TooLarge("announced length over the limit", sent=True))

    def on_body(self, data: bytes) -> None:
        if not self.busy or self._complete:
            return
        self._spare = 0
        if self._sink is not None:
            self._sink.feed(data)
            return
        self._received += len(data)
        if self._received > self._limit:
            self.fail(TooLarge("body over the limit", sent=True))
        else:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        if self.busy and not self._complete and self._parser.get_status_code() >= 200:
            self._finish()
            if not self._parser.should_keep_alive():
                self._stray = True

    def _finish(self) -> None:
        # Taken here because whatever follows in the same read would overwrite the parser's status.
        self._complete = True
        if self._sink is None:
            parts = self._parts
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            self._response = Response(self._parser.get_status_code(), tuple(self._headers), body)

    def _conclude(self) -> None:
        answer, sink, response = self._answer, self._sink, self._response
        self._forget()
        self.used = True
        # An answer that came before the end of the request leaves the service in the middle of it.
        clean = not (self._stray or self.sending or self.transport.get_write_buffer_size() > 0)
        if sink is not None:
            sink.finish(None)
        elif response is None or answer.done():
            clean = False
        else:
            answer.set_result(response)
        if clean:
            self._owner.released(self)
        else:
            self.drop()
