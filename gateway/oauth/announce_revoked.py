"""Telling every worker which access tokens ended."""

from __future__ import annotations

from gateway.observe import logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.grants import Revoked
from gateway.stores.token_generations import Liveness


async def announce(liveness: Liveness, ended: tuple[Revoked, ...]) -> None:
    """Once it is committed. When the store is away, workers ask SQL anyway; those that do not notice within the hour."""
    try:
        for each in ended:
            await liveness.announce(each.tenant_id, each.token_id, each.generation)
    except StoreUnavailable as error:
        metrics.store_lost("redis")
        logs.event("revocation not announced", "error", tokens=len(ended), error=error)
