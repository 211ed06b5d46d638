"""What has been published before, so that a start with the same documents does not make them again.

Making them takes a second of CPU, and a restart should be over before anybody notices.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from importlib import metadata, resources
from pathlib import Path
from typing import Final

import msgspec
import orjson

from adapters.core.declare.changes import Contract
from adapters.core.operation import Operation
from gateway.brands import Brand
from gateway.config import fingerprint
from gateway.config.settings import Settings
from gateway.reference.files import Kept, place

MANIFEST: Final = "manifest.json"
ORIGIN: Final = "made-of"
"""The file in the folder of a publication that says what it was made of."""

_FILES: Final = {
    "gateway": ("*.py", "reference/**/*.*"),
    "openapi": ("*.yaml", "guides/*.md", "spec/*/*.json"),
    "sdk": ("**/*.*",),
}
_MADE_WITH: Final = ("drf-spectacular-sidecar", "jinja2", "markdown-it-py", "orjson")
_COMPILED: Final = ".pyc"


def made_of(
    settings: Settings, brands: Sequence[Brand], operations: Iterable[Operation], contracts: Sequence[Contract]
) -> str:
    """A hash of all that the documents of a deployment are made of: its configuration and brands, what it offers, and the
    files and packages that they are written with. `operations` and `contracts` are those of the gateway itself.
    """
    offered = [operation.name for operation in operations if operation.enabled]
    dates = [contract.date for contract in contracts]
    versions = [metadata.version(name) for name in _MADE_WITH]
    made = hashlib.sha256(orjson.dumps([fingerprint(settings), repr(brands), offered, dates, versions]))
    for package, patterns in _FILES.items():
        root = Path(str(resources.files(package)))
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            if path.suffix != _COMPILED:
                made.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
                made.update(path.read_bytes())
    return made.hexdigest()


def known(published: Path, origin: str) -> str | None:
    """The folder in `published` that was made of the same; None where there is none, or where it is not whole.

    The machine may have lost its power while an earlier run wrote it.
    """
    try:
        for folder in published.iterdir():
            if (folder / ORIGIN).is_file() and (folder / ORIGIN).read_text() == origin and _whole(folder):
                return folder.name
    except (OSError, EOFError, ValueError, zlib.error):
        return None
    return None


def _whole(folder: Path) -> bool:
    told = (folder / MANIFEST).read_bytes()
    if stamp(told) != folder.name:
        return False
    brands = msgspec.json.decode(told, type=list[dict[str, Kept]])
    return all(_intact(folder, each) for each in {kept.stamp for paths in brands for kept in paths.values()})


def _intact(folder: Path, name: str) -> bool:
    body = place(folder, name, packed=False).read_bytes()
    return stamp(body) == name and gzip.decompress(place(folder, name, packed=True).read_bytes()) == body


def stamp(body: bytes) -> str:
    """What a file with this content, or a folder with this manifest, is named."""
    return hashlib.sha256(body).hexdigest()[:20]
