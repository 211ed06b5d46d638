"""What becomes of an endpoint through how it answers: told to its owner's other endpoints, and in the audit log."""

import hashlib
from typing import Final, Literal

from sqlalchemy.orm import Session

from gateway.stores.sql import audit, webhook_clock, webhook_endpoints, webhook_events
from gateway.stores.sql.webhook_endpoints import Endpoint, Status
from gateway.stores.sql.webhook_events import NewEvent

What = Literal["failing", "disabled", "recovered", "secret_rotated"]
_OF: Final = "webhook_subscription"


def tell(session: Session, endpoint: Endpoint, what: What, now: int, reason: str | None = None) -> None:
    """An event for the owner's other endpoints, and an entry in the audit log. `now`: `webhook_clock.now`."""
    at = webhook_clock.moment(now)
    event = NewEvent(
        tenant_id=endpoint.tenant_id,
        type=f"{_OF}.{what}",
        object_id=endpoint.id,
        occurred_at=at,
        fingerprint=hashlib.sha256(f"{what} {endpoint.id} {now}".encode()).digest(),
        origin="gateway",
        audience=endpoint.owner_id,
    )
    webhook_events.accept(session, [event], now)
    audit.append(
        session,
        audit.Event(
            at=at,
            tenant_id=endpoint.tenant_id,
            actor="gateway",
            action=f"webhook.{what}",
            subject=f"whk_{endpoint.id}",
            address=None,
            detail={"reason": reason} if reason else {},
        ),
    )


def end(session: Session, endpoint_id: str, status: Status, reason: str, *, cancel: bool) -> bool:
    """Stops an endpoint that was open, and tells of it; what waits is cancelled where it never can be sent. Whether it was open."""
    endpoint = webhook_endpoints.get(session, endpoint_id)
    if endpoint is None or endpoint.status not in webhook_endpoints.OPEN:
        return False
    now = webhook_clock.now(session)
    at = webhook_clock.moment(now)
    webhook_endpoints.stop(session, endpoint_id, status, reason, at)
    if cancel:
        webhook_endpoints.cancel(session, endpoint_id, reason, at)
    if status == "disabled":
        tell(session, endpoint, "disabled", now, reason)
    return True


def warn(session: Session, endpoint_id: str, what: What) -> None:
    """Tells of an endpoint that fails, or has recovered."""
    endpoint = webhook_endpoints.get(session, endpoint_id)
    if endpoint is not None:
        tell(session, endpoint, what, webhook_clock.now(session))
