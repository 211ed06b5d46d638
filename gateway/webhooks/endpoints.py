"""`/v1/webhook_subscriptions`: making, changing, pausing and ending them, in the gateway's own store."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from adapters import ids
from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input, Place, Plan, Reply
from adapters.core.declare.upstream import ListQuery
from adapters.core.paging import whole
from gateway.api.exchange import Accepted, Permitted
from gateway.auth.challenges import denied
from gateway.stores.sql import webhook_endpoints
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.webhooks import declared, presenting, shapes, signing
from gateway.webhooks.subscribers import Parts, Subscriber
from gateway.webhooks.subscribing import Subscribing

# The few of a workspace come whole from the store: filtered, ordered and paged as any whole list is.
_PLANNED: Final = whole.search(
    Place("", ""), ListQuery(style="whole"), Outward(shapes.SUBSCRIPTION), shapes.SUBSCRIPTION, ()
)


def subscriber(permitted: Permitted, parts: Parts) -> Subscriber:
    """Whoever presented the token: an app for its grant, a person for the token's family."""
    caller = permitted.caller
    return Subscriber(
        tenant_id=caller.tenant_id,
        user_id=caller.user_id,
        owner_kind="grant" if caller.kind == "app" else "token",
        owner_id=caller.principal,
        scopes=tuple(sorted(caller.scopes)),
        covered=permitted.permit.scopes,
        sees_all=permitted.permit.role in parts.administrators,
        actor=f"token:{caller.token_id}",
        address=permitted.exchange.client,
    )


class Subscriptions:
    """The operations on subscriptions themselves, by name."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._subscribing = Subscribing(parts)

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        handlers: dict[str, Accepted] = {
            "search": self.search,
            "create": self.create,
            "get": self.get,
            "update": self.update,
            "delete": self.delete,
            "pause": self.pause,
            "resume": self.resume,
            "rotate_secret": self.rotate_secret,
        }
        return {f"{declared.FIRST}.{name}": handler for name, handler in handlers.items()}

    async def search(self, permitted: Permitted, given: Input) -> Answer:
        mine = await self._subscribing.seen(self._who(permitted))
        health = await self._parts.sql.read(webhook_endpoints.health, [each.id for each in mine])
        rows = [self._row(permitted, each, health.get(each.id)) for each in mine]
        return _answered(_PLANNED(given), orjson.dumps({"data": rows}))

    async def get(self, permitted: Permitted, given: Input) -> Answer:
        return await self._shown(permitted, await self._endpoint(permitted, given))

    async def create(self, permitted: Permitted, given: Input) -> Answer:
        who = await self._wanted(permitted, given.body)
        made, secret = await self._subscribing.create(who, given.body, permitted.exchange.version)
        row = self._row(permitted, made, None) | {"secret": signing.shown(secret)}
        location = f"/v1/{declared.FIRST}/{ids.WEBHOOK_SUBSCRIPTION.encode(made.id)}"
        return presenting.one(shapes.WITH_SECRET, row, 201, ((b"location", location.encode("ascii")),))

    async def update(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        who = await self._wanted(permitted, given.body)
        await self._subscribing.update(who, endpoint, given.body)
        return await self._shown(permitted, await self._endpoint(permitted, given))

    async def delete(self, permitted: Permitted, given: Input) -> Answer:
        await self._subscribing.delete(self._who(permitted), await self._endpoint(permitted, given))
        return Answer(204)

    async def pause(self, permitted: Permitted, given: Input) -> Answer:
        await self._subscribing.pause(self._who(permitted), await self._endpoint(permitted, given))
        return await self._shown(permitted, await self._endpoint(permitted, given))

    async def resume(self, permitted: Permitted, given: Input) -> Answer:
        missed = (given.body.get("from") or "missed") == "missed"
        await self._subscribing.resume(self._who(permitted), await self._endpoint(permitted, given), missed=missed)
        return await self._shown(permitted, await self._endpoint(permitted, given))

    async def rotate_secret(self, permitted: Permitted, given: Input) -> Answer:
        endpoint = await self._endpoint(permitted, given)
        overlap = self._parts.checks.overlap(given.body.get("overlap") or "24h")
        secret = await self._subscribing.rotate_secret(self._who(permitted), endpoint, overlap)
        health = await self._parts.sql.read(webhook_endpoints.health, [endpoint.id])
        row = self._row(permitted, await self._endpoint(permitted, given), health.get(endpoint.id))
        return presenting.one(shapes.WITH_SECRET, row | {"secret": signing.shown(secret)})

    def _who(self, permitted: Permitted) -> Subscriber:
        return subscriber(permitted, self._parts)

    async def _endpoint(self, permitted: Permitted, given: Input) -> Endpoint:
        return await self._subscribing.endpoint(self._who(permitted), given.ids[0])

    async def _shown(self, permitted: Permitted, endpoint: Endpoint) -> Answer:
        health = await self._parts.sql.read(webhook_endpoints.health, [endpoint.id])
        return presenting.one(shapes.SUBSCRIPTION, self._row(permitted, endpoint, health.get(endpoint.id)))

    def _row(self, permitted: Permitted, endpoint: Endpoint, health: Any) -> dict[str, Any]:
        own = permitted.permit if endpoint.owner_id == permitted.caller.principal else None
        owns = self._who(permitted).owns(endpoint)
        return presenting.subscription(self._parts.keyring, self._parts.types, endpoint, health, own, own=owns)

    async def _wanted(self, permitted: Permitted, body: Mapping[str, Any]) -> Subscriber:
        """Who asks; refused is what no subscription may have, or not theirs: 422, 403."""
        who = self._who(permitted)
        if lacking := await self._subscribing.lacking(who, body):
            asked = self._parts.scopes.expanded(permitted.caller.scopes)
            raise denied(lacking, asked, permitted.exchange.brand)
        return who


def _answered(plan: Plan, listed: bytes) -> Answer:
    """A plan with one call, which the store answers."""
    next(plan)
    try:
        plan.send(Reply(200, listed))
    except StopIteration as finished:
        answer: Answer = finished.value
        return answer
    raise AssertionError("a list that comes whole takes one call")
