"""What is read from a connection: llhttp's HTTP/1.1 with the doors closed that it leaves open.

Refused before any application code runs: none or two `Host`, a second `Authorization` or other header that may stand
once, a target that is no path of this server, a transfer coding other than chunked, a request line, headers or trailer
fields beyond their limit, and whatever llhttp calls malformed (Content-Length beside Transfer-Encoding, bare LF, obs-fold
…). Trailer fields are dropped. A wish to upgrade is not granted (RFC 9110 § 7.8): the request is read like any other,
where httptools would take its body, and whatever follows, for bytes of another protocol.
"""

from __future__ import annotations

from typing import Any, Final

import httptools

from gateway.downstream.roles import Sink
from gateway.downstream.target import authority, relative

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


class _UnwantedError(Exception):
    """Raised at the beginning of a request that nobody would answer."""


class Parsing:
    """One connection's requests, told to `sink` piece by piece. The methods named on_… are the parser's.

    begun: whether a part of a head has been read whose end has not; over: whether nothing more is read.
    """

    __slots__ = ("_fed", "_headers", "_open", "_parser", "_seen", "_sink", "_size", "_url", "begun", "over")

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._parser: Any = self._made()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._seen: set[bytes] = set()
        self._fed = 0  # since the parser last told of something that is no header
        self._size = 0  # of the headers so far
        self._open = False  # between the beginning of a message and its end
        self.begun = False
        self.over = False

    def feed(self, data: bytes) -> None:
        """Read what has come; `refuse` is called when it is no request that is served here."""
        self._fed += len(data)
        while data and not self.over:
            data = self._parsed(data)
        # The parser keeps an unfinished line to itself, so only what was fed since it last told of something bounds it.
        if self._fed > MAX_HEADERS and self._open and not self.over:
            self._refuse("The headers or trailer fields are too large.")

    def release(self) -> None:
        """Let go of the parser, which holds this by its callbacks."""
        self.over = True
        self._parser = None

    def _made(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # What follows a request that is the last by its own words is nobody's fault before that one is answered.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _parsed(self, data: bytes) -> bytes:
        """Let the parser read; what is returned is to be read once more, by another one."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as end:
            # The same request without its wish: the same method, target and version, the same headers in the same order
            # but the one, and behind them the bytes as they came. Nothing was told of it before.
            rest = data[end.args[0] :]
            lines = b"".join([b"%b: %b\r\n" % header for header in self._headers if header[0] != b"upgrade"])
            version = self._parser.get_http_version().encode("ascii")
            head = b"%b %b HTTP/%b\r\n%b\r\n" % (self._parser.get_method(), self._url, version, lines)
            self._parser = self._made()
            return head + rest
        except httptools.HttpParserError as error:
            why = error.__context__
            if isinstance(why, _UnwantedError):
                self.over = True
            else:
                self._refuse(str(why) if isinstance(why, _RefusedError) else f"This is no valid HTTP request: {error}.")
        return b""

    def _refuse(self, detail: str) -> None:
        self.over = True
        path = self._url.partition(b"?")[0]
        known = self._open and path[:1] == b"/" and len(path) <= MAX_TARGET
        bodiless = self._open and path != b"" and self._parser.get_method() == b"HEAD"
        self._sink.refuse(detail, path.decode("ascii", "replace") if known else "", bodiless=bodiless)

    def on_message_begin(self) -> None:
        if not self._sink.wanted():
            raise _UnwantedError
        self.begun = self._open = True
        self._url = b""
        self._headers = []
        self._seen = set()
        self._fed = self._size = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > MAX_TARGET:
            raise _RefusedError("The request's target is too long.")

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.begun:  # a trailer field
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
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        method, version = parser.get_method().decode("ascii"), parser.get_http_version()
        target = self._target(method, version)
        if version not in _SPOKEN:
            raise _RefusedError("Only HTTP/1.1 and HTTP/1.0 are spoken here.")
        # The parser ends such a request here; it is read once more without its wish.
        if not parser.should_upgrade():
            self.begun = False
            modern = version == "1.1"
            waits = any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers)
            keep = modern and parser.should_keep_alive()
            # HTTP/1.0 knows no interim answers (RFC 9110 § 15.2).
            self._sink.taken(method, target, self._headers, version, keep=keep, expects=modern and waits)

    def _target(self, method: str, version: str) -> bytes:
        target: bytes | None = self._url
        host = next((value for name, value in self._headers if name == b"host"), None)
        # A fragment is never sent (RFC 9112 § 3.2), and nothing is tunnelled.
        if b"#" in self._url or method == "CONNECT":
            target = None
        elif self._url[:1] != b"/":
            target = relative(method, self._url, host)
        if target is None:
            raise _RefusedError("The request's target is no path of this server.")
        if host is None:
            # HTTP/1.0 has no such header; whatever needs one will not serve it, unless the target names the host.
            if version != "1.0":
                raise _RefusedError("The header host is missing.")
            if (named := authority(self._url)) is not None:
                self._headers.append((b"host", named))
        return target

    def on_body(self, body: bytes) -> None:
        self._sink.received(body)
        self._fed = 0

    def on_message_complete(self) -> None:
        if not self.begun and self._open:
            self._open = False
            self._sink.ended()
