"""Single-use tokens in forms: bound to the browser's session, to the page's purpose and to what the page was about."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

from starlette.requests import Request

from gateway.stores.redis_connection import Line

FIELD: Final = "csrf"
_KEPT: Final = 3600
_LONGEST: Final = 64


class Csrf:
    """Every method may raise StoreUnavailable."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def issue(self, holder: str, purpose: str, about: str = "") -> str:
        """A token for one form. `holder`: the session's or visitor's id; `about`: what must be the same when it comes back."""
        token = secrets.token_urlsafe(24)
        await self._line.command("SET", _key(holder, token), _bound(purpose, about), "EX", _KEPT)
        return token

    async def redeem(self, request: Request, holder: str | None, token: str, purpose: str, about: str = "") -> bool:
        """Whether the form came from our page, to this browser, about this, and for the first time."""
        if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
            return False
        if holder is None or not token or len(token) > _LONGEST or not token.isascii():
            return False
        kept = await self._line.command("GETDEL", _key(holder, token))
        return kept is not None and hmac.compare_digest(kept, _bound(purpose, about).encode())


def _key(holder: str, token: str) -> str:
    return f"gw:{{csrf:{hashlib.sha256(holder.encode()).hexdigest()}}}:{token}"


def _bound(purpose: str, about: str) -> str:
    return hashlib.sha256(f"{purpose}\0{about}".encode("utf-8", "surrogateescape")).hexdigest()
