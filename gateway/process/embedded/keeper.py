"""Keeps the embedded Valkey: looks at it every second, and starts it again when it does not answer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from gateway.observe import logs
from gateway.process.embedded import valkey

_LOOK: Final = 1.0  # seconds
_MISSES: Final = 3


@asynccontextmanager
async def embedded_valkey(data_dir: Path) -> AsyncIterator[str]:
    """The embedded Valkey's URL; it is started again, on the same socket and data, when it stops answering."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(valkey.running(data_dir))
        keeper = asyncio.create_task(_keep(data_dir, stack))
        try:
            yield url
        finally:
            keeper.cancel()
            await asyncio.gather(keeper, return_exceptions=True)


async def _keep(data_dir: Path, stack: AsyncExitStack) -> None:
    misses = 0
    while True:
        await asyncio.sleep(_LOOK)
        try:
            answers = await asyncio.to_thread(valkey.url, data_dir)
            misses = 0 if answers else misses + 1
            if misses < _MISSES:
                continue
            logs.event("embedded valkey does not answer", "error")
            misses = 0
            await stack.aclose()
            await stack.enter_async_context(valkey.running(data_dir))
        except valkey.ValkeyFailed as error:
            logs.event("embedded valkey did not start", "error", detail=str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is (no process, no descriptor), there must be a next time
            logs.event("embedded valkey did not start", "error", error=error)
