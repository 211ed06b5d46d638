"""What stands before everything: `/` and the picture that browsers ask for beside it."""

from __future__ import annotations

from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gateway.brands import Brand
from gateway.web.colours import on

DOCS: Final = "/docs"
_LINKS: Final = {
    "documentation": DOCS,
    "openapi": "/openapi.json",
    "libraries": "/sdk/",
    "console": "/console",
    "me": "/v1/me",
    "authorization_server": "/.well-known/oauth-authorization-server",
    "protected_resource": "/.well-known/oauth-protected-resource",
    "problems": "/problems",
    "health": "/healthz",
}


def routes() -> list[Route]:
    """`/`, `/favicon.ico`, and the documentation as people type its address."""
    return [Route("/", index), Route("/favicon.ico", favicon), Route(f"{DOCS}/", documentation)]


async def index(request: Request) -> Response:
    """People are sent to the documentation (303); programs get `{name, links: {…: URL}}`."""
    brand: Brand = request.scope["brand"]
    headers = {"Vary": "Accept", "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("accept", ""):
        return RedirectResponse(DOCS, 303, headers=headers)
    links = {name: brand.origin + path for name, path in _LINKS.items()}
    return JSONResponse({"name": brand.name, "links": links}, headers=headers)


async def documentation(_: Request) -> Response:
    """To the documentation's one address: other paths with a slash too many lead nowhere, but this one is typed by hand."""
    return RedirectResponse(DOCS, 308)


async def favicon(request: Request) -> Response:
    """The brand's first letter on its colour, so that tabs of several brands can be told apart."""
    brand: Brand = request.scope["brand"]
    letter = escape(brand.name[:1].upper())
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">'
        f'<rect width="32" height="32" rx="7" fill="{brand.colour}"/>'
        f'<text x="16" y="23" font-family="system-ui,sans-serif" font-size="20" font-weight="700" text-anchor="middle" '
        f'fill="{on(brand.colour)}">{letter}</text></svg>'
    )
    return Response(
        picture,
        media_type="image/svg+xml",
        headers={
            "Cache-Control": "public, max-age=86400",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        },
    )
