"""What was delivered and what was not: the log that owners read, tests, redelivery and replay."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.core.calls import Answer, Input
from adapters.core.faults import FieldError, Invalid, RecordNotFound
from gateway.api.exchange import Accepted, Permitted
from gateway.problems import Conflicting
from gateway.stores.sql import Session, webhook_deliveries, webhook_replays
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import OPEN
from gateway.stores.sql.webhook_queue import Attempt
from gateway.webhooks import declared, presenting, shapes, telling
from gateway.webhooks.endpoints import Parts

ANSWERED: Final = 22.0  # seconds that a test is waited for: a little longer than an attempt may take
_LOOKING: Final = 0.1
_KEPT: Final = timedelta(days=30)


class Deliveries:
    """The operations on deliveries and replays, by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

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
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
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
        return presenting.many(
            shapes.DELIVERY, [presenting.delivery(each, attempts[each.id]) for each in page], following
        )

    async def get(self, permitted: Permitted, given: Input) -> Answer:
        return await self._answer(await self._found(permitted, given))

    async def redeliver(self, permitted: Permitted, given: Input) -> Answer:
        delivery = await self._found(permitted, given)
        made = await self._parts.sql.run(webhook_deliveries.redeliver, delivery.id, datetime.now(UTC))
        if made is None:
            raise RecordNotFound
        return await self._answer(await self._known(made), 202)

    async def test(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        of = self._parts.checks.trial(given.body.get("type"))
        if endpoint.status not in OPEN:
            members = {"current_status": endpoint.status, "allowed": ["resume"]}
            raise Conflicting("state_conflict", "The record's present status does not allow this.", members=members)

        def tried(session: Session) -> str:
            event_id = telling.trial(session, endpoint, of, datetime.now(UTC))
            return webhook_deliveries.of_event(session, endpoint.id, event_id)

        delivery_id = await self._parts.sql.run(tried)
        until = asyncio.get_running_loop().time() + ANSWERED
        while True:
            delivery = await self._known(delivery_id)
            if delivery.attempts or delivery.status != "pending" or asyncio.get_running_loop().time() > until:
                return await self._answer(delivery)
            await asyncio.sleep(_LOOKING)

    async def replay(self, permitted: Permitted, given: Input) -> Answer:
        parts, body = self._parts, given.body
        endpoint = await parts.endpoint(permitted, given.ids[0])
        now = datetime.now(UTC)
        since, until = _moment(body["since"]), _moment(body["until"]) if body.get("until") else now
        if until <= since:
            raise Invalid([FieldError("/until", "before_start", "The end is before the beginning.")])
        # What is older is gone, and the answer says from when there is something.
        since = max(since, now - _KEPT)
        only: webhook_replays.Only = "all" if body.get("only") == "all" else "undelivered"
        made = await parts.sql.run(
            webhook_replays.begin, endpoint.id, since, until, tuple(body.get("events") or ()), only, now
        )
        if made is None:
            raise Conflicting("replay_running", "A replay of this subscription is under way; there is one at a time.")
        return presenting.one(shapes.REPLAY, presenting.replay(made), 202)

    async def get_replay(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        found = await self._parts.sql.read(webhook_replays.get, given.ids[1])
        if found is None or found.endpoint_id != endpoint.id:
            raise RecordNotFound
        return presenting.one(shapes.REPLAY, presenting.replay(found))

    async def _found(self, permitted: Permitted, given: Input) -> Delivery:
        endpoint = await self._parts.endpoint(permitted, given.ids[0])
        found = await self._known(given.ids[1])
        if found.endpoint_id != endpoint.id:
            raise RecordNotFound
        return found

    async def _known(self, delivery_id: str) -> Delivery:
        found = await self._parts.sql.read(webhook_deliveries.get, delivery_id)
        if found is None:
            raise RecordNotFound
        return found

    async def _answer(self, delivery: Delivery, status: int = 200) -> Answer:
        attempts = await self._parts.sql.read(webhook_deliveries.attempts, delivery.id)
        return presenting.one(shapes.DELIVERY, presenting.delivery(delivery, attempts), status)


def _attempts(session: Session, page: tuple[Delivery, ...]) -> Mapping[str, tuple[Attempt, ...]]:
    return {each.id: webhook_deliveries.attempts(session, each.id) if each.attempts else () for each in page}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
