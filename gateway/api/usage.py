"""Counting requests for the people whose tokens they came with: a dictionary in the process, written down in batches."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import Final

from gateway.auth.caller import Caller
from gateway.observe import logs, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session, Sql, known_addresses, usage
from gateway.stores.sql.known_addresses import Place
from gateway.stores.sql.usage import Count

FLUSH: Final = 15.0  # seconds
KEPT: Final = timedelta(days=400)
MOST_SEEN: Final = 100_000

_DAY: Final = 86_400

_Key = tuple[str, int, str, str, str, str]


class Usage:
    """The counts of one worker that SQL does not know yet."""

    def __init__(self) -> None:
        self._counts: dict[_Key, int] = {}
        self._seen: set[tuple[str, str]] = set()
        self._places: list[Place] = []
        self._forgotten: date | None = None

    def note(self, caller: Caller, contract: str, status: int, address: str) -> None:
        """One answered request; on the path of every request, so nothing but an addition and a look into a set."""
        outcome = "ok" if status < 400 else _outcome(status)
        key = (caller.principal, int(time.time() // _DAY), contract, outcome, caller.tenant_id, caller.user_id)
        self._counts[key] = self._counts.get(key, 0) + 1
        if (caller.principal, address) not in self._seen:
            self._noted(caller, address)

    async def flush_regularly(self, sql: Sql) -> None:
        """Write the counts down and forget once a day what is too old, until cancelled."""
        while True:
            await asyncio.sleep(FLUSH)
            await self.flush(sql)
            await self._forget(sql)

    async def flush(self, sql: Sql) -> None:
        """Write what was counted since the last time; counted on here when that fails. Never raises."""
        taken, self._counts = self._counts, {}
        fresh, self._places = self._places, []
        counts = [
            Count(principal, _date(day), contract, outcome, tenant_id, user_id, requests)
            for (principal, day, contract, outcome, tenant_id, user_id), requests in taken.items()
        ]
        if not counts:
            return
        try:
            await sql.run(_write, counts, fresh, datetime.now(UTC))
        except Exception as error:  # noqa: BLE001 - whatever it is, there must be a next time
            _postponed("usage not recorded yet", error, rows=len(counts))
            for key, requests in taken.items():
                self._counts[key] = self._counts.get(key, 0) + requests
            self._places += fresh

    async def stop(self, flushing: asyncio.Task[None], sql: Sql) -> None:
        """End the regular flush with a last one."""
        flushing.cancel()
        await asyncio.gather(flushing, return_exceptions=True)
        await self.flush(sql)

    async def _forget(self, sql: Sql) -> None:
        today = datetime.now(UTC).date()
        if self._forgotten == today:
            return
        try:
            # Not together with the counts: a day of everybody's rows may take longer than they can wait.
            await sql.run(usage.forget, today - KEPT)
        except Exception as error:  # noqa: BLE001 - as above
            _postponed("old usage not forgotten yet", error)
        else:
            self._forgotten = today

    def _noted(self, caller: Caller, address: str) -> None:
        if len(self._seen) >= MOST_SEEN:
            self._seen.clear()
        self._seen.add((caller.principal, address))
        subject = f"grant:{caller.principal}" if caller.kind == "app" else f"token:{caller.token_id}"
        self._places.append(Place(caller.principal, address, caller.tenant_id, caller.user_id, subject))


def _outcome(status: int) -> str:
    if status == 429:
        return "limited"
    return "refused" if status < 500 else "failed"


def _date(day: int) -> date:
    return datetime.fromtimestamp(day * _DAY, UTC).date()


def _postponed(event: str, error: Exception, **fields: object) -> None:
    lost = isinstance(error, StoreUnavailable)
    if lost:
        metrics.store_lost("sql")
    logs.event(event, "warning" if lost else "error", error=error, **fields)


def _write(session: Session, counts: list[Count], seen: list[Place], now: datetime) -> None:
    usage.add(session, counts)
    known_addresses.note(session, seen, now)
