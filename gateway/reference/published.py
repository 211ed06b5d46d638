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
SEAL: Final = "manifest.sha256"
"""The file in the folder of a publication by which its manifest is known to be whole."""

_FILES: Final = {
    "gateway": ("*.py", "reference/**/*.*", "versions/*.py", "web/colours.py"),
    "openapi": ("*.yaml", "guides/*.md", "spec/*/*.json"),
    "sdk": ("**/*.*",),
}
_MADE_WITH: Final = ("drf-spectacular-sidecar", "jinja2", "markdown-it-py", "orjson")
_COMPILED: Final = ".pyc"


def made_of(
    settings: Settings,
    brands: Sequence[Brand],
    operations: Iterable[Operation],
    contracts: Sequence[Contract],
    spec: Path | None = None,
) -> str:
    """The name of the folder for the documents of a deployment: a hash of all that they are made of, its configuration and
    brands, what it offers, and the files and packages that they are written with. spec: its own documents, None for the
    committed ones.
    """
    offered = [operation.name for operation in operations if operation.enabled]
    told = [[each.date, each.summary, [change.why for change in each.changes]] for each in contracts]
    versions = [metadata.version(name) for name in _MADE_WITH]
    made = hashlib.sha256(orjson.dumps([fingerprint(settings), repr(brands), offered, told, versions]))
    roots = [(Path(str(resources.files(package))), patterns) for package, patterns in _FILES.items()]
    if spec is not None:
        roots.append((spec, ("*/*.json",)))
    for root, patterns in roots:
        for path in sorted(path for pattern in patterns for path in root.glob(pattern)):
            if path.suffix != _COMPILED:
                made.update(f"{path.relative_to(root)}\0{path.stat().st_size}\0".encode())
                made.update(path.read_bytes())
    return made.hexdigest()[:20]


def sound(folder: Path) -> bool:
    """Whether a publication is there and its manifest can be read: the machine may have lost its power while it was written."""
    try:
        return stamp((folder / MANIFEST).read_bytes()) == (folder / SEAL).read_text()
    except (OSError, ValueError):
        return False


def whole(folder: Path) -> bool:
    """Whether each of its files is what its manifest says, too."""
    try:
        brands = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=list[dict[str, Kept]])
        named = {kept.stamp for paths in brands for kept in paths.values()}
        return sound(folder) and all(_intact(folder, each) for each in named)
    except (OSError, EOFError, ValueError, zlib.error):
        return False


def _intact(folder: Path, name: str) -> bool:
    body = place(folder, name, packed=False).read_bytes()
    return stamp(body) == name and gzip.decompress(place(folder, name, packed=True).read_bytes()) == body


def stamp(body: bytes) -> str:
    """What a file with this content, or a folder with this manifest, is named."""
    return hashlib.sha256(body).hexdigest()[:20]
