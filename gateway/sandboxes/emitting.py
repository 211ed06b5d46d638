"""`POST /v1/test/events/{type}`: an event on demand, which goes the way of every other to the sandbox's own subscriptions."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from adapters import RESOURCES
from adapters.core.calls import Answer, Input, Reply
from adapters.core.compile.events import EventType, EventTypes
from adapters.core.declare.kinds import Text
from adapters.core.faults import FieldError, Invalid, RecordNotFound
from adapters.core.operation import Body, Operation, Request
from adapters.core.payloads import Fields, One
from adapters.core.request.json_body import nearest
from gateway.api.exchange import Accepted
from gateway.api.internal_calls import Internal
from gateway.auth.challenges import denied
from gateway.auth.scopes import Permissions
from gateway.sandboxes import fault_shapes as shapes
from gateway.sandboxes.declared import FIRST, body, declare
from gateway.sandboxes.handling import Asked, from_inside
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_events
from gateway.stores.sql.webhook_events import Event, NewEvent
from gateway.webhooks import presenting
from gateway.webhooks.shapes import EVENT

_NAMED: Final = 64


def operations(dates: Sequence[str]) -> list[Operation]:
    """Sending one."""
    return [
        declare(
            dates, "send_event", "POST", "events/*", "Send an event",
            "Has something happen, of any type that can be subscribed to: it is written into the log of events, rendered in each "
            "subscription's contract, signed, and sent to the sandbox's own subscriptions to it, with retries. Read "
            "`GET /v1/events/{id}`, and the deliveries of a subscription, to see what became of it.",
            body(shapes.EMIT), Fields("EventSend", shapes.EMIT, needed=False), One(EVENT, degrades=False),
            body=Body.OPTIONAL, success=202, params=(None,), param_names=("type",),
            words=(Text(_NAMED, 1, example=f"{RESOURCES[0].scope}.created"),),
        ),
    ]  # fmt: skip


class Emitting:
    """The handler. offered: the types whose service this deployment has."""

    def __init__(
        self,
        sql: Sql,
        types: EventTypes,
        offered: frozenset[str],
        operations: Iterable[Operation],
        internal: Internal,
        permissions: Permissions,
    ) -> None:
        self._sql = sql
        self._types = types
        self._offered = offered
        self._operations = {each.name: each for each in operations}
        self._internal = internal
        self._permissions = permissions

    def handlers(self) -> Mapping[str, Accepted]:
        """By name of operation."""
        return {f"{FIRST}.send_event": from_inside(self.send)}

    async def send(self, asked: Asked, given: Input) -> Answer:
        kind = self._kind(given.ids[0])
        caller = asked.permitted.caller
        if kind.scope not in asked.permit.scopes:
            needed = frozenset({kind.scope})
            raise denied(needed, self._permissions.asked(caller.scopes), asked.permitted.exchange.brand)
        object_id = given.body.get("object_id")
        if object_id is None:
            object_id = await self._newest(asked, kind)
        elif kind.id.decode(object_id) is None:
            raise Invalid([FieldError("/object_id", "id_invalid", f"Not the id of a {kind.subject}.")])
        new = NewEvent(
            tenant_id=asked.tenant_id,
            type=kind.name,
            object_id=object_id,
            occurred_at=datetime.now(UTC) + timedelta(seconds=caller.ahead),
            fingerprint=secrets.token_bytes(32),
            origin="gateway",
        )
        event: Event = await self._sql.run(_accepted, new)
        return presenting.one(EVENT, presenting.event(self._types, event), 202)

    def _kind(self, name: str) -> EventType:
        if name not in self._offered:
            there = sorted(self._offered)
            told = f"There is no type of event {name[:_NAMED]!r}.{nearest(name, there)}"
            raise Invalid([FieldError("", "value_unknown", told, tuple(there))])
        return self._types.named[name]

    async def _newest(self, asked: Asked, kind: EventType) -> str:
        """The public id of the newest record of its kind, by the search that anybody would make."""
        exchange = asked.permitted.exchange
        search = self._operations.get(f"{(kind.reads or '').removesuffix('.get')}.search")
        face = search.faces.get(exchange.version) if search is not None else None
        if face is None:
            raise _needed(f"No search finds a {kind.subject}: name one.")
        try:
            plan = face.plan(face.accept(Request((), {}, {"limit": 1}, _no_cursor, _no_seal)))
        except Invalid:
            raise _needed(f"A search for a {kind.subject} needs a filter: name one.") from None
        try:
            call = next(plan)
            while True:
                reply: Reply = await self._internal.send(asked.permitted, call)
                call = plan.send(reply)
        except StopIteration as finished:
            rows = orjson.loads(finished.value.body)["data"]
        if not rows:
            raise _needed(f"The sandbox has no {kind.subject}: create one first.")
        found: str = rows[0]["id"]
        return found


def _accepted(session: Session, new: NewEvent) -> Event:
    accepted = webhook_events.accept(session, [new], webhook_clock.now(session))
    event = webhook_events.get(session, next(iter(accepted.ids.values())))
    assert event is not None
    return event


def _needed(told: str) -> Invalid:
    return Invalid([FieldError("/object_id", "required", told)])


def _no_cursor(*_: Any) -> list[Any]:
    raise RecordNotFound


def _no_seal(_: bytes) -> Any:
    return lambda _: ""
