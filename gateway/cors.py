"""Cross-origin requests of web pages (the Fetch standard's CORS), for the origins that the configuration names.

Wrapped around what scripts may call, and only when an origin is configured: without one, no request pays anything.
Credentials of the browser are never allowed: a token is sent by the script, in a header.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"GET, POST, PATCH, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Accept, Version, Idempotency-Key, Traceparent, Tracestate",
    ),
    (b"access-control-max-age", b"600"),
    (b"content-length", b"0"),
)
_EXPOSED: Final = (
    b"access-control-expose-headers",
    (
        b"Version, X-Request-Id, Location, Link, Retry-After, WWW-Authenticate, Idempotent-Replayed, Deprecation, "
        b"Sunset, RateLimit, RateLimit-Policy, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset"
    ),
)


class Cors:
    """`origins`: exact, or `*`; `paths`: what of `app` scripts may call, None for all of it."""

    def __init__(self, app: ASGIApp, origins: Collection[str], paths: Collection[str] | None = None) -> None:
        self._app = app
        self._any = "*" in origins
        self._origins = frozenset(origin.encode("ascii") for origin in origins)
        self._paths = None if paths is None else frozenset(paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight, or add to the answer of the app what lets the page read it."""
        if self._paths is not None and scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        headers: dict[bytes, bytes] = dict(scope["headers"])
        added = self._allowing(headers.get(b"origin"))
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers and added:
            await send({"type": "http.response.start", "status": 204, "headers": [*added, *_PREFLIGHT]})
            await send({"type": "http.response.body", "body": b""})
            return
        if not self._any:
            added.append((b"vary", b"Origin"))

        async def allowing(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *added]
            await send(message)

        await self._app(scope, receive, allowing)

    def _allowing(self, origin: bytes | None) -> list[tuple[bytes, bytes]]:
        if origin is None or not (self._any or origin in self._origins):
            return []
        return [(b"access-control-allow-origin", b"*" if self._any else origin), _EXPOSED]
