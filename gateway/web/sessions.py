"""Who is signed in: a random id in a cookie, and what it stands for in the store. Ending a session ends it everywhere.

Before anybody signs in, a browser has an id too (a visitor), to which forms are bound. Signing in always makes a new id.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from dataclasses import asdict, dataclass, field
from typing import Final
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request
from starlette.responses import Response

from gateway.brands import Brand
from gateway.keys.keyring import Keyring, Unsealable
from gateway.keys.token_format import Mode
from gateway.stores.redis_connection import RedisConnection

COOKIE: Final = "session"
_ID_BYTES: Final = 32
_LONGEST: Final = 64
_BEHIND: Final = "session-behind"
_FOUND: Final = "gateway.session"  # in the scope of a request


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in user; ids are internal ones. `ends`: epoch seconds, whatever happens in between; `mode`: of their tenant;
    `behind`: of a sandbox that was opened from the console, the session that it was opened from, sealed.
    """

    id: str = field(repr=False)
    tenant_id: str
    tenant_name: str
    user_id: str
    email: str
    name: str
    ends: float
    mode: Mode = "live"
    behind: str = ""


def cookie_name(brand: Brand) -> str:
    """`__Host-` binds a cookie to its host and to https; plain http (development) cannot have it.

    There several gateways may share one host, and cookies know no ports (RFC 6265 § 8.5): the name does.
    """
    return f"__Host-{COOKIE}" if brand.secure else f"{COOKIE}-{urlsplit(brand.origin).port or 80}"


def holder(request: Request) -> str | None:
    """The id that the browser sent, of a session or of a visitor; None when it sent none that can be one."""
    sent = request.cookies.get(cookie_name(request.scope["brand"]), "")
    return sent if 32 <= len(sent) <= _LONGEST and sent.isascii() else None


def visiting() -> str:
    """A new id."""
    return secrets.token_urlsafe(_ID_BYTES)


def keep(response: Response, request: Request, session_id: str) -> None:
    """Give the browser its id, until it is closed."""
    brand: Brand = request.scope["brand"]
    response.set_cookie(cookie_name(brand), session_id, path="/", secure=brand.secure, httponly=True, samesite="lax")


class Sessions:
    """`idle` and `lifetime` in seconds. Every method may raise StoreUnavailable."""

    def __init__(self, line: RedisConnection, idle: float, lifetime: float) -> None:
        self._line = line
        self._idle = int(idle)
        self._lifetime = lifetime

    async def find(self, request: Request) -> Session | None:
        """The session of this browser; looking at it keeps it alive. Asked once, however many parts of a request ask."""
        if _FOUND not in request.scope:
            request.scope[_FOUND] = await self._find(request)
        found: Session | None = request.scope[_FOUND]
        return found

    async def _find(self, request: Request) -> Session | None:
        sent = holder(request)
        if sent is None:
            return None
        kept = await self._line.command("GETEX", _key(sent), "EX", self._idle)
        if kept is None:
            return None
        session = Session(id=sent, **orjson.loads(kept))
        if session.ends <= time.time():
            await self.end(session)
            return None
        return session

    async def start(
        self,
        *,
        tenant_id: str,
        tenant_name: str,
        user_id: str,
        email: str,
        name: str,
        mode: Mode = "live",
        behind: str = "",
    ) -> Session:
        """A new session with a new id."""
        ends = time.time() + self._lifetime
        session = Session(visiting(), tenant_id, tenant_name, user_id, email, name, ends, mode, behind)
        described = {key: value for key, value in asdict(session).items() if key != "id"}
        await self._line.command("SET", _key(session.id), orjson.dumps(described), "EX", self._idle)
        return session

    @staticmethod
    def sealed(session: Session, keys: Keyring) -> str:
        """A session's id as one that is opened from it may keep it: reading the store opens none of them."""
        return keys.seal(_BEHIND, "", session.id.encode(), b"")

    @staticmethod
    def opened(session: Session, keys: Keyring) -> str | None:
        """The id of the session that this one was opened from."""
        try:
            return keys.open(_BEHIND, "", session.behind, b"").decode() if session.behind else None
        except Unsealable:
            return None

    async def end(self, session: Session) -> None:
        """Forget the session: its cookie is worth nothing from now on."""
        await self._line.command("DEL", _key(session.id))


def _key(session_id: str) -> str:
    # The store never sees the id itself: reading the store opens no session.
    return f"gw:{{session:{hashlib.sha256(session_id.encode()).hexdigest()}}}"
