"""What may be seen a single time: sealed in the store for the moment between a form and the page after it."""

from __future__ import annotations

import hashlib
import secrets
from typing import Final

import orjson

from gateway.keys.keyring import Keyring, Unsealable
from gateway.stores.redis_connection import RedisConnection

_PURPOSE: Final = "shown-once"
_KEPT: Final = 300  # seconds
_LONGEST: Final = 64


class Once:
    """Every method may raise StoreUnavailable."""

    def __init__(self, line: RedisConnection, keys: Keyring) -> None:
        self._line = line
        self._keys = keys

    async def keep(self, session_id: str, title: str, secret: str) -> str:
        """Put a secret aside for this session; the name to ask for it with."""
        name, owner = secrets.token_urlsafe(18), _owner(session_id)
        sealed = self._keys.seal(_PURPOSE, owner, orjson.dumps([title, secret]), name.encode())
        await self._line.command("SET", _key(owner, name), sealed, "EX", _KEPT)
        return name

    async def take(self, session_id: str, name: str) -> tuple[str, str] | None:
        """Title and secret, the first time; None ever after, and for any other session."""
        if not name or len(name) > _LONGEST or not name.isascii():
            return None
        owner = _owner(session_id)
        sealed = await self._line.command("GETDEL", _key(owner, name))
        if sealed is None:
            return None
        try:
            title, secret = orjson.loads(self._keys.open(_PURPOSE, owner, sealed.decode("ascii"), name.encode()))
        except Unsealable:
            return None
        return title, secret


def _owner(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def _key(owner: str, name: str) -> str:
    return f"gw:{{once:{owner}}}:{name}"
