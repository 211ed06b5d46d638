"""Request heads: what may be put on the wire, and how it is framed (RFC 9112 §3, §5 and §6)."""

import re
from typing import Self

from gateway.upstream.errors import Unsendable

_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
# RFC 9110 §8.6: these announce their length even when it is zero, or some servers wait for a body or answer 411.
_BODIED = frozenset((b"POST", b"PUT", b"PATCH"))
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_VALUE = rb"[\x20-\x7e\x80-\xff\t]"
# Almost no path has a segment that begins with a dot, so one look tells the most of them good.
_PLAIN_PATH = re.compile(rb"(?:/(?!\.|%2)[!\"$-.0-~]*+)+")
_PATH = re.compile(rb"/[!\"$-~]*+")
_DOTS = re.compile(rb"(?i)/(?:\.|%2e){1,2}(?:[/?]|\Z)")
# The framing belongs to the pool: a caller's Content-Length or Transfer-Encoding would desynchronise the connection. The first
# class lets most lines skip the list of names, which halves the cost of the check.
_LINES = re.compile(
    rb"(?:(?![HhCcTtEeUuKkPp](?i:ost|ontent-length|onnection|ransfer-encoding|xpect|pgrade|e|railer|eep-alive|roxy-connection):)"
    + _TOKEN
    + rb"++:"
    + _VALUE
    + rb"*+\r\n)*"
)
_NAME = re.compile(_TOKEN + rb"+")
_CLEAN = re.compile(_VALUE + rb"*")


def line(name: bytes, value: bytes) -> bytes:
    """One header line. Raises Unsendable when the value holds CR, LF, NUL or another control character (RFC 9110 §5.5)."""
    if not _NAME.fullmatch(name) or not _CLEAN.fullmatch(value):
        raise Unsendable("header name or value not allowed", sent=False)
    return name + b": " + value + b"\r\n"


class Lines(bytes):
    """Header lines that were checked when they were made: a request that carries them does not check them again."""

    def __new__(cls, lines: bytes) -> Self:
        """Raises Unsendable for what `Heads.build` would refuse."""
        if not _LINES.fullmatch(lines):
            raise Unsendable("header lines not allowed", sent=False)
        return super().__new__(cls, lines)


_NONE = Lines(b"")


class Heads:
    """Builds request heads for one origin."""

    __slots__ = ("_starts", "_tail")

    def __init__(self, authority: bytes, prefix: bytes) -> None:
        self._starts = {
            method: (method + b" " + prefix, b"Content-Length: 0\r\n" if method in _BODIED else b"")
            for method in _METHODS
        }
        self._tail = b" HTTP/1.1\r\nHost: " + authority + b"\r\n"

    def build(
        self,
        method: bytes,
        path: bytes,
        headers: bytes,
        body: bytes = b"",
        known: bytes = _NONE,
        framing: bytes | None = None,
    ) -> bytes:
        """The whole head with its empty line, and the `body` behind it.

        `headers`, `known` and `framing` are complete lines. `known` are not looked at if they are `Lines`; `framing` is for a
        body that follows later. Raises Unsendable for an unknown method, a path that is not a plain absolute path (white space,
        fragment, control and non-ASCII bytes, dot segments that could climb out of the prefix), and header lines that are
        malformed or belong to the pool.
        """
        found = self._starts.get(method)
        if found is None:
            raise Unsendable("method not allowed", sent=False)
        start, length = found
        if framing is not None:
            length = framing
        elif body:
            length = b"Content-Length: %d\r\n" % len(body)
        if not _PLAIN_PATH.fullmatch(path) and (not _PATH.fullmatch(path) or _DOTS.search(path.partition(b"?")[0])):
            raise Unsendable("path not allowed", sent=False)
        if not _LINES.fullmatch(headers):
            raise Unsendable("header lines not allowed", sent=False)
        if type(known) is not Lines:
            known = Lines(known)
        return b"".join((start, path, self._tail, length, known, headers, b"\r\n", body))
