"""Everything under `/docs` and `/openapi`, sent from the files that the supervisor has published (publishing.py)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gateway.brands import Brand
from gateway.problems import NotFound
from gateway.reference.files import Kept, answer
from gateway.reference.published import MANIFEST
from gateway.stores.errors import StoreUnavailable

ASSETS: Final = "/docs/assets"
LIBRARIES: Final = "/sdk/"
LIBRARIES_INDEX: Final = f"{LIBRARIES}index.json"
"""What programs find at the same address as the page (RFC 9110 § 12.1)."""
PLACE: Final = "site"
"""Below the data directory; each publication has a folder of its own in it."""
WANTED: Final = "wanted"
"""A file beside the folders, made by a worker that is asked for what is not published yet."""
_PATIENCE: Final = 20.0  # seconds
_PAUSE: Final = 0.05  # seconds
_READS: Final = ("GET", "HEAD")
LLMS: Final = "/llms.txt"
_WEIGHT: Final = re.compile(r"q\s*=\s*([01](?:\.\d*)?)")


def routes(folder: Path, brands: Sequence[Brand]) -> list[Route]:
    """The routes of what is published in `folder` for the same brands, now or soon. Only headers are held in memory."""
    published = _Published(folder)

    async def serve(request: Request) -> Response:
        site = (await published.sites())[brands.index(request.scope["brand"])]
        path = request.url.path
        if path == LIBRARIES and _wants_json(request.headers.get("accept", "")):
            path = LIBRARIES_INDEX
        found = site.get(path)
        if found is None:
            raise NotFound("route_unknown", "There is nothing at this path.")
        if request.method not in _READS:
            raise HTTPException(405, headers={"Allow": ", ".join(_READS)})
        if _wants_markdown(request.headers.get("accept", "")):
            found = site.get(as_markdown(path), found)
        return await answer(request, folder, found)

    # Few routes for hundreds of pages: they are looked through one by one.
    paths = ("/docs", "/docs/{page:path}", "/openapi.json", "/openapi/{name}", f"{LIBRARIES}{{file:path}}", LLMS)
    # All methods, since a path of which there is no page is nowhere, however it is asked for.
    return [Route(path, serve, methods=[*_READS, "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) for path in paths]


class _Published:
    """What is in a folder, known from the first time that somebody asks for it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sites: list[dict[str, Kept]] = []

    async def sites(self) -> list[dict[str, Kept]]:
        """Path → file, for each brand. Waits while the supervisor is at it; StoreUnavailable when that takes too long."""
        try:
            if not self._sites:
                async with asyncio.timeout(_PATIENCE):
                    await self._appeared()
                told = (self._folder / MANIFEST).read_bytes()
                self._sites = msgspec.json.decode(told, type=list[dict[str, Kept]])
        except (TimeoutError, OSError):
            raise StoreUnavailable("the documents are not published yet") from None
        return self._sites

    async def _appeared(self) -> None:
        """Returns when the folder is there: it appears when it is whole. Says that somebody waits."""
        wanted = self._folder.with_name(WANTED)
        while not (self._folder / MANIFEST).exists():
            if not wanted.exists():
                wanted.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                wanted.touch()
            await asyncio.sleep(_PAUSE)


def as_markdown(path: str) -> str:
    """Where a page stands as Markdown."""
    return "/docs/index.md" if path == "/docs" else f"{path}.md"


def _wants_markdown(accept: str) -> bool:
    """Whether a client names Markdown, and HTML with no higher weight (RFC 9110 § 12.5.1)."""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        media, _, parameters = part.strip().partition(";")
        found = _WEIGHT.search(parameters)
        weights[media.strip()] = float(found[1]) if found else 1.0
    markdown = weights.get("text/markdown", 0.0)
    return markdown > 0 and markdown >= weights.get("text/html", 0.0)


def _wants_json(accept: str) -> bool:
    """Whether a client that could be shown a page asked for data: browsers name text/html."""
    return "application/json" in accept and "text/html" not in accept
