"""Header lines of answers, as bytes that are ready to send.

Most are made once, at start, or of numbers alone; the rest go through `line`. What must never happen is that a value
ends its line and begins another (RFC 9112 § 11.1).
"""

from collections.abc import Iterable
from typing import Final

UNIFORM: Final = b"vary: Authorization, Version\r\ncache-control: no-store\r\nx-request-id: %b\r\n"
"""What every answer below /v1 carries, to be filled with the id of the request."""

_BREAKS = (b"\r", b"\n", b"\0")


def line(name: bytes, value: bytes) -> bytes:
    """One header line. ValueError when name or value holds a line end or a NUL."""
    made = b"%b: %b" % (name, value)
    if any(each in made for each in _BREAKS):
        raise ValueError("a header of the answer holds a line end or a NUL")
    return made + b"\r\n"


def lines(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The lines of several headers, in order."""
    return b"".join([line(name, value) for name, value in headers])
