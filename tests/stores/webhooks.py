"""What tests of webhooks put into the store."""

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any

from gateway.keys import token_format
from gateway.stores.sql import Session, webhook_endpoints, webhook_events, webhook_queue
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_queue import Due
from tests.stores.records import TENANT

AT = datetime(2026, 11, 2, 12, tzinfo=UTC)
NOW = round(AT.timestamp() * 1000)


def endpoint(**columns: Any) -> Endpoint:
    given: dict[str, Any] = {
        "id": token_format.new_timed_id(NOW),
        "tenant_id": TENANT.id,
        "owner_kind": "user",
        "owner_id": "u1",
        "client_id": None,
        "user_id": "u1",
        "scopes": ("webhook.read", "deal.read"),
        "url_sealed": "sealed",
        "url_host": "hooks.example.com",
        "events": ("deal.won",),
        "payload": "thin",
        "contract": "2026-09-01",
        "description": None,
        "headers_sealed": None,
        "max_in_flight": 8,
        "rate": None,
        "status": "enabled",
        "reason": None,
        "template_id": None,
        "created_at": AT,
        "changed_at": AT,
    }
    return Endpoint(**given | columns)


def event(number: int, **columns: Any) -> NewEvent:
    given: dict[str, Any] = {
        "tenant_id": TENANT.id,
        "type": "deal.won",
        "object_id": f"deal{number}",
        "occurred_at": AT,
        "fingerprint": hashlib.sha256(str(number).encode()).digest(),
        "origin": "service",
    }
    return NewEvent(**given | columns)


def subscribed(session: Session, **columns: Any) -> Endpoint:
    """An endpoint in the store."""
    made = endpoint(**columns)
    webhook_endpoints.add(session, made)
    return made


def taken_of(session: Session, endpoint_id: str, most: int, now: int, besides: Collection[str] = ()) -> list[Due]:
    """What a courier takes of one lane."""
    return webhook_queue.take(session, {endpoint_id: (most, besides)}, now)[endpoint_id]


def happened(session: Session, *numbers: int, at: int = NOW, **columns: Any) -> webhook_events.Accepted:
    """Events of those numbers, accepted."""
    return webhook_events.accept(session, [event(number, **columns) for number in numbers], at)
