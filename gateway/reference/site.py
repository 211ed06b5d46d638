"""Everything under `/docs` and `/openapi`, made once for each brand at start."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.core.declare.changes import Contract
from adapters.core.operation import Operation
from gateway.brands import Brand
from gateway.config.settings import Settings
from gateway.reference.documents import Document, branded, committed, offered
from gateway.reference.files import File, answer, file
from gateway.reference.guides import Guide, environment, facts, guides

ASSETS: Final = "/docs/assets"
_HTML: Final = "text/html; charset=utf-8"
_MEDIA: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": _HTML}
# Only the files are used; importing the package would ask for the framework it was made for.
_PACKAGE: Final = ("drf-spectacular-sidecar", "drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist")
_RENDERER: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "oauth2-redirect.html", "oauth2-redirect.js")
_OWN: Final = ("reference.js", "docs.css")


def routes(
    settings: Settings, brands: Sequence[Brand], operations: Sequence[Operation], contracts: Sequence[Contract]
) -> list[Route]:
    """The routes of the documents, the reference page, the guides and their assets."""
    documents = {date: offered(document, operations) for date, document in committed().items()}
    written, assets = guides(), _assets()
    sites = {
        brand: {**assets, **_published(settings, brand, documents, written, contracts, _stamp(assets))}
        for brand in brands
    }

    async def serve(request: Request) -> Response:
        return answer(request, sites[request.scope["brand"]][request.url.path])

    return [Route(path, serve) for path in sites[brands[0]]]


def _published(
    settings: Settings,
    brand: Brand,
    documents: Mapping[str, Document],
    written: Sequence[Guide],
    contracts: Sequence[Contract],
    stamp: str,
) -> dict[str, File]:
    """Path → file, of what differs between brands."""
    dressed = {date: branded(document, brand) for date, document in documents.items()}
    newest = contracts[0].date
    # Whoever can read a document at all may: editors and viewers in browsers ask for it from their own origins.
    published = {
        f"/openapi/{date}.json": file(orjson.dumps(document), "application/json", Access_Control_Allow_Origin="*")
        for date, document in dressed.items()
    }
    published["/openapi.json"] = published[f"/openapi/{newest}.json"]
    colour = f":root {{ --accent: {brand.colour}; }}\n".encode()
    published[f"{ASSETS}/brand.css"] = file(colour, _MEDIA[".css"])
    templates = environment()
    known = facts(settings, brand, dressed[newest], contracts)
    known |= {"guides": written, "assets": ASSETS, "stamp": f"{stamp}{brand.colour.removeprefix('#')}"}
    reference = templates.get_template("reference.html")
    for date in dressed:
        page = _page(reference.render(known, contract=date, slug=""), brand)
        published[f"/docs/{date}"] = page
        if date == newest:
            published["/docs"] = page
    for guide in written:
        article = templates.from_string("{% extends 'guide.html' %}{% block article %}" + guide.html + "{% endblock %}")
        published[f"/docs/{guide.slug}"] = _page(article.render(known, slug=guide.slug, title=guide.title), brand)
    return published


def _page(text: str, brand: Brand) -> File:
    logo = ""
    if brand.logo is not None:
        parts = urlsplit(brand.logo)
        logo = f" {parts.scheme}://{parts.netloc}"
    # data: is for the arrows and locks that the renderer's style sheet draws.
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{logo}; connect-src 'self'; "
        "form-action 'none'; frame-ancestors 'none'; base-uri 'none'"
    )
    return file(
        text.encode(),
        _HTML,
        Content_Security_Policy=policy,
        Referrer_Policy="no-referrer",
        X_Frame_Options="DENY",
        # The renderer opens the sign-in of apps in a window of its own and waits for its word.
        Cross_Origin_Opener_Policy="same-origin-allow-popups",
    )


def _assets() -> dict[str, File]:
    """Path → file, of what is the same for all brands."""
    name, folder = _PACKAGE
    installed = Path(str(metadata.distribution(name).locate_file(folder)))
    own = resources.files("gateway.reference") / "static"
    bodies = {each: (installed / each).read_bytes() for each in _RENDERER}
    bodies |= {each: (own / each).read_bytes() for each in _OWN}
    cache = "public, max-age=604800"
    policy = "default-src 'none'; script-src 'self'; frame-ancestors 'none'; base-uri 'none'"
    return {
        f"{ASSETS}/{each}": file(body, _MEDIA[Path(each).suffix], cache, Content_Security_Policy=policy)
        for each, body in bodies.items()
    }


def _stamp(assets: Mapping[str, File]) -> str:
    """Stands in the address of assets, so that a browser never shows a new page in an old dress."""
    return hashlib.sha256("".join(each.stamp for each in assets.values()).encode()).hexdigest()[:8]
