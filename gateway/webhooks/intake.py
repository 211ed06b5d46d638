"""Accepting events: what was posted in the same few milliseconds is one transaction, committed before any of it is answered."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from gateway.observe import webhook_metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_events
from gateway.stores.sql.webhook_events import Accepted, NewEvent

GATHER: Final = 0.005  # seconds
MOST: Final = 64  # events of one transaction
WITHIN: Final = 2.0  # seconds
_MEASURE: Final = 1_000  # rows of an endpoint after which its queue is measured


class Unavailable(Exception):
    """The event could not be committed in time. It may have been: a repetition finds out."""


class Intake:
    """`fed` is told which endpoints have something to deliver."""

    def __init__(self, sql: Sql, fed: Callable[[Iterable[str]], None]) -> None:
        self._sql = sql
        self._fed = fed
        self._waiting: list[tuple[NewEvent, asyncio.Future[str | None]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._rows: Counter[str] = Counter()

    async def accept(self, event: NewEvent) -> str | None:
        """The id of the event; None when it had been accepted before. Raises Unavailable."""
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, answer))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        try:
            async with asyncio.timeout(WITHIN):
                return await answer
        except TimeoutError:
            raise Unavailable from None

    async def _write(self) -> None:
        await asyncio.sleep(GATHER)
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            # Of two that are alike the second is a repetition, whichever came in first.
            measured = [endpoint_id for endpoint_id, rows in self._rows.items() if rows >= _MEASURE]
            try:
                accepted = await self._sql.run(_accept, [event for event, _ in batch], measured)
            except StoreUnavailable:
                _fail(batch)
                continue
            for endpoint_id in measured:
                self._rows.pop(endpoint_id, None)
            self._rows.update(accepted.fed)
            self._fed(accepted.fed)
            self._answer(batch, accepted)

    def _answer(self, batch: list[tuple[NewEvent, "asyncio.Future[str | None]"]], accepted: Accepted) -> None:
        ids = dict(accepted.ids)
        for event, answer in batch:
            event_id = ids.pop((event.tenant_id, event.fingerprint), None)
            if event_id is not None:
                webhook_metrics.event(event.type, event.origin)
            if not answer.done():
                answer.set_result(event_id)


def _accept(session: Session, events: list[NewEvent], measured: list[str]) -> Accepted:
    return webhook_events.accept(session, events, webhook_clock.now(session), measured)


def _fail(batch: list[tuple[NewEvent, "asyncio.Future[str | None]"]]) -> None:
    for _, answer in batch:
        if not answer.done():
            answer.set_exception(Unavailable())
            answer.exception()  # whoever asked may have gone
