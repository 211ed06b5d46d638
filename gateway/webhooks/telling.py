"""Events that the gateway itself writes into the log."""

from __future__ import annotations

import secrets
from datetime import datetime

from gateway.stores.sql import Session, webhook_clock, webhook_events
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import NewEvent
from gateway.webhooks import own_events


def trial(session: Session, endpoint: Endpoint, of: str, at: datetime) -> str:
    """A test, for this endpoint alone; `of` is the type that is shown, empty for none. Returns the event's id."""
    return _told(session, endpoint, own_events.TEST, of, endpoint.id, at)


def about(session: Session, endpoint: Endpoint, kind: str, at: datetime) -> None:
    """Something about an endpoint, for the others of its owner."""
    _told(session, endpoint, kind, endpoint.id, endpoint.owner_id, at)


def _told(session: Session, endpoint: Endpoint, kind: str, object_id: str, audience: str, at: datetime) -> str:
    event = NewEvent(
        tenant_id=endpoint.tenant_id,
        type=kind,
        object_id=object_id,
        occurred_at=at,
        fingerprint=secrets.token_bytes(32),
        origin="gateway",
        audience=audience,
    )
    accepted = webhook_events.accept(session, [event], webhook_clock.now(session))
    return next(iter(accepted.ids.values()))
