"""One HTTP/1.1 connection: writes a request, has its answer read within limits, and knows whether it may be used again."""

import asyncio
import math
import select
from typing import Protocol, cast

from gateway.upstream.errors import Broken, Timeout, UpstreamError
from gateway.upstream.parsing import Parsing, Sink
from gateway.upstream.plain import Partial, recognised
from gateway.upstream.response import Response


class Owner(Protocol):
    """Is told about a connection's fate: `released` at most once per exchange, `lost` exactly once per connection made."""

    def released(self, connection: "Connection") -> None:
        """The answer is complete and the connection may carry another exchange."""

    def lost(self, connection: "Connection") -> None:
        """The connection is gone for good."""


class Connection(asyncio.Protocol):
    """A connection is idle or carries exactly one exchange; anything unexpected ends it. Create through create_connection."""

    __slots__ = (
        "_answer",
        "_armed",
        "_bodyless",
        "_deadline",
        "_drained",
        "_limit",
        "_loop",
        "_owner",
        "_parser",
        "_parsing",
        "_partial",
        "_poll",
        "_secure",
        "_sink",
        "_timer",
        "busy",
        "closed",
        "connected",
        "heard",
        "idle_since",
        "sending",
        "time",
        "transport",
        "used",
    )

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, limit: int) -> None:
        self._owner = owner
        self._loop = loop
        self.time = loop.time
        self._limit = limit
        self._parser: Parsing | None = None
        self._parsing: Parsing | None = None
        self._partial: Partial | None = None
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
        self._sink = sink
        self._bodyless = bodyless
        self.heard = False
        self.sending = sending
        self.busy = True
        if deadline < self._armed:
            self._arm(deadline)
        self._deadline = deadline
        self.transport.write(message)
        return self._answer

    def expect_by(self, deadline: float) -> None:
        """Moves the exchange's deadline (loop time, `math.inf` for none)."""
        self._deadline = deadline
        # One timer outlives many exchanges: it looks at the current deadline when it fires. A timer per exchange costs 2 µs more.
        if deadline < self._armed:
            self._arm(deadline)

    def _arm(self, deadline: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
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
        if self._parser is not None:
            self._parser.release()
            self._parser = None
        self.transport.abort()
        self._owner.lost(self)

    def _forget(self) -> None:
        # Neither an idle connection nor a cycle (answer → error → traceback → connection) may keep an exchange in memory.
        self.busy = False
        self._sink = self._partial = None
        if self._parsing is not None:
            self._parsing.end()
            self._parsing = None
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
        partial = self._partial
        if partial is not None:
            missing = partial.add(data)
            if missing > 0:
                return
            if missing == 0:
                self._conclude(partial.response())
                return
            # More than was announced: what that means, the parser shall say.
            data = b"".join(partial.reads)
            self._partial = None
        elif not self.heard:
            self.heard = True
            found = recognised(data) if not self._bodyless else None
            if found is not None:
                status, head, length = found
                missing = head + length - len(data)
                if missing == 0 and length <= self._limit:
                    self._conclude(Response(status, data[:head], data[head:]))
                    return
                if missing > 0 and length <= self._limit and self._sink is None:
                    self._partial = Partial(status, head, missing, data)
                    return
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        parsing = self._parsing
        if parsing is None:
            if self._parser is None:
                self._parser = Parsing(self._limit)
            parsing = self._parsing = self._parser
            parsing.begin(self._answer, self._sink, self._bodyless)
        error = parsing.feed(data)
        if error is not None:
            self.fail(error)
        elif parsing.complete:
            self._conclude(parsing.response, parsing.stray)

    def eof_received(self) -> None:
        # Over TLS a cut connection looks like a complete answer when its end is the only delimiter (RFC 9112 §9.8).
        parsing = self._parsing
        if parsing is not None and parsing.until_close and not self._secure:
            parsing.finish()
            self._conclude(parsing.response, stray=True)
        else:
            self.fail(Broken("connection ended before the answer was complete", sent=True))

    def connection_lost(self, exc: Exception | None) -> None:
        cause = type(exc).__name__ if exc is not None else "closed"
        self.fail(Broken(f"connection lost before the answer was complete: {cause}", sent=True))

    def _conclude(self, response: Response | None, stray: bool = False) -> None:
        answer, sink = self._answer, self._sink
        self._forget()
        self.used = True
        # An answer that came before the end of the request leaves the service in the middle of it.
        clean = not (stray or self.sending or self.transport.get_write_buffer_size() > 0)
        if sink is not None:
            if response is not None and not answer.done():
                # All of it came in one read.
                answer.set_result(response)
                if response.body:
                    sink.feed(response.body)
            sink.finish(None)
        elif response is None or answer.done():
            clean = False
        else:
            answer.set_result(response)
        if clean:
            self._owner.released(self)
        else:
            self.drop()
