"""What is read from a connection: uvicorn's HTTP/1.1 parser with the doors closed that it leaves open.

Refused before any application code runs: none or two `Host`, a second `Authorization` or other header that may stand
once, a target that is no path of this server, a transfer coding other than chunked, a request line, headers or trailer
fields beyond their limit, and whatever llhttp calls malformed (Content-Length beside Transfer-Encoding, bare LF, obs-fold
…). Trailer fields are dropped (uvicorn would append them to the headers while the application already runs). A wish to
upgrade is not granted (RFC 9110 § 7.8): the request is read like any other, where httptools would take its body, and
whatever follows, for bytes of another protocol, and uvicorn drop some of them and read the others as new requests.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.downstream.asgi import Cycle

MAX_HEADERS: Final = 32 * 1024
MAX_TARGET: Final = 8 * 1024

# One value each by their definition; a second one means that two parties could read the request differently. A second
# Version is no such danger, and the contract has its own words for it.
SINGLE: Final = frozenset(
    {b"authorization", b"content-length", b"content-type", b"host", b"idempotency-key", b"transfer-encoding"}
)

_SPOKEN: Final = frozenset({"1.1", "1.0"})


class _RefusedError(Exception):
    """Raised inside the parser's callbacks with what the client is told; the parser makes it the context of its own error."""


class Reading(HttpToolsProtocol):
    """One connection's requests, up to where their heads are known and allowed: `taken` goes on with them."""

    cycle: Cycle

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.url = b""
        self._refused = False
        self._complete = True  # the head
        self._ended = True  # the message
        self._fed = 0
        self._size = 0
        self._seen: set[bytes] = set()

    @abstractmethod
    def taken(self, method: str, target: bytes, *, keep_alive: bool) -> None:
        """Go on with a request whose head is complete and allowed. Its headers are in `headers`; its body may follow."""

    @property
    def read_path(self) -> str:
        """The path of the request that is being read, as it was sent; empty when there is none yet."""
        path = self.url.partition(b"?")[0]
        return "" if self._ended or len(path) > MAX_TARGET or path[:1] != b"/" else path.decode("ascii", "replace")

    @abstractmethod
    def refuse(self, detail: str) -> None:
        """Say so, and read nothing more from this connection."""

    def feed(self, data: bytes) -> bool:
        """Have the parser read what has come; call `refuse`, and return False, when it is no request that is served here."""
        self._fed += len(data)
        while data:
            data = self._parsed(data)
        # The parser keeps an unfinished line to itself, so only what was fed since it last told of something bounds it.
        if self._fed > MAX_HEADERS and not self._ended and not self._refused:
            self.refuse("The headers or trailer fields are too large.")
        return not self._refused

    def _parsed(self, data: bytes) -> bytes:
        """Let the parser read; what is returned is to be read once more, by another one."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as end:
            rest = data[end.args[0] :]
            lines = b"".join([b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"])
            version = self.parser.get_http_version().encode("ascii")
            head = b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, lines)
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn made the other one
            return head + rest
        except httptools.HttpParserError as error:
            why = error.__context__
            self.refuse(str(why) if isinstance(why, _RefusedError) else f"This is no valid HTTP request: {error}.")
        return b""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._complete = self._ended = False
        self._fed = self._size = 0
        self._seen = set()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_TARGET:
            raise _RefusedError("The request's target is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._complete:
            return
        # White space around a value is no part of it (RFC 9110 § 5.5), and the parser leaves the trailing one.
        name, value = name.lower(), value.strip(b" \t")
        self._size += len(name) + len(value) + 4  # the colon, the space and the line end count too
        if self._size > MAX_HEADERS:
            raise _RefusedError("The headers are too large.")
        if name in SINGLE:
            if name in self._seen:
                raise _RefusedError(f"The header {name.decode()} is given twice.")
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise _RefusedError("The only transfer coding that is understood is chunked.")
            self._seen.add(name)
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self.parser
        method, version = parser.get_method().decode("ascii"), parser.get_http_version()
        # A proxy's absolute target could name another host than `Host`, and a fragment is never sent (RFC 9112 § 3.2).
        if self.url[:1] != b"/" or b"#" in self.url or method == "CONNECT":
            raise _RefusedError("The request's target is no path of this server.")
        # HTTP/1.0 has no such header; whatever needs one will not serve it.
        if b"host" not in self._seen and version != "1.0":
            raise _RefusedError("The header host is missing.")
        if version not in _SPOKEN:
            raise _RefusedError("Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        # The parser ends such a request here; it is read once more without its wish.
        if not parser.should_upgrade():
            self._complete = True
            self.taken(method, self.url, keep_alive=version == "1.1" and parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._fed = 0

    def on_message_complete(self) -> None:
        if self._complete:
            super().on_message_complete()
            self._ended = True
            self.cycle.more_body = False
