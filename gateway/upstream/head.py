"""Request heads: what may be put on the wire, and how it is framed (RFC 9112 §3, §5 and §6)."""

import re

from gateway.upstream.errors import Unsendable

_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS"))
# RFC 9110 §8.6: these announce their length even when it is zero, or some servers wait for a body or answer 411.
_BODIED = frozenset((b"POST", b"PUT", b"PATCH"))
_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]"
_VALUE = rb"[\x20-\x7e\x80-\xff\t]"
_PATH = re.compile(rb"/[!\"$-~]*+")
_DOTS = re.compile(rb"(?i)/(?:\.|%2e){1,2}(?:[/?]|\Z)")
# The framing belongs to the pool: a caller's Content-Length or Transfer-Encoding would desynchronise the connection. The first
# class lets most lines skip the list of names, which halves the cost of the check.
_LINES = re.compile(
    rb"(?:(?![HhCcTtEeUuKkPp](?i:ost|ontent-length|onnection|ransfer-encoding|xpect|pgrade|e|railer|eep-alive|roxy-connection):)"
    + _TOKEN
    + rb"++:"
    + _VALUE
    + rb"*+\r\n)*+"
)
_NAME = re.compile(_TOKEN + rb"+")
_CLEAN = re.compile(_VALUE + rb"*")


def line(name: bytes, value: bytes) -> bytes:
    """One header line. Raises Unsendable when the value holds CR, LF, NUL or another control character (RFC 9110 §5.5)."""
    if not _NAME.fullmatch(name) or not _CLEAN.fullmatch(value):
        raise Unsendable("header name or value not allowed", sent=False)
    return name + b": " + value + b"\r\n"


def length_line(method: bytes, length: int) -> bytes:
    """The Content-Length line for a body of `length` bytes; nothing for a method that has no body by itself."""
    if length or method in _BODIED:
        return b"Content-Length: %d\r\n" % length
    return b""


class Heads:
    """Builds request heads for one origin."""

    __slots__ = ("_prefix", "_tail")

    def __init__(self, authority: bytes, prefix: bytes) -> None:
        self._prefix = prefix
        self._tail = b" HTTP/1.1\r\nHost: " + authority + b"\r\n"

    def build(self, method: bytes, path: bytes, headers: bytes, framing: bytes) -> bytes:
        """The whole head with its empty line.

        `headers` and `framing` are complete lines. Raises Unsendable for an unknown method, a path that is not a plain
        absolute path (white space, fragment, control and non-ASCII bytes, dot segments that could climb out of the prefix),
        and header lines that are malformed or belong to the pool.
        """
        if method not in _METHODS:
            raise Unsendable("method not allowed", sent=False)
        # A cheap search first: almost no path has a segment that begins with a dot.
        if not _PATH.fullmatch(path) or ((b"/." in path or b"/%2" in path) and _DOTS.search(path.partition(b"?")[0])):
            raise Unsendable("path not allowed", sent=False)
        if not _LINES.fullmatch(headers):
            raise Unsendable("header lines not allowed", sent=False)
        return b"".join((method, b" ", self._prefix, path, self._tail, framing, headers, b"\r\n"))
