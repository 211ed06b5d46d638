"""Everything under `/docs` and `/openapi`, made once for each brand.

Documents are large, and making them takes more memory than sending them: so a process of its own makes them
(gateway/process/publisher.py), when requests are answered already, and a worker opens a file when it is asked for (site.py).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
import orjson

from adapters.core.declare.changes import Contract
from adapters.core.operation import Operation
from gateway.brands import Brand
from gateway.config.settings import Settings
from gateway.reference.calls import CURL, sampled
from gateway.reference.documents import Document, branded, deployed
from gateway.reference.files import File, file, keep
from gateway.reference.guides import Guide, facts, guides
from gateway.reference.libraries import index, libraries, writers
from gateway.reference.pages import Pages
from gateway.reference.published import MANIFEST, SEAL, made_of, stamp, whole
from gateway.reference.site import ASSETS, LIBRARIES, LIBRARIES_INDEX, LLMS, WANTED, as_markdown
from gateway.web import colours

_HTML: Final = "text/html; charset=utf-8"
_MARKDOWN: Final = "text/markdown; charset=utf-8"
_MEDIA: Final = {".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".html": _HTML}
# Only the files are used; importing the package would ask for the framework it was made for.
_PACKAGE: Final = ("drf-spectacular-sidecar", "drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist")
# A page is answered as Markdown, too, where that is asked for.
_VARY: Final = "Accept, Accept-Encoding"
_RENDERER: Final = ("swagger-ui-bundle.js", "swagger-ui.css", "oauth2-redirect.html", "oauth2-redirect.js")
_OWN: Final = ("docs.js", "try_it.js", "docs.css")


def publish(
    place: Path,
    settings: Settings,
    brands: Sequence[Brand],
    operations: Sequence[Operation],
    contracts: Sequence[Contract],
    running: str = "",
    spec: Path | None = None,
) -> str:
    """Write the documents, the pages and their assets into a folder of their own in `place`, unless an earlier run has → its
    name (`published.made_of`).

    The folder appears when it is whole. Files are named for what is in them, so brands share those that are the same.
    `running`: the folder that workers send from until they are told of the new one; all others are removed. Raises OSError.
    """
    name = made_of(settings, brands, operations, contracts, spec)
    if not whole(place / name):
        shutil.rmtree(place / name, ignore_errors=True)
        draft = place / f"draft-{name}"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        _write(draft, settings, brands, operations, contracts, spec)
        draft.rename(place / name)
    (place / WANTED).unlink(missing_ok=True)
    for other in place.iterdir():
        if other.name not in (name, running):
            shutil.rmtree(other, ignore_errors=True)
    return name


def _write(
    draft: Path,
    settings: Settings,
    brands: Sequence[Brand],
    operations: Sequence[Operation],
    contracts: Sequence[Contract],
    spec: Path | None,
) -> None:
    documents = deployed(settings, operations, spec)
    written, assets = guides(), _assets()
    shared = {path: keep(draft, made) for path, made in assets.items()}
    manifest = []
    for brand in brands:
        own = _published(settings, brand, documents, written, contracts, _stamp(assets))
        manifest.append(shared | {path: keep(draft, made) for path, made in own.items()})
    told = msgspec.json.encode(manifest)
    (draft / MANIFEST).write_bytes(told)
    (draft / SEAL).write_text(stamp(told))


def _published(
    settings: Settings,
    brand: Brand,
    documents: Mapping[str, Document],
    written: Sequence[Guide],
    contracts: Sequence[Contract],
    stamp: str,
) -> dict[str, File]:
    """Path → file, of what differs between brands."""
    plain = {date: branded(document, brand) for date, document in documents.items()}
    # Libraries are of the newest contract.
    dressed = {
        date: sampled(document, [CURL, *(writers(document, brand) if date == contracts[0].date else ())])
        for date, document in plain.items()
    }
    newest = contracts[0].date
    # Whoever can read a document at all may: editors and viewers in browsers ask for it from their own origins.
    published = {
        f"/openapi/{date}.json": file(orjson.dumps(document), "application/json", Access_Control_Allow_Origin="*")
        for date, document in dressed.items()
    }
    published["/openapi.json"] = published[f"/openapi/{newest}.json"]
    published[f"{ASSETS}/brand.css"] = file(colours.sheet(brand.colour).encode(), _MEDIA[".css"])
    known = facts(settings, brand, dressed[newest], contracts)
    known |= {"assets": ASSETS, "stamp": f"{stamp}{brand.colour.removeprefix('#')}"}
    pages = Pages(dressed, contracts, written, known)
    published |= {address: file(orjson.dumps(rows), "application/json") for address, rows in pages.indexes()}
    published[LLMS] = file(pages.llms().encode(), "text/plain; charset=utf-8")
    for addresses, page in pages.all():
        html, markdown = _page(page.html, brand), file(page.markdown.encode(), _MARKDOWN, Vary=_VARY)
        for address in addresses:
            published |= {address: html, as_markdown(address): markdown}
    found = libraries(plain[newest], brand)
    published |= {each.path: each.made for each in found} | {LIBRARIES_INDEX: index(found, brand)}
    published[LIBRARIES] = _page(pages.libraries(found), brand)
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
        Vary=_VARY,
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
