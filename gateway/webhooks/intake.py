"""Accepting events: what was posted in the same few milliseconds is one transaction, committed before any of it is answered."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from typing import Final

from gateway.observe import logs, webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_events
from gateway.stores.sql.webhook_events import Accepted, NewEvent
from gateway.webhooks.clock import Clock

GATHER: Final = 0.005  # seconds at most
_LULL: Final = 0.001  # seconds in which no more came
_NEXT: Final = 0.002  # seconds for those who were answered to post again: one transaction, not two halves
MOST: Final = 64  # events of one transaction
WITHIN: Final = 2.0  # seconds
_MEASURE: Final = 1_000  # rows of an endpoint after which its queue is measured
_ASK: Final = 1.0  # seconds for which it is known what the time is in the database


class Unavailable(Exception):
    """The event could not be committed in time. It may have been: a repetition finds out."""


class Intake:
    """`fed` is told which endpoints have something to deliver now."""

    def __init__(self, sql: Sql, fed: Callable[[Iterable[str]], None]) -> None:
        self._sql = sql
        self._fed = fed
        self._waiting: list[tuple[NewEvent, asyncio.Future[str | None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._rows: Counter[str] = Counter()
        self._clock = Clock()
        self._asked_at = -inf

    async def accept(self, event: NewEvent) -> str | None:
        """The id of the event; None when it had been accepted before. Raises Unavailable."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()
        self._waiting.append((event, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        late = loop.call_later(WITHIN, _fail, answer)
        try:
            return await answer
        finally:
            late.cancel()

    async def _write(self) -> None:
        while self._waiting:
            await self._gathered()
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            # Of two that are alike the second is a repetition, whichever came in first.
            measured = [endpoint_id for endpoint_id, rows in self._rows.items() if rows >= _MEASURE]
            clock = self._clock if time.monotonic() < self._asked_at + _ASK else None
            try:
                accepted, self._clock = await self._sql.run(_accept, [event for event, _ in batch], clock, measured)
            except Exception as error:  # noqa: BLE001 - whatever it is, who posted is told, and others wait behind it
                if not isinstance(error, StoreUnavailable):
                    logs.event("webhook events not accepted", "error", events=len(batch), error=error)
                _fail(*(answer for _, answer in batch))
                continue
            if clock is None:
                self._asked_at = time.monotonic()
            for endpoint_id in measured:
                self._rows.pop(endpoint_id, None)
            self._rows.update(accepted.fed)
            self._fed(accepted.ready)
            self._answer(batch, accepted)
            if len(batch) > 1:
                await asyncio.sleep(_NEXT)

    async def _gathered(self) -> None:
        """Returns when no more come at once: whoever is alone has nobody to wait for."""
        until, before = time.monotonic() + GATHER, 0
        while before < len(self._waiting) < MOST and time.monotonic() < until:
            before = len(self._waiting)
            await asyncio.sleep(_LULL)

    def _answer(self, batch: list[tuple[NewEvent, "asyncio.Future[str | None]"]], accepted: Accepted) -> None:
        ids = dict(accepted.ids)
        for event, answer in batch:
            event_id = ids.pop((event.tenant_id, event.fingerprint), None)
            if event_id is not None:
                webhook_metrics.event(event.type, event.origin)
            if not answer.done():
                answer.set_result(event_id)


def _accept(
    session: Session, events: list[NewEvent], clock: Clock | None, measured: list[str]
) -> tuple[Accepted, Clock]:
    """At the database's time, which is asked for where no clock has it."""
    if clock is None:
        clock = Clock()
        clock.set(webhook_clock.now(session))
    now = clock()
    at = webhook_clock.moment(now)
    # By this time nothing happens later than it is known, whoever's clock is ahead.
    told = [event if event.occurred_at <= at else replace(event, occurred_at=at) for event in events]
    return webhook_events.accept(session, told, now, measured), clock


def _fail(*answers: "asyncio.Future[str | None]") -> None:
    for answer in answers:
        if not answer.done():
            answer.set_exception(Unavailable())
            answer.exception()  # whoever asked may have gone
