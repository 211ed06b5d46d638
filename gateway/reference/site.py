"""Everything under `/docs` and `/openapi`, sent from the files that the supervisor has published (publishing.py)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.brands import Brand
from gateway.problems import NotFound
from gateway.reference.files import Kept, answer
from gateway.reference.published import MANIFEST

ASSETS: Final = "/docs/assets"
LIBRARIES: Final = "/sdk/"
LIBRARIES_INDEX: Final = f"{LIBRARIES}index.json"
"""What programs find at the same address as the page (RFC 9110 § 12.1)."""
PLACE: Final = "site"
"""Below the data directory; each publication has a folder of its own in it."""


def routes(folder: Path, brands: Sequence[Brand]) -> list[Route]:
    """The routes of what was published in `folder` for the same brands. Only headers are held in memory."""
    published = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=list[dict[str, Kept]])
    sites = dict(zip(brands, published, strict=True))

    async def serve(request: Request) -> Response:
        site, path = sites[request.scope["brand"]], request.url.path
        if path == LIBRARIES and _wants_json(request.headers.get("accept", "")):
            path = LIBRARIES_INDEX
        found = site.get(path)
        if found is None:
            # The file of another brand, whose library has another name.
            raise NotFound("route_unknown", "There is nothing at this path.")
        return await answer(request, folder, found)

    paths = {path: None for site in published for path in site}
    return [Route(path, serve) for path in paths]


def _wants_json(accept: str) -> bool:
    """Whether a client that could be shown a page asked for data: browsers name text/html."""
    return "application/json" in accept and "text/html" not in accept
