"""Deliveries on request, whoever asks for them: trials, one once more, and ranges."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.core.faults import FieldError, Invalid, RecordNotFound
from gateway.problems import Conflicting
from gateway.stores.sql import Session, Sql, webhook_deliveries, webhook_replays
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import OPEN, Endpoint
from gateway.stores.sql.webhook_replays import Only, Replay
from gateway.webhooks import telling
from gateway.webhooks.subscribers import Subscriber, audited, not_now

KEPT: Final = timedelta(days=30)
"""How far back replays reach."""
_LOOKING: Final = 0.1  # seconds between two looks at a trial that is under way


class Resending:
    """Every method takes an endpoint that its owner may see, and may raise StoreUnavailable."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    async def test(self, endpoint: Endpoint, of: str, patience: float) -> Delivery:
        """Send a trial now, and wait so many seconds for its first attempt; `of`: the type whose example is sent, or empty.

        Conflicting for one that is not delivered to.
        """
        if endpoint.status not in OPEN:
            raise not_now(endpoint.status, "resume")

        def tried(session: Session) -> str:
            event_id = telling.trial(session, endpoint, of, datetime.now(UTC))
            made = webhook_deliveries.of_event(session, endpoint.id, event_id)
            if made is None:
                # It was paused since it was looked at.
                raise not_now("paused", "resume")
            return made

        delivery_id = await self._sql.run(tried)
        until = asyncio.get_running_loop().time() + patience
        while True:
            delivery = await self.delivery(endpoint, delivery_id)
            if delivery.attempts or delivery.status != "pending" or asyncio.get_running_loop().time() > until:
                return delivery
            await asyncio.sleep(_LOOKING)

    async def delivery(self, endpoint: Endpoint, delivery_id: str) -> Delivery:
        """One of the endpoint's; RecordNotFound for others."""
        found = await self._sql.read(webhook_deliveries.get, delivery_id)
        if found is None or found.endpoint_id != endpoint.id:
            raise RecordNotFound
        return found

    async def redeliver(self, endpoint: Endpoint, delivery_id: str) -> Delivery:
        """The same event once more, whatever became of it; RecordNotFound when the event is forgotten."""
        known = await self.delivery(endpoint, delivery_id)
        made = await self._sql.run(webhook_deliveries.redeliver, known.id, datetime.now(UTC))
        if made is None:
            raise RecordNotFound
        return await self.delivery(endpoint, made)

    async def replay(
        self,
        who: Subscriber,
        endpoint: Endpoint,
        since: datetime,
        until: datetime | None,
        events: tuple[str, ...],
        only: Only,
    ) -> Replay:
        """A range once more, behind what comes. `until` None: now. Invalid, or Conflicting while another runs."""
        now = datetime.now(UTC)
        if (until or now) <= since:
            at, message = ("/until", "This is before since.") if until else ("/since", "This is still to come.")
            raise Invalid([FieldError(at, "before_start", message)])
        until = until or now
        # What is older is gone, and the answer says from when there is something.
        since = max(since, now - KEPT)

        def begun(session: Session) -> Replay | None:
            made = webhook_replays.begin(session, endpoint.id, since, until, events, only, now)
            if made is not None:
                audited(session, who, endpoint, "replay")
            return made

        made = await self._sql.run(begun)
        if made is None:
            raise running()
        return made


def running() -> Conflicting:
    """The 409 for a replay while another runs."""
    return Conflicting("replay_running", "A replay of this subscription is under way; there is one at a time.")
