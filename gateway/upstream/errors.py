"""Why an internal call gave no answer, and whether the service may have seen the request."""


class UpstreamError(Exception):
    """A call without a usable answer.

    `sent` is False only when no byte of the request can have reached the service: repeating such a call is safe even for
    a write. The text names no host, path or header, so it may be logged as it is.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.sent = sent


class Unreachable(UpstreamError):
    """No connection: name not resolved, refused, TLS not agreed, certificate not trusted, connect timeout, pool closed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=False)


class Saturated(UpstreamError):
    """Every connection stayed busy for the whole connect timeout."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=False)


class Shed(UpstreamError):
    """The service has as many calls as it can bear, and as many wait."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, sent=False)


class Suspended(UpstreamError):
    """The service has failed so often that it is not asked; `retry_after`: seconds until it may be again."""

    def __init__(self, reason: str, *, retry_after: float) -> None:
        super().__init__(reason, sent=False)
        self.retry_after = retry_after


class Unsendable(UpstreamError):
    """The caller's request is not one that may be put on the wire (RFC 9112 §3, §5, §6): a caller's fault, not the service's."""


class Timeout(UpstreamError):
    """The deadline passed before the answer was complete."""


class Broken(UpstreamError):
    """The connection ended before the answer was complete."""


class Invalid(UpstreamError):
    """The service sent something that is not an HTTP/1.x answer we accept."""


class TooLarge(UpstreamError):
    """The answer announces or carries more bytes than the target allows."""
