"""Which answer heads are accepted, and where the body of an accepted one ends (RFC 9112 §6)."""

from typing import NamedTuple

# llhttp does not limit header sections. The same bound holds for everything that is no body: interim answers, chunk extensions,
# trailers, all of which could otherwise go on for ever.
HEAD_LIMIT = 64 * 1024


class Framing(NamedTuple):
    """`length` in bytes as announced (-1: not announced); `until_close`: only the end of the connection ends the body."""

    length: int
    until_close: bool


def framing(status: int, version: str, headers: list[tuple[bytes, bytes]], received: int) -> Framing | str:
    """The framing of an answer head of which `received` bytes came in so far, or why it is refused."""
    if received > HEAD_LIMIT and sum(len(name) + len(value) + 4 for name, value in headers) > HEAD_LIMIT:
        return "header section over the limit"
    if not 100 <= status <= 599 or status == 101 or version not in ("1.1", "1.0"):
        return "status or version not supported"
    length = -1
    coded = False
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name == b"transfer-encoding":
            # Anything but chunked alone would reach the caller undecoded, or be read until the connection ends.
            if coded or value.lower() != b"chunked":
                return "transfer coding not supported"
            coded = True
    return Framing(length, length < 0 and not coded and status >= 200 and status not in (204, 304))
