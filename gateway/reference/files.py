"""Files that stay the same until the next start: made once, packed once, answered with an ETag (RFC 9110 § 8.8.3).

The supervisor makes and keeps them on disk; workers know their names and headers, and open one when it is asked for.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from gateway.stores.errors import StoreUnavailable


class Kept(msgspec.Struct, frozen=True):
    """A file on disk: what it is named for, and the headers that it goes with, whole or packed."""

    stamp: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class File:
    """A body, the same packed, and the headers both go with."""

    body: bytes
    packed: bytes
    stamp: str
    headers: Mapping[str, str] = field(default_factory=dict)


def file(body: bytes, media: str, cache: str = "public, max-age=300", **headers: str) -> File:
    """A file of a media type. `cache`: its Cache-Control; `headers`: more, with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    whole = {
        "Content-Type": media,
        "Cache-Control": cache,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
        **named,
    }
    # Level 6: a document packs to a twentieth in a few milliseconds. mtime 0: the same bytes from every worker.
    return File(body, gzip.compress(body, 6, mtime=0), hashlib.sha256(body).hexdigest()[:20], whole)


def keep(folder: Path, made: File) -> Kept:
    """Write the file and the same packed, under the name of its content. Raises OSError."""
    if not (packed := place(folder, made.stamp, packed=True)).exists():
        place(folder, made.stamp, packed=False).write_bytes(made.body)
        packed.write_bytes(made.packed)
    return Kept(made.stamp, made.headers)


async def answer(request: Request, folder: Path, found: Kept) -> Response:
    """The file, packed where the client takes that; 304 when the client has it already. StoreUnavailable when it is gone."""
    packs = _packs(request.headers.get("accept-encoding", ""))
    # The two forms are different bytes, so they have different tags; either proves that the client has the file.
    tags = {True: f'"{found.stamp}-gzip"', False: f'"{found.stamp}"'}
    headers = {**found.headers, "ETag": tags[packs]}
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    if "*" in known or not known.isdisjoint(tags.values()):
        return Response(status_code=304, headers={k: v for k, v in headers.items() if k != "Content-Type"})
    if packs:
        headers["Content-Encoding"] = "gzip"
    try:
        body = await asyncio.to_thread(place(folder, found.stamp, packed=packs).read_bytes)
    except OSError as error:
        raise StoreUnavailable(f"a published document cannot be read: {error.strerror}") from None
    return Response(body, headers=headers)


def place(folder: Path, stamp: str, *, packed: bool) -> Path:
    """Where a file of this content is kept."""
    return folder / (f"{stamp}.gz" if packed else stamp)


def _packs(header: str) -> bool:
    """Whether a client takes gzip: named, or meant by `*`, with a weight that is not 0 (RFC 9110 § 12.5.3)."""
    weights: dict[str, bool] = {}
    for part in header.lower().split(","):
        coding, *parameters = [each.strip() for each in part.split(";")]
        weights[coding] = not any(re.fullmatch(r"q\s*=\s*0(\.0*)?", each) for each in parameters)
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", False)))
