"""Sandboxes whose time is over are removed, in the sandbox program first: what it does not have nobody can reach."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from typing import Final

from gateway.observe import logs
from gateway.problems import Problem
from gateway.sandboxes.keeping import Sandboxes
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, sandboxes
from gateway.upstream import UpstreamError

PAUSE: Final = 10.0  # seconds; every worker looks, and finds what no other has removed yet
MOST: Final = 100  # at a time

_ACTOR: Final = "expiry"


async def follow(kept: Sandboxes, sql: Sql) -> None:
    """Remove what has ended, again and again; never returns."""
    while True:
        await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - so that workers do not look all at once
        try:
            await once(kept, sql)
        except (Problem, StoreUnavailable, UpstreamError) as error:
            logs.event("sandboxes not removed yet", "warning", reason=str(error))


async def once(kept: Sandboxes, sql: Sql) -> int:
    """Remove what has ended by now; how many that were."""
    ended = await sql.read(sandboxes.expired, datetime.now(UTC), MOST)
    for each in ended:
        await kept.delete(each.id, _ACTOR)
    return len(ended)
