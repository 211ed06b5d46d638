"""Subscriptions that end with their token or connection: found before they do, so that somebody can do something about it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.stores.sql import audit, many, webhook_endpoints
from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.oauth_models import GrantRow
from gateway.stores.sql.webhook_endpoints import OPEN, Endpoint
from gateway.stores.sql.webhook_models import EndpointRow

WARNINGS: Final = (timedelta(days=14), timedelta(days=3), timedelta(days=1))
_ACTION: Final = "webhook.expiring"


@dataclass(frozen=True, slots=True)
class Expiring:
    """A subscription, and when it ends unless its token is rotated or its app connected again."""

    endpoint: Endpoint
    at: datetime


def ends(session: Session, endpoint_ids: Collection[str], now: datetime) -> dict[str, datetime]:
    """By subscription, when what it belongs to expires; those that belong to a user have no end."""
    token = (
        select(EndpointRow.id, func.max(TokenRow.expires_at))
        .join(TokenRow, (TokenRow.family == EndpointRow.owner_id) & (TokenRow.tenant_id == EndpointRow.tenant_id))
        .where(EndpointRow.owner_kind == "token", TokenRow.revoked_at.is_(None), TokenRow.expires_at > now)
        .where(many.among(session, EndpointRow.id, endpoint_ids))
        .group_by(EndpointRow.id)
    )
    grant = (
        select(EndpointRow.id, GrantRow.expires_at)
        .join(GrantRow, GrantRow.id == EndpointRow.owner_id)
        .where(EndpointRow.owner_kind == "grant", GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
        .where(many.among(session, EndpointRow.id, endpoint_ids))
    )
    return {endpoint_id: at for query in (token, grant) for endpoint_id, at in session.execute(query)}


def warn(session: Session, now: datetime) -> list[Expiring]:
    """Those of which is to be warned now, each of `WARNINGS` once; the audit log has them from then on."""
    open_ = session.scalars(
        select(EndpointRow.id).where(EndpointRow.status.in_(OPEN), EndpointRow.owner_kind.in_(("token", "grant")))
    ).all()
    due = {each: at for each, at in ends(session, open_, now).items() if at - now <= WARNINGS[0]}
    endpoints = webhook_endpoints.some(session, due)
    return [
        _noted(session, endpoints[each], at, now)
        for each, at in due.items()
        if not _told(session, endpoints[each], at, now)
    ]


def _told(session: Session, endpoint: Endpoint, at: datetime, now: datetime) -> bool:
    """Whether the last warning that has come due was given."""
    last = min(each for each in WARNINGS if at - now <= each)
    return bool(audit.moments(session, endpoint.tenant_id, _ACTION, f"whk_{endpoint.id}", at - last))


def _noted(session: Session, endpoint: Endpoint, at: datetime, now: datetime) -> Expiring:
    audit.append(
        session,
        audit.Event(
            at=now,
            tenant_id=endpoint.tenant_id,
            actor="gateway",
            action=_ACTION,
            subject=f"whk_{endpoint.id}",
            detail={"user": endpoint.user_id, "host": endpoint.url_host, "expires_at": at.isoformat()},
        ),
    )
    return Expiring(endpoint, at)
