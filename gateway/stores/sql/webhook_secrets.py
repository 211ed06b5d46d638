"""The secrets that deliveries are signed with: sealed, at most two that live, the newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.keys import token_format
from gateway.stores.sql import many, webhook_clock
from gateway.stores.sql.webhook_models import WebhookSecretRow


@dataclass(frozen=True, slots=True)
class WebhookSecret:
    """`sealed` by purpose `webhook-secret`, subject the endpoint's id: 32 bytes. `expires_at` None: until it is rotated."""

    id: str
    endpoint_id: str
    sealed: str
    display_prefix: str
    created_at: datetime
    expires_at: datetime | None


def live(session: Session, endpoint_id: str, now: datetime) -> tuple[WebhookSecret, ...]:
    """Those that sign, the newest first."""
    return of(session, [endpoint_id], now)[endpoint_id]


def of(session: Session, endpoint_ids: Collection[str], now: datetime) -> dict[str, tuple[WebhookSecret, ...]]:
    """The same of several endpoints, by their ids."""
    query = select(WebhookSecretRow).where(
        many.among(session, WebhookSecretRow.endpoint_id, endpoint_ids),
        or_(WebhookSecretRow.expires_at.is_(None), WebhookSecretRow.expires_at > now),
    )
    found: dict[str, tuple[WebhookSecret, ...]] = dict.fromkeys(endpoint_ids, ())
    for row in session.scalars(query.order_by(WebhookSecretRow.created_at.desc(), WebhookSecretRow.id.desc())):
        secret = WebhookSecret(row.id, row.endpoint_id, row.sealed, row.display_prefix, row.created_at, row.expires_at)
        found[row.endpoint_id] += (secret,)
    return found


def add(
    session: Session, endpoint_id: str, sealed: str, display_prefix: str, at: datetime, overlap: timedelta = timedelta()
) -> WebhookSecret:
    """The newest from now on. The one before signs for `overlap` longer, all older ones end."""
    for place, old in enumerate(live(session, endpoint_id, at)):
        until = at + overlap if place == 0 else at
        if old.expires_at is None or old.expires_at > until:
            session.get_one(WebhookSecretRow, old.id).expires_at = until
    row = WebhookSecretRow(
        id=token_format.new_timed_id(webhook_clock.milliseconds(at)),
        endpoint_id=endpoint_id,
        sealed=sealed,
        display_prefix=display_prefix,
        created_at=at,
        expires_at=None,
    )
    session.add(row)
    session.flush()
    return WebhookSecret(row.id, endpoint_id, sealed, display_prefix, at, None)
