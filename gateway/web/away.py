"""What people are told while something that a page needs is away. One line in the log says so."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from gateway.auth.users import IdentityUnavailable
from gateway.observe import access, logs
from gateway.stores.errors import StoreUnavailable
from gateway.web.context import Web

_TEXT = "Something we need is not available. Nothing was changed by this. Try again shortly."
_WAIT = "5"  # seconds

Endpoint = Callable[[Request], Awaitable[Response]]


def told_when_away(web: Web, endpoint: Endpoint) -> Endpoint:
    """`endpoint`, whose StoreUnavailable and IdentityUnavailable are a page with status 503."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (StoreUnavailable, IdentityUnavailable) as error:
            return away(web, request, error)

    return answered


def away(web: Web, request: Request, error: StoreUnavailable | IdentityUnavailable) -> Response:
    """The page."""
    known = access.entry.get()
    known.code = "store_unavailable" if isinstance(error, StoreUnavailable) else "identity_unavailable"
    logs.event("page not available", "warning", code=known.code, error=error)
    answer = web.templates.page(request, "message.html", 503, heading="Not at the moment", text=_TEXT, link=None)
    answer.headers["Retry-After"] = _WAIT
    return answer
