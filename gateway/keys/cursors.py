"""Page cursors: sealed, so that a client can neither read nor change them, and bound to one query.

Bound to tenant, contract and the query's fingerprint (resource, filters, text, order, limit); valid for a limited time.
Anything else is `StaleCursor`, without any internal call.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from adapters.core.faults import StaleCursor
from gateway.keys.keyring import Keyring, Unsealable

_PURPOSE = "cursor"
_MOST = 4096


class Cursors:
    """Seals positions and opens what comes back. `lifetime` in seconds; `clock` gives epoch seconds."""

    def __init__(self, keyring: Keyring, lifetime: float, clock: Callable[[], float] = time.time) -> None:
        self._keyring = keyring
        self._lifetime = lifetime
        self._clock = clock

    def sealer(self, tenant: str, version: str, fingerprint: bytes, ahead: float = 0.0) -> Callable[[list[Any]], str]:
        """A function that seals positions of one query, by a clock that is so many seconds ahead."""

        def seal(position: list[Any]) -> str:
            content = orjson.dumps([int(self._clock() + ahead), position])
            return self._keyring.seal(_PURPOSE, tenant, content, _bound(version, fingerprint))

        return seal

    def open(self, tenant: str, version: str, sealed: str, fingerprint: bytes, ahead: float = 0.0) -> list[Any]:
        """The position in a cursor of this very query; StaleCursor otherwise."""
        if len(sealed) > _MOST:
            raise StaleCursor
        try:
            content = self._keyring.open(_PURPOSE, tenant, sealed, _bound(version, fingerprint))
        except Unsealable:
            raise StaleCursor from None
        made, position = orjson.loads(content)
        if made + self._lifetime < self._clock() + ahead:
            raise StaleCursor
        found: list[Any] = position
        return found

    def of(self, tenant: str, version: str, ahead: float = 0.0) -> Bound:
        """The two above, of one tenant and contract."""
        return Bound(self, tenant, version, ahead)


class Bound(msgspec.Struct):
    """The cursors of one tenant in one contract: `open` and `sealer` as adapters want them. Made for every request."""

    cursors: Cursors
    tenant: str
    version: str
    ahead: float

    def sealer(self, fingerprint: bytes) -> Callable[[list[Any]], str]:
        return self.cursors.sealer(self.tenant, self.version, fingerprint, self.ahead)

    def open(self, sealed: str, fingerprint: bytes) -> list[Any]:
        return self.cursors.open(self.tenant, self.version, sealed, fingerprint, self.ahead)


def _bound(version: str, fingerprint: bytes) -> bytes:
    return version.encode("ascii") + hashlib.sha256(fingerprint).digest()
