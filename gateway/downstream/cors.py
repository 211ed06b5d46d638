"""Cross-origin requests of web pages (the Fetch standard's CORS), for the origins that the configuration names.

Only made when an origin is configured: without one, no request pays anything.
Credentials of the browser are never allowed: a token is sent by the script, in a header.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        (
            b"Authorization, Content-Type, Accept, Version, Idempotency-Key, Traceparent, Tracestate, Baggage, "
            b"Sentry-Trace, X-Request-Id, If-Match, If-None-Match, If-Unmodified-Since, "
            b"MCP-Protocol-Version, Mcp-Method, Mcp-Name"
        ),
    ),
    (b"access-control-max-age", b"600"),
)
_EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Version, X-Request-Id, Location, Link, Retry-After, WWW-Authenticate, Idempotent-Replayed, Deprecation, "
        b"Sunset, Allow, Accept-Encoding, Accept-Patch, Content-Disposition, RateLimit, RateLimit-Policy, Test-Mode, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
    ),
)


Headers = list[tuple[bytes, bytes]]


class Cors:
    """Which `origins` scripts may call from: exact ones, or `*`."""

    def __init__(self, origins: Collection[str]) -> None:
        self._any = "*" in origins
        self._origins = frozenset(origin.encode("ascii") for origin in origins)

    def preflight(self, method: str, headers: Mapping[bytes, bytes]) -> Headers | None:
        """The headers of the 204 that answers a preflight of an origin that may ask; None for any other request."""
        if method != "OPTIONS" or b"access-control-request-method" not in headers:
            return None
        allowing = self._allowing(headers.get(b"origin"))
        return [*allowing, *_PREFLIGHT] if allowing else None

    def readable(self, headers: Mapping[bytes, bytes]) -> Headers:
        """What an answer says besides, so that the page may read it if its origin is allowed."""
        allowing = self._allowing(headers.get(b"origin"))
        return allowing if self._any else [*allowing, (b"vary", b"Origin")]

    def _allowing(self, origin: bytes | None) -> Headers:
        if origin is None or not (self._any or origin in self._origins):
            return []
        return [(b"access-control-allow-origin", b"*" if self._any else origin), _EXPOSED]


class Scripted:
    """An ASGI application of which scripts may call `paths`."""

    def __init__(self, app: ASGIApp, cors: Cors, paths: Collection[str]) -> None:
        self._app = app
        self._cors = cors
        self._paths = frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add to the answer of the app what lets the page read it."""
        if scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if (asked := self._cors.preflight(scope["method"], headers)) is not None:
            await send({"type": "http.response.start", "status": 204, "headers": asked})
            await send({"type": "http.response.body", "body": b""})
            return

        async def allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._cors.readable(headers)]
            await send(message)

        await self._app(scope, receive, allowing)
