"""Idempotency keys: one effect for one key, over all workers (contract, "Idempotency").

A key is reserved before its request is sent on, and settled when the outcome is known. Who reserved it holds a nonce:
nobody else can settle it. A reservation that nobody settles reads as of unknown outcome once its lease is over, because
its holder may have died after the request was sent.
"""

import asyncio
import enum
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import Part, RedisConnection, Script

_RESERVE: Final = Script.named("reserve")
_SETTLE: Final = Script.named("settle")
_RETRY_SECONDS: Final = 0.2
_MOST_RETRIED: Final = 1000
BUDGET: Final = 10_000_000

Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Reservation:
    """The right to settle one key; never leaves the worker that reserved it."""

    place: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Reserved:
    """The key was free: send the request, then settle the reservation."""

    handle: Reservation


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is under way. ``retry_after``: seconds; as long as it has run already, at least 1."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Stored:
    """The same request was answered: its answer, to be given again. `body`: None when there was no room to keep it."""

    status: int
    headers: Headers
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Reused:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class OutcomeUnknown:
    """The same request was sent and nobody knows what came of it."""


class Settled(enum.IntEnum):
    """What became of settling a reservation: nothing, because it is another's by now or done already; or that it is."""

    NOT = 0
    WHOLE = 1
    WITHOUT_BODY = 2  # the tenant's budget had no room for it


Found = Reserved | InProgress | Stored | Reused | OutcomeUnknown


class Replays:
    """``lifetime`` and ``lease`` in seconds: how long a key is remembered, and how long its holder may take.

    ``budget``: how many bytes of answers are kept for a tenant. Beyond it a key remembers status and headers alone.
    """

    def __init__(self, line: RedisConnection, lifetime: float, lease: float, budget: int = BUDGET) -> None:
        self._line = line
        self._lifetime = round(lifetime * 1000)
        self._lease = lease
        self._budget = budget
        self._settling: set[asyncio.Task[None]] = set()
        self._ending = False

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
        """Reserves the key for the request with this ``fingerprint``, or says what is known of it.

        ``again``: the service deduplicates by the key, so a request of unknown outcome may be sent once more. Raises
        ``StoreUnavailable``; then the request must not be sent.
        """
        place = _place(tenant, principal, method, path, key)
        handle = Reservation(place, secrets.token_hex(8))
        args = (fingerprint, handle.nonce, round(self._lease * 1e6), self._lifetime, int(again))
        try:
            reply = await self._line.run(_RESERVE, (place,), args)
        except (StoreUnavailable, asyncio.CancelledError):
            # The store may have reserved it all the same, and nothing will be sent: without this, the lease would make
            # it a request of unknown outcome.
            self._settle_later(handle, ("released",))
            raise
        match reply:
            case [b"reserved"]:
                return Reserved(handle)
            case [b"done", status, headers, body]:
                pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in json.loads(headers)]
                return Stored(int(status), pairs, body)
            case [b"running", ran, left]:
                return InProgress(min(left / 1e6, max(1.0, ran / 1e6)))
            case [b"reused"]:
                return Reused()
        return OutcomeUnknown()

    async def finish(self, handle: Reservation, status: int, headers: Headers, body: bytes) -> Settled:
        """Remembers the answer for every later request with the key. As to result and errors see ``release``."""
        pairs = json.dumps([(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers])
        return await self._settle(handle, ("done", status, pairs, body, self._budget))

    async def release(self, handle: Reservation) -> Settled:
        """Frees the key: nothing was sent. ``NOT`` when another request has taken the key over since.

        Raises ``StoreUnavailable`` when it could not be done at once; it is then tried again until the lease is over.
        """
        return await self._settle(handle, ("released",))

    async def ambiguous(self, handle: Reservation) -> Settled:
        """Remembers that the request may have taken effect. As to result and errors see ``release``."""
        return await self._settle(handle, ("unknown",))

    async def aclose(self) -> None:
        """What is not settled yet is tried once more, and then left to its lease."""
        self._ending = True
        await asyncio.gather(*self._settling, return_exceptions=True)

    async def _settle(self, handle: Reservation, outcome: Sequence[Part]) -> Settled:
        try:
            return await self._settle_once(handle, outcome)
        except (StoreUnavailable, asyncio.CancelledError):
            self._settle_later(handle, outcome)
            raise

    async def _settle_once(self, handle: Reservation, outcome: Sequence[Part]) -> Settled:
        keys = (handle.place, _counted(handle.place))
        return Settled(await self._line.run(_SETTLE, keys, (handle.nonce, self._lifetime, *outcome)))

    def _settle_later(self, handle: Reservation, outcome: Sequence[Part]) -> None:
        # Answers wait in memory meanwhile: beyond a bound the lease must do.
        if len(self._settling) < _MOST_RETRIED:
            task = asyncio.get_running_loop().create_task(self._keep_settling(handle, outcome))
            self._settling.add(task)
            task.add_done_callback(self._settling.discard)

    async def _keep_settling(self, handle: Reservation, outcome: Sequence[Part]) -> None:
        try:
            async with asyncio.timeout(self._lease):
                while True:
                    try:
                        await self._settle_once(handle, outcome)
                    except StoreUnavailable:
                        if self._ending:
                            return
                        await asyncio.sleep(_RETRY_SECONDS)
                    else:
                        return
        except TimeoutError:
            return


def _place(tenant: str, principal: str, method: str, path: str, key: str) -> str:
    # Lengths keep the parts apart; the digest keeps what clients choose out of the store's key.
    parts = "".join(f"{len(part)}:{part}" for part in (principal, method, path, key))
    return f"gw:{{{tenant}}}:replay:{sha256(parts.encode()).hexdigest()}"


def _counted(place: str) -> str:
    """Where the tenant's bytes are counted."""
    return place.rpartition(":replay:")[0] + ":replayed"
