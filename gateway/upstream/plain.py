"""Recognising the answers that nearly all answers are, whole and without a parser.

A plain answer is HTTP/1.1 with a final status that has a body, one Content-Length, no other framing, and a head in the grammar that
llhttp accepts without leniency. Everything else, malformed or merely unusual, is the parser's from its first byte, so what is not
recognised here costs time and nothing more. That both agree is a law: tests/upstream/test_plain.py.
"""

import re

from gateway.upstream.framing import HEAD_LIMIT
from gateway.upstream.response import Response

# Lines are given back when something behind them is missing, one look at each: what may follow them begins as none of them does. Groups
# are not repeated possessively instead, for in those early patch releases of Python 3.11 lose their way (tests/repo/test_patterns.py).
_VALUE = rb"[\x20-\x7e\x80-\xff\t]*+"
# llhttp reads `Proxy-Connection` as it reads `Connection`. Most names skip the list by their first letter.
_FIELDS = (
    rb"(?:(?![CcTtUuPp](?i:ontent-length|onnection|ransfer-encoding|pgrade|roxy-connection):)"
    rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++:" + _VALUE + rb"\r\n)*"
)
_KEEPS = rb"(?:(?i:Connection: keep-alive\r\n)" + _FIELDS + rb")?"
# Fifteen digits: no length that a limit allows is near what llhttp's counter holds.
_HEAD = re.compile(
    rb"HTTP/1\.1 ((?!204|304)[2-5][0-9][0-9]) " + _VALUE + rb"\r\n"
    rb"" + _FIELDS + _KEEPS + rb"(?i:Content-Length): ?+([0-9]{1,15}+)\r\n" + _FIELDS + _KEEPS + rb"\r\n"
)


def recognised(data: bytes) -> tuple[int, int, int] | None:
    """Of a plain answer that `data` begins with: its status, and the sizes of its head and of the body it announces."""
    found = _HEAD.match(data, 0, HEAD_LIMIT)
    if found is None:
        return None
    status, length = found.groups()
    return int(status), found.end(), int(length)


class Partial:
    """A plain answer of which not all has come: `reads` is what has, as it came, `missing` how many bytes have not."""

    __slots__ = ("_head", "_status", "missing", "reads")

    def __init__(self, status: int, head: int, missing: int, data: bytes) -> None:
        self._status = status
        self._head = head
        self.missing = missing
        self.reads = [data]

    def add(self, data: bytes) -> int:
        """Takes the next read; how many bytes are missing then, less than none when there are more than announced."""
        self.reads.append(data)
        self.missing -= len(data)
        return self.missing

    def response(self) -> Response:
        """The answer, once nothing is missing."""
        first, head = self.reads[0], self._head
        body = b"".join((memoryview(first)[head:], *self.reads[1:]))
        return Response(self._status, first[:head], body)
