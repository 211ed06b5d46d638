"""Tokens in forms: bound to the browser's session or visitor's id, to the page's purpose and to what the page was about.

A token is sealed, not stored: looking at a page leaves nothing behind, however often strangers look. What is stored is
that a token was used, for as long as it would be good for a second use.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import struct
import time
from base64 import urlsafe_b64encode
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from gateway.brands import Brand
from gateway.keys.keyring import Keyring, Unsealable
from gateway.stores.redis_connection import RedisConnection

FIELD: Final = "csrf"
_KEPT: Final = 3600  # seconds
_LONGEST: Final = 200
_PURPOSE: Final = "csrf"
_MADE: Final = struct.Struct(">d12s32s")


def is_ours(request: Request) -> bool:
    """Whether a request to change something was made by a page of ours, as far as the browser tells.

    Pages with `Referrer-Policy: no-referrer`, as ours are, send `Origin: null` (Fetch § 3.2), which so tells nothing.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = request.headers.get("origin", "null")
    brand: Brand = request.scope["brand"]
    return origin in {"null", brand.origin} or urlsplit(origin).netloc == request.headers.get("host")


class Csrf:
    """`redeem` may raise StoreUnavailable."""

    def __init__(self, line: RedisConnection, keys: Keyring) -> None:
        self._line = line
        self._keys = keys

    def issue(self, holder: str, purpose: str, about: str = "") -> str:
        """A token for one form. `holder`: the session's or visitor's id; `about`: what must be the same when it comes back."""
        made = _MADE.pack(time.time(), secrets.token_bytes(12), _digest(purpose, about))
        return self._keys.seal(_PURPOSE, "", made, _digest(holder))

    async def redeem(self, request: Request, holder: str | None, token: str, purpose: str, about: str = "") -> bool:
        """Whether the form came from our page, to this browser, about this, and for the first time.

        A token that comes back with something else is used up by that, too.
        """
        if not is_ours(request) or holder is None or not token or len(token) > _LONGEST or not token.isascii():
            return False
        try:
            at, nonce, made_for = _MADE.unpack(self._keys.open(_PURPOSE, "", token, _digest(holder)))
        except Unsealable:
            return False
        left = int(at + _KEPT - time.time())
        if left <= 0:
            return False
        used = f"gw:{{csrf:{urlsafe_b64encode(nonce).decode('ascii')}}}"
        # Somewhat longer than it is good for: the clocks of a fleet differ.
        first = await self._line.command("SET", used, "", "NX", "EX", left + 60) is not None
        return first and hmac.compare_digest(made_for, _digest(purpose, about))


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).digest()
