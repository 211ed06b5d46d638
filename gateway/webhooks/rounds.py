"""The registrar's rounds: what waits for a registration is looked at every few seconds, what stands every ten minutes."""

from __future__ import annotations

import asyncio
import time
from random import uniform
from typing import Final

from gateway.observe import logs
from gateway.stores.errors import StoreUnavailable
from gateway.webhooks.registering import Registrar, Unregistered

SOON: Final = 5.0  # seconds
EVERY: Final = 540.0  # at most ten minutes with what it is put off by at random
SPREAD: Final = 60.0


class Rounds:
    """Every courier makes them: a registration is claimed in the database before the service is asked, so none is made twice."""

    def __init__(self, registrar: Registrar, every: float = EVERY) -> None:
        self._registrar = registrar
        self._every = every

    async def run(self) -> None:
        """Until it is cancelled."""
        due = 0.0
        while True:
            try:
                for tenant_id in await self._registrar.waiting():
                    await self._registrar.ensure(tenant_id)
                if time.monotonic() >= due:
                    await self._all()
                    due = time.monotonic() + self._every + uniform(0, SPREAD)  # noqa: S311 - nothing secret
            except StoreUnavailable:
                pass  # counted and told where it was noticed
            except Exception as error:  # noqa: BLE001 - whatever it is, there must be a next time
                logs.event("webhook registration round failed", "error", error=error)
            await asyncio.sleep(SOON)

    async def _all(self) -> None:
        for tenant_id in await self._registrar.tenants():
            try:
                await self._registrar.check(tenant_id)
            except Unregistered as error:
                logs.event("webhook registration", "warning", tenant=tenant_id, state="unchecked", reason=str(error))
