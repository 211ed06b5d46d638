"""Answers under /v1 in gzip, for clients who ask for it (RFC 9110 § 12.5.3).

Only there: a page that shows a secret beside what a stranger put into it would tell the secret by its length (BREACH), and needs a
browser that sends cookies by itself; under /v1 who asks has to have the token in hand. Short answers are sent as they are.
"""

from __future__ import annotations

import asyncio
import re
import zlib
from functools import lru_cache
from typing import Final

LEAST: Final = 4096
"""Bytes of the shortest answer that is worth it."""
VARIES: Final = b"vary: Accept-Encoding\r\n"
ENCODED: Final = b"content-encoding: gzip\r\n"

_LEVEL: Final = 1
_GZIP: Final = 31  # window bits of zlib's that mean a gzip file
_INLINE: Final = 256 * 1024  # longer ones would keep the loop for more than a few milliseconds
_QUALITY: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


@lru_cache(256)
def wanted(header: bytes) -> bool:
    """Whether an Accept-Encoding takes gzip, and does not like the plain answer better."""
    qualities: dict[str, float] = {}
    for each in header.decode("latin-1").lower().split(","):
        coding, *parameters = [part.strip() for part in each.split(";")]
        found = _QUALITY.fullmatch("".join(parameters)) if parameters else None
        qualities[coding] = float(found[1]) if found else 0.0 if parameters else 1.0
    quality = qualities.get("gzip", qualities.get("x-gzip", qualities.get("*", 0.0)))
    return quality > 0 and quality >= qualities.get("identity", 0.0)


async def compressed(body: bytes) -> bytes:
    """The body in gzip; a long one by a thread, meanwhile others are served."""
    if len(body) > _INLINE:
        return await asyncio.to_thread(_compressed, body)
    return _compressed(body)


def _compressed(body: bytes) -> bytes:
    return zlib.compress(body, _LEVEL, _GZIP)
