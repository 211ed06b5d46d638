"""Pages from templates: everything escaped, no scripts needed, nothing that a frame or a foreign host could use."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route, Router
from starlette.staticfiles import StaticFiles

from gateway.brands import Brand
from gateway.web import colours

ASSETS: Final = "/assets"


@cache
def assets() -> Mount:
    """The style sheet, served as a file, and the few lines that each brand puts on top."""
    files = StaticFiles(packages=[("gateway.web", "static")])
    return Mount(ASSETS, Router([Route("/brand.css", _brand), Mount("/", files)], redirect_slashes=False))


async def _brand(request: Request) -> Response:
    return Response(colours.sheet(request.scope["brand"].colour), media_type="text/css")


def stamped(package: str, name: str, mounted: str) -> str:
    """The address of a static file with its digest, so that a browser never shows a new page in an old dress."""
    content = resources.files(package).joinpath("static", name).read_bytes()
    return f"{mounted}/{name}?{hashlib.sha256(content).hexdigest()[:8]}"


class Templates:
    """The templates of `gateway/web/templates` and of further packages, which may extend `layout.html`."""

    def __init__(self, *packages: str) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(package) for package in ("gateway.web", *packages)]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["stylesheet"] = stamped("gateway.web", "pages.css", ASSETS)

    def page(
        self,
        request: Request,
        name: str,
        status: int = 200,
        *,
        form_action: Sequence[str] = (),
        images: Sequence[str | None] = (),
        scripts: bool = False,
        **values: Any,
    ) -> HTMLResponse:
        """A page. `form_action`: where a form may lead besides here; `images`: addresses of pictures from elsewhere.

        `scripts`: whether it has some of ours, from files; pages work without.
        """
        brand: Brand = request.scope["brand"]
        text = self._environment.get_template(name).render(brand=brand, **values)
        pictures = {_origin(each) for each in (*images, brand.logo) if each is not None}
        policy = "; ".join(
            [
                "default-src 'none'",
                "style-src 'self'",
                *(["script-src 'self'"] if scripts else []),
                " ".join(["img-src 'self'", *sorted(pictures)]),
                " ".join(["form-action 'self'", *form_action]),
                "frame-ancestors 'none'",
                "base-uri 'none'",
            ]
        )
        return HTMLResponse(
            text,
            status,
            headers={
                "Content-Security-Policy": policy,
                "X-Frame-Options": "DENY",
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-store",
            },
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
