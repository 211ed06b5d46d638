"""Header lines of answers, as bytes that are ready to send.

Most are made once, at start, or of numbers alone; the rest go through `line`. What must never happen is that a value
ends its line and begins another (RFC 9112 § 11.1).
"""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Final

_PHRASES: Final = {status.value: status.phrase for status in HTTPStatus}

STATUS: Final[Mapping[int, bytes]] = {
    status: f"HTTP/1.1 {status} {_PHRASES.get(status, '')}\r\n".encode("ascii") for status in range(100, 600)
}
"""The first line of an answer, by status."""

CLOSING: Final = b"connection: close\r\n"

UNIFORM: Final = b"vary: Authorization, Version\r\ncache-control: no-store\r\nx-request-id: %b\r\n"
"""What every answer below /v1 carries, and every refusal that comes before it is known what was asked for; to be filled
with the id of the request."""

_BREAKS = (b"\r", b"\n", b"\0")


def uniform(request_id: str) -> tuple[tuple[bytes, bytes], ...]:
    """The same as pairs of name and value, for what is answered through ASGI."""
    filled = (UNIFORM % request_id.encode("ascii")).removesuffix(b"\r\n")
    return tuple((name, value) for name, _, value in (each.partition(b": ") for each in filled.split(b"\r\n")))


def line(name: bytes, value: bytes) -> bytes:
    """One header line. ValueError when name or value holds a line end or a NUL."""
    made = b"%b: %b" % (name, value)
    if any(each in made for each in _BREAKS):
        raise ValueError("a header of the answer holds a line end or a NUL")
    return made + b"\r\n"


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The lines of several headers, in order."""
    return b"".join([line(name, value) for name, value in headers])


class Constant:
    """The lines of the headers that the server adds to every answer: made anew only when it hands over another list."""

    __slots__ = ("_headers", "_lines")

    def __init__(self) -> None:
        self._headers: object = None
        self._lines = b""

    def __call__(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The lines of these headers."""
        if headers is not self._headers:
            self._headers, self._lines = headers, lines(headers)
        return self._lines
