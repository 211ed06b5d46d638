"""Shutting out a client of another issuer, and letting it in again: on record, in the audit, and to be announced to workers."""

from __future__ import annotations

from datetime import datetime

from gateway.stores.sql import Session, audit, external_clients
from gateway.stores.sql.audit import Event
from gateway.stores.sql.external_clients import ExternalClient


def revoke(
    session: Session, principal: str, reason: str, *, actor: str, now: datetime, address: str | None = None
) -> ExternalClient | None:
    """Refuse every token of the client for its user, those too that it is yet to be given; None when there is no such client.

    What comes back has the generation to announce once it is committed.
    """
    changed = external_clients.change(session, principal, now, reason)
    if changed is not None:
        _noted(session, changed, "external.revoke", actor, now, address)
    return changed


def restore(
    session: Session, principal: str, *, actor: str, now: datetime, address: str | None = None
) -> ExternalClient | None:
    """Accept its tokens again; else as `revoke`."""
    changed = external_clients.change(session, principal, None, None)
    if changed is not None:
        _noted(session, changed, "external.restore", actor, now, address)
    return changed


def _noted(
    session: Session, client: ExternalClient, action: str, actor: str, now: datetime, address: str | None
) -> None:
    detail: dict[str, object] = {"user": client.user_id}
    if client.revoked_reason:
        detail["reason"] = client.revoked_reason
    event = Event(
        at=now,
        tenant_id=client.tenant_id,
        actor=actor,
        action=action,
        subject=f"external:{client.id}",
        detail=detail,
        address=address,
    )
    audit.append(session, event)
