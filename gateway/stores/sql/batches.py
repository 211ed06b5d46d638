"""What a process gathers in memory and writes to SQL together, every few seconds and once more at its end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from gateway.observe import logs
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql.database import Sql

FLUSH: Final = 15.0  # seconds


@dataclass(frozen=True, slots=True)
class Batch:
    """One kind of notes.

    late     the event of the log line when they could not be written
    take     what was noted since the last time, or None for nothing; it is the batch's from then on
    write    stores what was taken, in a transaction of its own
    keep     notes again what could not be written
    """

    late: str
    take: Callable[[], Any]
    write: Callable[[Session, Any], object]
    keep: Callable[[Any], None]


class Batches:
    """All that one process writes so."""

    def __init__(self, sql: Sql, *batches: Batch) -> None:
        self._sql = sql
        self._batches = batches
        self._regularly: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Write every FLUSH seconds from now on, until `stop`."""
        self._regularly = asyncio.create_task(self._write_regularly())

    async def stop(self) -> None:
        """Write a last time. Ends within the time-outs of two calls of SQL."""
        if self._regularly is not None:
            self._regularly.cancel()
            await asyncio.gather(self._regularly, return_exceptions=True)
            self._regularly = None  # its end remembers where it was, and with that us
        if self._writing is not None:
            # Given up, what it has taken would be neither written nor noted any more.
            await self._writing
            self._writing = None
        await self.flush()

    async def flush(self) -> None:
        """Write what was noted since the last time; noted on where that fails. Never raises."""
        await asyncio.gather(*(self._flush(batch) for batch in self._batches))

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            self._writing = asyncio.create_task(self.flush())
            await asyncio.shield(self._writing)

    async def _flush(self, batch: Batch) -> None:
        taken = batch.take()
        if taken is None:
            return
        try:
            await self._sql.run(batch.write, taken)
        except Exception as error:  # noqa: BLE001 - whatever it is, there must be a next time
            level = "warning" if isinstance(error, StoreUnavailable) else "error"
            logs.event(batch.late, level, error=error)
            batch.keep(taken)
