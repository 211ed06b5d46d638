"""Tasks that are given up."""

from __future__ import annotations

import asyncio
from typing import Any, Final

_UNHEARD: Final = 0.5  # seconds


async def given_up(task: asyncio.Task[Any]) -> None:
    """Cancels it, and returns when it has ended, however.

    It is said until it is heard: before Python 3.12 `asyncio.wait_for` returns what came in the same moment instead of being
    cancelled (python/cpython#86296), and libraries use that.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=_UNHEARD)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody is told of it
