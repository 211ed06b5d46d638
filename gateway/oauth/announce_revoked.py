"""Telling every worker which access tokens ended, until it is heard."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from gateway.observe import logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.grants import Revoked
from gateway.stores.token_generations import Liveness

AGAIN: Final = 0.2  # seconds


class Announcements:
    """Made once a worker. What cannot be announced is kept here and tried again until the store takes it.

    While the store is away workers ask SQL themselves (docs/operations.md). It is the store that refuses writes for a
    moment, or comes back with what it knew, that would let a worker go on with a token which ended in between.
    """

    def __init__(self, liveness: Liveness) -> None:
        self._liveness = liveness
        self._unheard: dict[tuple[str, str], int] = {}
        self._repeating: asyncio.Task[None] | None = None

    async def announce(self, ended: Iterable[Revoked]) -> None:
        """Once it is committed. Returns when it is announced, or is kept to be: never raises."""
        for each in ended:
            # A generation only rises: of two the later one says it all.
            key = (each.tenant_id, each.token_id)
            self._unheard[key] = max(each.generation, self._unheard.get(key, 0))
        if not await self._heard() and self._repeating is None:
            self._repeating = asyncio.create_task(self._repeat())

    async def stop(self) -> None:
        """Once more, and then the log says what nobody was told."""
        if self._repeating is not None:
            self._repeating.cancel()
            await asyncio.gather(self._repeating, return_exceptions=True)
        if not await self._heard():
            tokens = [f"tok_{token_id}" for _, token_id in self._unheard]
            logs.event("revocation never announced", "error", tokens=tokens)

    async def _repeat(self) -> None:
        while self._unheard:
            await asyncio.sleep(AGAIN)
            await self._heard()
        self._repeating = None

    async def _heard(self) -> bool:
        """Whether everything is announced now."""
        try:
            for key, generation in [*self._unheard.items()]:
                await self._liveness.announce(*key, generation)
                if self._unheard.get(key) == generation:
                    del self._unheard[key]
        except StoreUnavailable as error:
            metrics.store_lost("redis")
            metrics.fail_mode("announced_later")
            logs.event("revocation not announced yet", "error", tokens=len(self._unheard), error=error)
            return False
        return not self._unheard
