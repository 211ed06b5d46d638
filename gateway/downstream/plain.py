"""Requests that are whole, plain, and can be read in one way only: recognised at once, without the parser.

The parser calls back for every header, which is a tenth of what a request costs. Almost all requests say nothing that
needs it: one read holds a request line, well-formed headers, none of them about framing or the connection but a
Content-Length, and exactly the body that it announces. Whatever is not recognised here goes to the parser from its
first byte, and nothing is recognised that the parser would refuse or read differently (tests/downstream/test_plain.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from gateway.downstream.target import of_the_api

MOST: Final = 8 * 1024
"""Bytes of a head that is still recognised here: less than any limit that the parser enforces."""

_NAME: Final = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_FIELD: Final = re.compile(rb"(" + _NAME + rb"): ?([^\r]++)\r\n")
_PECULIAR: Final = frozenset(
    {b"transfer-encoding", b"expect", b"upgrade", b"te", b"trailer", b"keep-alive", b"proxy-connection"}
)


class Plain(msgspec.Struct, frozen=True):
    """Such a request; header names in lower case, each once. `query` is empty when there is none."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes


class Direct:
    """Which requests of a port are answered without ASGI: those for the paths that are `named`."""

    __slots__ = ("_head", "named")

    def __init__(self, named: Callable[[str], bool], plain: bytes) -> None:
        """plain: those of them that may be recognised, as a regular expression of ASCII without groups to be taken out."""
        self.named = named
        self._head = re.compile(
            rb"(GET|POST|PATCH|DELETE) (" + plain + rb")"
            rb"(?:\?([A-Za-z0-9\-._~%&=+:,@/]*+))? HTTP/1\.1\r\n"
            # A value neither begins nor ends with white space, so that it needs no trimming.
            rb"((?:" + _NAME + rb": ?[!-~\x80-\xff][\t -~\x80-\xff]*+(?<![\t ])\r\n)+)\r\n"
        )

    def recognised(self, data: bytes) -> Plain | None:
        """The request that `data` is, if it is a plain one and nothing else follows."""
        head = self._head.match(data, 0, MOST)
        if head is None:
            return None
        method, path, query, fields = head.groups()
        pairs = _FIELD.findall(fields)
        headers = {name.lower(): value for name, value in pairs}
        if len(headers) != len(pairs) or b"host" not in headers or not _PECULIAR.isdisjoint(headers):
            return None
        if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
            return None
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > 8 or int(length) != len(data) - head.end():
            return None
        return Plain(_METHODS[method], path.decode("ascii"), query or b"", headers, data[head.end() :])


_METHODS: Final = {method: method.decode() for method in (b"GET", b"POST", b"PATCH", b"DELETE")}

API: Final = Direct(of_the_api, rb"/v1(?:/[A-Za-z0-9\-._~%]*+)+|/mcp(?:/readonly)?")
"""Of the public port."""
