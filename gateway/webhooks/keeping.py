"""What one courier of all does for the others: repairs, forgets, measures; and what each does: says that it lives."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final

from gateway.observe import logs, webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import (
    Session,
    Sql,
    webhook_clock,
    webhook_expiring,
    webhook_housekeeping,
    webhook_lanes,
    webhook_queue,
    webhook_registrations,
)

EVERY: Final = 10.0  # seconds
WARN_EVERY: Final = 3600.0  # seconds between two looks for owners that are about to expire
GAP: Final = 60_000  # milliseconds without any courier, in which events may have been missed
SUCCESSES: Final = timedelta(days=7)
_TURN: Final = 30_000
_BETWEEN: Final = 0.1  # seconds between two transactions that delete
_FULL: Final = 0.8


class Keeping:
    """`keep` (seconds) and `max_stored` (bytes) are `webhooks` of the configuration; `full` is told whether there is room.

    `called`: how many hosts this courier has lately called, by what came of it (gateway/webhooks/hosts.py); of `time.monotonic`.
    """

    def __init__(
        self,
        sql: Sql,
        courier: str,
        *,
        keep: float,
        max_stored: int,
        full: Callable[[bool], None],
        called: Callable[[float], Mapping[str, int]],
    ) -> None:
        self._sql = sql
        self._courier = courier
        self._keep = timedelta(seconds=keep)
        self._max_stored = max_stored
        self._full = full
        self._called = called
        self._told = False
        self._warn_at = 0.0

    async def run(self) -> None:
        """Until it is cancelled."""
        first = True
        while True:
            webhook_metrics.called(self._called(time.monotonic()))
            try:
                await self._once(first=first)
                first = False
            except StoreUnavailable:
                pass
            except Exception as error:  # noqa: BLE001 - there must be a next time
                logs.event("webhook housekeeping failed", "error", error=error)
            await asyncio.sleep(EVERY)

    async def _once(self, *, first: bool) -> None:
        missed = await self._sql.run(_beat, self._courier, first=first)
        if missed is not None:
            logs.event("webhook gap", "error", seconds=missed, reason="no_courier")
            webhook_metrics.gap(missed)
        stored = await self._sql.read(webhook_housekeeping.stored)
        self._full(stored >= self._max_stored)
        if (large := stored >= self._max_stored * _FULL) and not self._told:
            logs.event("webhook store is filling up", "error", bytes=stored, most=self._max_stored)
        self._told = large
        if await self._sql.run(_turn, self._courier):
            await self._for_all(stored)

    async def _for_all(self, stored: int) -> None:
        repaired = await self._sql.run(_repaired)
        if repaired:
            logs.event("webhook lanes repaired", "error", lanes=repaired)
            webhook_metrics.repaired(repaired)
        if time.monotonic() >= self._warn_at:
            self._warn_at = time.monotonic() + WARN_EVERY
            for each in await self._sql.run(_warned):
                webhook = f"whk_{each.endpoint.id}"
                logs.event(
                    "webhook owner expires",
                    "warning",
                    tenant=each.endpoint.tenant_id,
                    endpoint=webhook,
                    at=str(each.at),
                )
        webhook_metrics.stored(stored, self._max_stored)
        depth, oldest, lanes, registrations, couriers, tuples = await self._sql.read(_looked)
        webhook_metrics.looked(depth, oldest / 1000, lanes, registrations, couriers, tuples)
        deleted = 1
        while deleted:
            deleted = await self._sql.run(_forget, self._keep)
            await asyncio.sleep(_BETWEEN)


def _beat(session: Session, courier: str, *, first: bool) -> float | None:
    """Seconds in which no courier lived, if there were any; written down as a gap of everybody's."""
    now = webhook_clock.now(session)
    last = webhook_housekeeping.beat(session, courier, now)
    if not first or last is None or now - last <= GAP:
        return None
    since, until = webhook_clock.moment(last), webhook_clock.moment(now)
    webhook_registrations.add_gap(session, None, "no_courier", since, until)
    return (until - since).total_seconds()


def _turn(session: Session, courier: str) -> bool:
    return webhook_housekeeping.turn(session, "housekeeping", courier, webhook_clock.now(session), _TURN)


def _repaired(session: Session) -> int:
    return webhook_lanes.repair(session, webhook_clock.now(session))


def _warned(session: Session) -> list[webhook_expiring.Expiring]:
    return webhook_expiring.warn(session, webhook_clock.moment(webhook_clock.now(session)))


def _looked(session: Session) -> tuple[int, int, dict[str, int], dict[str, int], int, tuple[int, int] | None]:
    now = webhook_clock.now(session)
    depth, oldest = webhook_queue.depth(session, now)
    lanes, states = webhook_lanes.states(session, now), webhook_registrations.states(session)
    living, tuples = webhook_housekeeping.living(session, now), webhook_queue.tuples(session)
    return depth, oldest, lanes, states, living, tuples


def _forget(session: Session, keep: timedelta) -> int:
    now = webhook_clock.moment(webhook_clock.now(session))
    return webhook_housekeeping.forget(session, now - keep, now - min(keep, SUCCESSES))
