"""One answer on its way through llhttp, within limits."""

import asyncio
from typing import Protocol

import httptools

from gateway.upstream.errors import Invalid, TooLarge, UpstreamError
from gateway.upstream.framing import HEAD_LIMIT, framing
from gateway.upstream.response import Response


class Sink(Protocol):
    """Takes an answer's body as it arrives, instead of having it collected."""

    def feed(self, data: bytes) -> None:
        """The next bytes."""

    def finish(self, error: UpstreamError | None) -> None:
        """No more bytes: the answer is complete (None), or it failed."""


class Parsing:
    """What one connection has llhttp read, an answer at a time: `begin`, `feed` each read, `end`.

    `complete`: the answer is whole, `response` holds it unless a sink takes it; `stray`: the connection must not be used after it;
    `until_close`: only the end of the connection completes it. Parser and callbacks hold each other until `release`.
    """

    __slots__ = (
        "_answer",
        "_bodyless",
        "_error",
        "_headed",
        "_headers",
        "_limit",
        "_parser",
        "_parts",
        "_received",
        "_sink",
        "_spare",
        "complete",
        "response",
        "stray",
        "until_close",
    )

    def __init__(self, limit: int) -> None:
        """Bodies that are collected have `limit` bytes at most."""
        self._limit = limit
        self._parser = httptools.HttpResponseParser(self)

    def begin(self, answer: asyncio.Future[Response], sink: Sink | None, bodyless: bool) -> None:
        """The first byte of an answer comes next; `answer` is set to the head alone when a `sink` takes the body."""
        self._answer: asyncio.Future[Response] | None = answer
        self._sink = sink
        self._bodyless = bodyless
        self._error: UpstreamError | None = None
        self._headers: list[tuple[bytes, bytes]] = []
        self._parts: list[bytes] = []
        self._received = self._spare = 0
        self._headed = self.complete = self.stray = self.until_close = False
        self.response: Response | None = None

    def end(self) -> None:
        """Neither an idle connection nor a cycle may keep an exchange in memory."""
        self._answer = self._sink = self._error = self.response = None
        self._headers = []
        self._parts = []

    def feed(self, data: bytes) -> UpstreamError | None:
        """Takes what came next; why the answer is refused, if it is."""
        self._spare += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            # After a complete answer this is data that nobody asked for: the answer stands, the connection does not.
            self.stray = True
            if not self.complete:
                self._refuse(Invalid(f"not an HTTP answer: {error}", sent=True))
        if self._spare > HEAD_LIMIT and not self.complete:
            self._refuse(Invalid("too many bytes that are no body", sent=True))
        return self._error

    def finish(self) -> None:
        """Nothing follows: the answer is complete as it is."""
        # Taken here because whatever follows in the same read would overwrite the parser's status.
        self.complete = True
        if self._sink is None:
            parts = self._parts
            body = parts[0] if len(parts) == 1 else b"".join(parts)
            self.response = Response(self._parser.get_status_code(), tuple(self._headers), body)

    def release(self) -> None:
        """Lets the parser go: nothing is fed any more, and a dead connection must not wait for a full collection."""
        del self._parser

    def _refuse(self, error: UpstreamError) -> None:
        if self._error is None:
            self._error = error

    # httptools callbacks: none may raise, the parser would hide the reason. Those after a refusal are ignored.

    def on_message_begin(self) -> None:
        if self.complete:
            self.stray = True
        else:
            self._headers = []
            self._headed = False

    def on_header(self, name: bytes, value: bytes) -> None:
        # After the head these are trailers: nothing reads them, and merging them would let a body overrule the head.
        if not self._headed:
            self._headers.append((name.lower(), value.rstrip()))

    def on_headers_complete(self) -> None:
        self._headed = True
        if self._error is not None or self.complete:
            return
        status = self._parser.get_status_code()
        verdict = framing(status, self._parser.get_http_version(), self._headers, self._spare)
        if isinstance(verdict, str):
            self._refuse(Invalid(verdict, sent=True))
            return
        length, self.until_close = verdict
        if status >= 200:
            if self._sink is not None and self._answer is not None and not self._answer.done():
                self._answer.set_result(Response(status, tuple(self._headers), b""))
            if self._bodyless:
                # The parser cannot be told that no body follows (RFC 9112 §6.3), so this connection ends here.
                self.stray = True
                self.finish()
            elif self._sink is None and length > self._limit and status not in (204, 304):
                self._refuse(TooLarge("announced length over the limit", sent=True))

    def on_body(self, data: bytes) -> None:
        if self._error is not None or self.complete:
            return
        self._spare = 0
        if self._sink is not None:
            self._sink.feed(data)
            return
        self._received += len(data)
        if self._received > self._limit:
            self._refuse(TooLarge("body over the limit", sent=True))
        else:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        if self._error is None and not self.complete and self._parser.get_status_code() >= 200:
            self.finish()
            if not self._parser.should_keep_alive():
                self.stray = True
