"""A complete answer."""

Headers = tuple[tuple[bytes, bytes], ...]


class Response:
    """`status` 200–599, `headers` in order with lower-cased names, `body` whole and without its chunked framing.

    Trailers and interim (1xx) answers are dropped.
    """

    __slots__ = ("_headers", "body", "status")

    def __init__(self, status: int, headers: Headers | bytes, body: bytes) -> None:
        """`headers` may be the head as it came, if its grammar is known to be good."""
        self.status = status
        self._headers = headers
        self.body = body

    @property
    def headers(self) -> Headers:
        # Hardly anybody asks, so the head is taken apart only then.
        if isinstance(self._headers, bytes):
            self._headers = _fields(self._headers)
        return self._headers

    def header(self, name: bytes) -> bytes | None:
        """The first value under a lower-case `name`."""
        for known, value in self.headers:
            if known == name:
                return value
        return None


def _fields(head: bytes) -> Headers:
    """The fields of a well-formed head, from its status line to its empty line."""
    parts = (field.partition(b":") for field in head.split(b"\r\n")[1:-2])
    return tuple((name.lower(), value.strip(b" \t")) for name, _, value in parts)
