"""Sandboxes whose time is over are removed, in the sandbox program first: what it does not have nobody can reach. What a program
beside the workers still has of one that is known no more goes as well: of one that another instance has removed, or whose making
was cut off.
"""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.observe import logs
from gateway.problems import Problem
from gateway.sandboxes.control import Control
from gateway.sandboxes.keeping import Sandboxes
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, sandboxes
from gateway.upstream import UpstreamError

PAUSE: Final = 10.0  # seconds; every worker looks, and finds what no other has removed yet
MOST: Final = 100  # at a time
SWEEP: Final = 600.0  # seconds between two looks at what the program has
SETTLED: Final = timedelta(hours=1)  # one that is just being made is in the program before it is in SQL

_ACTOR: Final = "expiry"


async def follow(kept: Sandboxes, sql: Sql, *, alone: bool) -> None:
    """Remove what has ended, again and again; never returns. alone: nobody else has sandboxes in the program."""
    sweeping = 0.0
    while True:
        await asyncio.sleep(PAUSE * random.uniform(0.5, 1.5))  # noqa: S311 - so that workers do not look all at once
        try:
            await once(kept, sql)
            if alone and time.monotonic() >= sweeping:
                sweeping = time.monotonic() + SWEEP * random.uniform(0.5, 1.5)  # noqa: S311 - as above
                await sweep(kept.control, sql, datetime.now(UTC))
        except (Problem, StoreUnavailable, UpstreamError) as error:
            logs.event("sandboxes not removed yet", "warning", reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, there must be a next time
            logs.event("sandboxes not removed yet", "error", error=error)


async def once(kept: Sandboxes, sql: Sql) -> int:
    """Remove what has ended by now; how many that were."""
    ended = await sql.read(sandboxes.expired, datetime.now(UTC), MOST)
    for each in ended:
        await kept.delete(each.id, _ACTOR)
    return len(ended)


async def sweep(control: Control, sql: Sql, now: datetime) -> int:
    """Remove from the program what is no sandbox of this deployment's; how many that were."""
    held = await control.held(now - SETTLED)
    if not held:
        return 0
    forgotten = (await sql.read(sandboxes.unknown, held))[:MOST]
    for tenant_id in forgotten:
        await control.delete(tenant_id)
    if forgotten:
        logs.event("sandboxes of nobody removed", sandboxes=len(forgotten))
    return len(forgotten)
