"""Whoever has no secret is counted by address, outside `/v1` as inside: every page and answer that is nobody's own."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.observe import access, metrics
from gateway.problems import RateLimited, throttled
from gateway.stores.errors import StoreUnavailable
from gateway.web.context import Web

_DETAIL: Final = "Too many requests from your address by clients that are not signed in."


class UnauthenticatedLimit:
    """An ASGI application whose requests count against their address unless somebody is signed in.

    apart: beginnings of paths that are not counted here: because their endpoints count for themselves, when they know
    whether a secret came with the request, or because they are files that a page which was counted asks for.
    """

    def __init__(self, app: ASGIApp, web: Web, apart: tuple[str, ...]) -> None:
        self._app = app
        self._web = web
        self._apart = apart

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request, or RateLimited."""
        request = Request(scope, receive)
        if not scope["path"].startswith(self._apart) and not await self._known(request):
            wait = await too_many(self._web, request)
            if wait is not None:
                if "text/html" in request.headers.get("accept", ""):
                    access.entry.get().code = wait.code
                    await self._told(request, wait)(scope, receive, send)
                    return
                raise wait
        await self._app(scope, receive, send)

    async def _known(self, request: Request) -> bool:
        try:
            return await self._web.sessions.find(request) is not None
        except StoreUnavailable:
            return False

    def _told(self, request: Request, wait: RateLimited) -> Response:
        seconds = wait.members["retry_after"]
        text = f"{_DETAIL} Try again in {seconds} second{'' if seconds == 1 else 's'}."
        page = self._web.templates.page(request, "message.html", 429, heading="Not so fast", text=text, link=None)
        page.headers["Retry-After"] = str(seconds)
        return page


async def too_many(web: Web, request: Request) -> RateLimited | None:
    """Count a request of nobody known by its address: what it is refused with when there were too many."""
    policy = web.services.strangers
    verdict = await web.services.limiter.admit_address(web.address(request), policy)
    if verdict.allowed:
        return None
    metrics.rate_limited(policy.name)
    return throttled(verdict.readings[0].retry_after, [policy.name], _DETAIL, policy.quota)
