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
from gateway.reference.files import Kept, answer
from gateway.reference.published import MANIFEST

ASSETS: Final = "/docs/assets"
PLACE: Final = "site"
"""Below the data directory; each publication has a folder of its own in it."""


def routes(folder: Path, brands: Sequence[Brand]) -> list[Route]:
    """The routes of what was published in `folder` for the same brands. Only headers are held in memory."""
    published = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=list[dict[str, Kept]])
    sites = dict(zip(brands, published, strict=True))

    async def serve(request: Request) -> Response:
        return await answer(request, folder, sites[request.scope["brand"]][request.url.path])

    return [Route(path, serve) for path in published[0]]
