"""Idempotency keys: reserved once, settled once, and answered from memory until they expire (contract.md, "Idempotency").

A reservation is fenced by a nonce and ends by itself after the lease: a worker that died while it held one leaves an
unknown outcome behind, never a free key.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_bytes
from typing import Any, Final

import orjson

from gateway.stores.line import Line, Script

RESERVE: Final = Script.named("reserve")
SETTLE: Final = Script.named("settle")

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to execute one request; given back by `finish`, `release` or `ambiguous`."""

    key: bytes
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Reserved:
    """Nobody has executed this request: execute it and settle the reservation."""

    handle: Reservation


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is under way; it will have ended in `retry_after` seconds at the latest."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Stored:
    """The same request has been answered with this."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reused:
    """The key belongs to another request."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The same request was sent and nobody knows what became of it."""


Found = Reserved | InProgress | Stored | Reused | OutcomeUnknown


class Replays:
    """`lifetime` of a key and `lease` of a reservation in seconds. Every method may raise `StoreUnavailable`."""

    def __init__(self, line: Line, lifetime: float, lease: float) -> None:
        self._line = line
        self._lifetime = round(lifetime * 1000)
        self._lease = round(lease * 1000)

    async def reserve(
        self,
        tenant: str,
        principal: str,
        method: str,
        path: str,
        key: str,
        fingerprint: bytes,
        *,
        again: bool = False,
    ) -> Found:
        """Reserve the key of this principal on this path. `again`: a request of unknown outcome may be executed anew."""
        digest = sha256(orjson.dumps([principal, method, path, key])).hexdigest()
        handle = Reservation(f"gw:{{{tenant}}}:replay:{digest}".encode(), token_bytes(16))
        args = (fingerprint, handle.nonce, self._lease, self._lifetime, int(again))
        reply = await self._line.run(RESERVE, (handle.key,), args)
        return _found(reply, handle)

    async def finish(self, handle: Reservation, status: int, headers: Headers, body: bytes) -> None:
        """Keep the answer for whoever asks again."""
        kept = orjson.dumps([[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers])
        await self._line.run(SETTLE, (handle.key,), (handle.nonce, "done", status, kept, body))

    async def release(self, handle: Reservation) -> None:
        """Forget the key: the request is known to have had no effect."""
        await self._line.run(SETTLE, (handle.key,), (handle.nonce, "release"))

    async def ambiguous(self, handle: Reservation) -> None:
        """Remember that the request may have taken effect."""
        await self._line.run(SETTLE, (handle.key,), (handle.nonce, "unknown"))


def _found(reply: list[Any], handle: Reservation) -> Found:
    match reply[0]:
        case b"reserved":
            return Reserved(handle)
        case b"running":
            return InProgress(reply[1] / 1000)
        case b"stored":
            pairs = orjson.loads(reply[2])
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
            return Stored(int(reply[1]), headers, reply[3])
        case b"reused":
            return Reused()
    return OutcomeUnknown()
