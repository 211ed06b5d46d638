"""Rows of the store → public records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer
from adapters.core.compile.events import EventTypes
from adapters.core.shapes import Shape
from gateway.auth.permits import Permit
from gateway.keys.keyring import Keyring
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint, Health
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_queue import Attempt
from gateway.stores.sql.webhook_replays import Replay
from gateway.webhooks import own_events, recipients, shapes
from gateway.webhooks.judging import READ

Row = dict[str, Any]
_OUTWARD: Mapping[str, Outward] = {
    shape.name: Outward(shape)
    for shape in (shapes.SUBSCRIPTION, shapes.WITH_SECRET, shapes.DELIVERY, shapes.EVENT, shapes.REPLAY)
}


def one(shape: Shape, row: Row, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Answer:
    """An answer with one record."""
    outward = _OUTWARD[shape.name]
    return Answer(status, outward.one(outward.read(orjson.dumps({"data": row}))), headers)


def many(shape: Shape, rows: Sequence[Row], following: str | None) -> Answer:
    """An answer with a page of records. following: the sealed cursor of the next page."""
    outward = _OUTWARD[shape.name]
    read = [outward.read(orjson.dumps({"data": row})) for row in rows]
    return Answer(200, outward.many(read, following, None))


def moment(at: datetime | None) -> str | None:
    """As services write it, to the millisecond."""
    return None if at is None else at.isoformat(timespec="milliseconds")[:23] + "Z"


def needed(types: EventTypes, events: Iterable[str]) -> frozenset[str]:
    """The single scopes that some types need, beside `webhook.read`."""
    return frozenset(
        READ if each in own_events.TYPES else types.named[each].scope
        for each in events
        if each in own_events.TYPES or each in types.named
    )


def subscription(
    keyring: Keyring, types: EventTypes, endpoint: Endpoint, health: Health | None, permit: Permit | None, *, own: bool
) -> Row:
    """`shapes.WebhookSubscription`. permit: of the principal that made it, where it is they who ask; own: whether they own it."""
    headers = recipients.open_headers(keyring, endpoint)
    lacking = needed(types, endpoint.events) - permit.scopes if permit is not None else ()
    ended = endpoint.status == "disabled"
    missed = health.missed if health is not None else None
    return {
        "id": endpoint.id,
        "url": address(keyring, endpoint, own=own),
        "events": list(endpoint.events),
        "description": endpoint.description,
        "version": endpoint.contract,
        "payload": endpoint.payload,
        "header_names": list(headers),
        "max_in_flight": endpoint.max_in_flight,
        "rate": endpoint.rate,
        "status": endpoint.status,
        "reason": endpoint.reason,
        "disabled_reason": endpoint.reason if ended else None,
        "missing_scopes": sorted(lacking),
        "failing_since": moment(health.failing_since) if health else None,
        "last_success_at": moment(health.succeeded_at) if health else None,
        "last_failure_at": moment(health.failed_at) if health else None,
        "backlog": health.backlog if health else 0,
        "missed": {"since": moment(missed[0]), "until": moment(missed[1])} if missed else None,
        "created_by_id": endpoint.user_id,
        "created_at": moment(endpoint.created_at),
        "updated_at": moment(endpoint.changed_at),
    }


def address(keyring: Keyring, endpoint: Endpoint, *, own: bool) -> str:
    """The URL; for all but its owner what stands before the path, behind which there may be secrets."""
    url = recipients.open_url(keyring, endpoint)
    return url if own else "{0.scheme}://{0.netloc}".format(urlsplit(url))


def delivery(each: Delivery, attempts: Sequence[Attempt], *, own: bool) -> Row:
    """`shapes.Delivery`. own: whether it is the owner of the endpoint who asks; what was answered is shown to them alone."""
    return {
        "id": each.id,
        "subscription_id": each.endpoint_id,
        "event_id": each.event_id,
        "event_type": each.event_type,
        "status": each.status,
        "reason": each.reason,
        "again": bool(each.round),
        "attempts": [
            {
                "at": moment(attempt.at),
                "status_code": attempt.status,
                "error": attempt.error,
                "duration_ms": attempt.ms,
                "body_sha256": attempt.body_sha256.hex(),
                "response_excerpt": attempt.answer_head if own else None,
            }
            for attempt in attempts
        ],
        "next_attempt_at": moment(each.next_attempt_at),
        "created_at": moment(each.created_at),
        "settled_at": moment(each.settled_at),
    }


def event(types: EventTypes, each: Event) -> Row:
    """`shapes.Event`."""
    kind = types.named.get(each.type)
    return {
        "id": each.id,
        "type": each.type,
        "object": kind.subject if kind is not None else own_events.SUBJECT,
        "object_id": each.object_id,
        "sequence": each.sequence,
        "origin": each.origin,
        "created_at": moment(each.occurred_at),
        "received_at": moment(each.received_at),
    }


def replay(each: Replay) -> Row:
    """`shapes.Replay`."""
    return {
        "id": each.id,
        "since": moment(each.since),
        "until": moment(each.until),
        "events": list(each.events),
        "only": each.only,
        "done": each.done,
        "total": each.total,
        "created_at": moment(each.created_at),
        "finished_at": moment(each.finished_at),
    }
