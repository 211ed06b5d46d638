"""What a subscriber is sent: the event and the record it is about, in the subscription's contract, made anew for every attempt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import orjson

from adapters import ids
from adapters.core.compile.events import EventType, EventTypes, Facts
from adapters.core.declare.timestamps import utc
from gateway.api.lifecycle import notice
from gateway.config.settings import Settings
from gateway.downstream.header_lines import lines
from gateway.keys.keyring import Keyring, Unsealable
from gateway.keys.purposes import FACTS
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.webhooks import own_events
from gateway.webhooks.hydrating import Hydrator, Omitted, Read
from gateway.webhooks.judging import READ, Allowed, Judge
from gateway.webhooks.messages import Body, Recipient, Rendered, Withheld

LARGEST: Final = 256 * 1024
"""The purpose that facts are sealed by, for their tenant."""

_raw = msgspec.Raw
_encode = msgspec.json.Encoder().encode


class Document(msgspec.Struct, omit_defaults=False):
    """The body (events.md §2.9), in this order."""

    id: str
    type: str
    created_at: str
    sequence: int
    tenant_id: str
    version: str
    object: str
    as_of: str
    partial: bool
    omitted: str | None
    previous: Any
    data: Any


class Tried(Document, kw_only=True):
    """The body of a test."""

    test: bool = True


class Renderings:
    """Judges and renders (`messages.Renderer`). One for each courier."""

    def __init__(
        self, types: EventTypes, settings: Settings, keyring: Keyring, judge: Judge, hydrator: Hydrator
    ) -> None:
        self._types = types.named
        self._keyring = keyring
        self._judge = judge
        self._hydrator = hydrator
        self._headers = {
            date.isoformat(): _version(date.isoformat()) + lines(notice(cycle))
            for date, cycle in settings.versions.items()
        }

    async def render(self, recipient: Recipient, event: Event, *, waited: float) -> Rendered:
        """See `messages.Renderer.render`."""
        endpoint = recipient.endpoint
        headers = self._headers.get(endpoint.contract) or _version(endpoint.contract)
        if event.type in own_events.TYPES:
            return await self._own(endpoint, event, headers)
        kind = self._types.get(event.type)
        if kind is None or endpoint.contract not in kind.shapes:
            return Withheld("not_offered")
        allowed = await self._judge.judge(endpoint, kind.scope)
        if not isinstance(allowed, Allowed):
            return allowed
        if endpoint.payload == "thin":
            return self._body(event, kind, endpoint, headers, _raw(_encode({"id": event.object_id})), "thin")
        facts = self._facts(event)
        if kind.reads is None:
            # All there is of it is what was told.
            whole = dict.fromkeys(kind.shapes[endpoint.contract].named()) if facts else {}
            told = whole | kind.facts(facts, event.object_id, endpoint.contract)
            return self._body(event, kind, endpoint, headers, told, None if facts else "not_offered")
        found = await self._hydrator.read(kind, event, endpoint, allowed, waited)
        previous = kind.previous(facts, event.object_id, endpoint.contract)
        if isinstance(found, Read):
            body = self._body(event, kind, endpoint, headers, found.data, None, previous=previous, at=found.at)
            if len(body.data) <= LARGEST:
                return body
            found = Omitted("too_large")
        if not isinstance(found, Omitted):
            return found
        told = kind.facts(facts, event.object_id, endpoint.contract)
        return self._body(event, kind, endpoint, headers, told, found.reason, previous=previous)

    async def _own(self, endpoint: Endpoint, event: Event, headers: bytes) -> Rendered:
        """One of the gateway's own events: about a subscription, or a trial of what another type looks like."""
        tried = self._types.get(event.object_id) if event.type == own_events.TEST else None
        allowed = await self._judge.judge(endpoint, tried.scope if tried is not None else READ)
        if not isinstance(allowed, Allowed):
            return allowed
        if tried is not None:
            shape = tried.shapes[endpoint.contract]
            return self._body(event, tried, endpoint, headers, shape.example(), None, make=Tried)
        public = ids.WEBHOOK_SUBSCRIPTION.encode(event.object_id or endpoint.id)
        return self._body(
            event,
            None,
            endpoint,
            headers,
            {"id": public},
            None,
            make=Tried if event.type == own_events.TEST else Document,
        )

    def _body(
        self,
        event: Event,
        kind: EventType | None,
        endpoint: Endpoint,
        headers: bytes,
        data: Any,
        omitted: str | None,
        *,
        previous: Facts | None = None,
        at: datetime | None = None,
        make: Callable[..., Document] = Document,
    ) -> Body:
        document = make(
            id=ids.EVENT.encode(event.id),
            type=kind.name if kind is not None else event.type,
            created_at=utc(event.occurred_at),
            sequence=event.sequence,
            tenant_id=ids.TENANT.encode(event.tenant_id),
            version=endpoint.contract,
            object=kind.subject if kind is not None else own_events.SUBJECT,
            as_of=utc(at or datetime.now(UTC)),
            partial=omitted is not None,
            omitted=omitted,
            previous=previous,
            data=data,
        )
        return Body(_encode(document), omitted, headers)

    def _facts(self, event: Event) -> Facts:
        if event.facts_sealed is None:
            return {}
        try:
            found: Mapping[str, Any] = orjson.loads(self._keyring.open(FACTS, event.tenant_id, event.facts_sealed, b""))
        except Unsealable:
            # Sealed by a key that was retired: what can be read is still read.
            return {}
        return dict(found)


def _version(contract: str) -> bytes:
    return b"version: %b\r\n" % contract.encode("ascii")
