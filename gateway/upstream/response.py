"""A complete answer."""

Headers = tuple[tuple[bytes, bytes], ...]


class Response:
    """`status` 200–599, `headers` in order with lower-cased names, `body` whole and without its chunked framing.

    Trailers and interim (1xx) answers are dropped.
    """

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: Headers, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    def header(self, name: bytes) -> bytes | None:
        """The first value under a lower-case `name`."""
        for known, value in self.headers:
            if known == name:
                return value
        return None
