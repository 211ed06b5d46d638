"""Who posts: the tenant's registration by its capability, remembered for a moment."""

import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final

from gateway.keys.keyring import Keyring
from gateway.stores.sql import Session, Sql, webhook_registrations
from gateway.stores.sql.webhook_registrations import Registration

_KNOWN: Final = 5.0  # seconds
_KEPT: Final = 4_096
_HEARD: Final = 60.0


class Senders:
    """Capabilities are looked up by their keyed hash: the database tells nobody what they are."""

    def __init__(self, sql: Sql, keys: Keyring) -> None:
        self._sql = sql
        self._keys = keys
        self._known: OrderedDict[bytes, tuple[Registration, float]] = OrderedDict()
        self._heard: dict[str, float] = {}

    async def find(self, capability: str, *, near: bool) -> Registration | None:
        """None for a capability that is nobody's. Raises StoreUnavailable.

        Who may not post (`near` False) has each one looked up, as one that is nobody's is: what is remembered of the others
        must not answer them sooner.
        """
        text = capability.encode("utf-8", "replace")
        digest = self._keys.hash(text)
        if near and (known := self._known.get(digest)) is not None and known[1] > time.monotonic():
            return known[0]
        found = await self._sql.read(webhook_registrations.known, self._keys.hashes(text))
        if not near:
            return found
        if found is None:
            self._known.pop(digest, None)
            return None
        self._known[digest] = found, time.monotonic() + _KNOWN
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found

    async def heard(self, registration: Registration) -> None:
        """It was used: whoever registers may end the one that it takes the place of."""
        now = time.monotonic()
        if now < self._heard.get(registration.id, 0.0):
            return
        self._heard[registration.id] = now + _HEARD
        await self._sql.run(_heard, registration.id, datetime.now(UTC))


def _heard(session: Session, registration_id: str, at: datetime) -> None:
    webhook_registrations.change(session, registration_id, heard_at=at)
