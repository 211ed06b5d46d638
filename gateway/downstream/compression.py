"""Answers under /v1 in zstd or gzip, for clients who ask for it (RFC 9110 § 12.5.3; zstd: RFC 8878, within the window of RFC 9659).

Only there: a page that shows a secret beside what a stranger put into it would tell the secret by its length (BREACH), and needs a
browser that sends cookies by itself; under /v1 who asks has to have the token in hand. Short answers are sent as they are.
"""

from __future__ import annotations

import asyncio
import re
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEAST: Final = 4096
"""Bytes of the shortest answer that is worth it."""
VARIES: Final = b"vary: Accept-Encoding\r\n"

_LEVEL: Final = 1
_GZIP: Final = 31  # window bits of zlib's that mean a gzip file
_INLINE: Final = 256 * 1024  # longer ones would keep the loop for more than a few milliseconds
_QUALITY: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@dataclass(frozen=True, slots=True)
class Coding:
    """A content coding: the names it is asked for by, the header line of answers in it, and how they are made."""

    names: tuple[str, ...]
    line: bytes
    make: Callable[[bytes], bytes]

    async def compressed(self, body: bytes) -> bytes:
        """The body in this coding; a long one by a thread, meanwhile others are served."""
        if len(body) > _INLINE:
            return await asyncio.to_thread(self.make, body)
        return self.make(body)


def _zstd(body: bytes) -> bytes:
    return zstd.compress(body, _LEVEL)


def _gzip(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL, _GZIP)


ZSTD: Final = Coding(("zstd",), b"content-encoding: zstd\r\n", _zstd)
GZIP: Final = Coding(("gzip", "x-gzip"), b"content-encoding: gzip\r\n", _gzip)

# Of two that are as welcome the first: a page in zstd is smaller, and takes a third of the time or less.
_CODINGS: Final = (ZSTD, GZIP)


@lru_cache(256)
def wanted(header: bytes) -> Coding | None:
    """The coding that an Accept-Encoding likes best; None where it takes none, or likes the plain answer better."""
    qualities: dict[str, float] = {}
    for each in header.decode("latin-1").lower().split(","):
        coding, *parameters = [part.strip() for part in each.split(";")]
        found = _QUALITY.fullmatch("".join(parameters)) if parameters else None
        qualities[coding] = float(found[1]) if found else 0.0 if parameters else 1.0

    def liked(coding: Coding) -> float:
        named = [qualities[name] for name in coding.names if name in qualities]
        return max(named) if named else qualities.get("*", 0.0)

    best = max(_CODINGS, key=liked)
    quality = liked(best)
    return best if quality > 0 and quality >= qualities.get("identity", 0.0) else None
