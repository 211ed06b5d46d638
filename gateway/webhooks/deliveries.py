"""What was delivered and what was not: the log that owners read, tests, redelivery and replay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from adapters.core.calls import Answer, Input
from adapters.core.faults import RecordNotFound
from gateway.api.exchange import Accepted, Permitted
from gateway.stores.sql import Session, webhook_deliveries, webhook_replays
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_queue import Attempt
from gateway.stores.sql.webhook_replays import Only
from gateway.webhooks import declared, presenting, shapes
from gateway.webhooks.endpoints import subscriber
from gateway.webhooks.resending import Resending
from gateway.webhooks.subscribers import Parts
from gateway.webhooks.subscribing import Subscribing

ANSWERED: Final = 22.0  # seconds that a test is waited for: a little longer than an attempt may take


class Deliveries:
    """The operations on deliveries and replays, by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._subscribing = Subscribing(parts)
        self._resending = Resending(parts.sql)

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        handlers: dict[str, Accepted] = {
            "test": self.test,
            "replay": self.replay,
            "get_replay": self.get_replay,
            "list_deliveries": self.list,
            "get_delivery": self.get,
            "redeliver": self.redeliver,
        }
        return {f"{declared.FIRST}.{name}": handler for name, handler in handlers.items()}

    async def list(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        window = given.window
        assert window is not None
        assert window.seal is not None
        below = window.position[0] if window.position is not None else None
        found = await self._parts.sql.read(
            webhook_deliveries.page, endpoint.id, below=below, status=given.body["status"], limit=window.limit + 1
        )
        page = found[: window.limit]
        attempts = await self._parts.sql.read(_attempts, page)
        following = window.seal([page[-1].id]) if len(found) > window.limit else None
        own = subscriber(permitted, self._parts).owns(endpoint)
        rows = [presenting.delivery(each, attempts[each.id], own=own) for each in page]
        return presenting.many(shapes.DELIVERY, rows, following)

    async def get(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        return await self._answer(permitted, endpoint, await self._resending.delivery(endpoint, given.ids[1]))

    async def redeliver(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        return await self._answer(permitted, endpoint, await self._resending.redeliver(endpoint, given.ids[1]), 202)

    async def test(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        of = self._parts.checks.trial(given.body.get("type"))
        return await self._answer(permitted, endpoint, await self._resending.test(endpoint, of, ANSWERED))

    async def replay(self, permitted: Permitted, given: Input) -> Answer:
        body, endpoint = given.body, await self._endpoint(permitted, given)
        since, until = _moment(body["since"]), _moment(body["until"]) if body.get("until") else None
        only: Only = "all" if body.get("only") == "all" else "undelivered"
        who = subscriber(permitted, self._parts)
        made = await self._resending.replay(who, endpoint, since, until, tuple(body.get("events") or ()), only)
        return presenting.one(shapes.REPLAY, presenting.replay(made), 202)

    async def get_replay(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        found = await self._parts.sql.read(webhook_replays.get, given.ids[1])
        if found is None or found.endpoint_id != endpoint.id:
            raise RecordNotFound
        return presenting.one(shapes.REPLAY, presenting.replay(found))

    async def _endpoint(self, permitted: Permitted, given: Input) -> Endpoint:
        return await self._subscribing.endpoint(subscriber(permitted, self._parts), given.ids[0])

    async def _answer(self, permitted: Permitted, endpoint: Endpoint, delivery: Delivery, status: int = 200) -> Answer:
        attempts = await self._parts.sql.read(webhook_deliveries.attempts, delivery.id)
        own = subscriber(permitted, self._parts).owns(endpoint)
        return presenting.one(shapes.DELIVERY, presenting.delivery(delivery, attempts, own=own), status)


def _attempts(session: Session, page: tuple[Delivery, ...]) -> Mapping[str, tuple[Attempt, ...]]:
    return {each.id: webhook_deliveries.attempts(session, each.id) if each.attempts else () for each in page}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
