"""Apps in many workspaces: what one subscribes to, once, is a subscription wherever it is connected.

All that were made of a template have its URL, types, contract and secret, and each is a lane of its own.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.observe import logs
from gateway.stores.sql import (
    Session,
    grants,
    webhook_clock,
    webhook_endpoints,
    webhook_registrations,
    webhook_templates,
)
from gateway.stores.sql.grants import Grant
from gateway.stores.sql.webhook_endpoints import MOST, Endpoint
from gateway.stores.sql.webhook_templates import Template
from gateway.webhooks import recipients, signing, telling
from gateway.webhooks.judging import READ
from gateway.webhooks.subscribing import beginning


def declare(
    session: Session, keyring: Keyring, client_id: str, body: Mapping[str, Any], host: str, contract: str, at: datetime
) -> bytes | None:
    """Set what an app subscribes to; the secret of a first one. `body`: as `Checks.body` let it pass. Live grants get it at once."""
    old = webhook_templates.of_client(session, client_id)
    if old is not None:
        webhook_templates.change(
            session,
            old,
            at,
            url_sealed=recipients.seal_url(keyring, old.id, body["url"]),
            url_host=host,
            events=tuple(body["events"]),
            payload=body.get("payload") or "full",
            contract=body.get("version") or old.contract,
        )
        return None
    template_id = token_format.new_timed_id(webhook_clock.milliseconds(at))
    secret = secrets.token_bytes(signing.SECRET_BYTES)
    made = Template(
        id=template_id,
        client_id=client_id,
        url_sealed=recipients.seal_url(keyring, template_id, body["url"]),
        url_host=host,
        events=tuple(body["events"]),
        payload=body.get("payload") or "full",
        contract=body.get("version") or contract,
        secret_sealed=recipients.seal_secret(keyring, template_id, secret),
        secret_prefix=beginning(secret),
        secret_made_at=at,
        before_sealed=None,
        before_prefix=None,
        before_until=None,
        created_at=at,
        changed_at=at,
    )
    webhook_templates.add(session, made)
    for grant in grants.live(session, client_id, at):
        connect(session, grant, at)
    return secret


def rotate(session: Session, keyring: Keyring, template: Template, at: datetime, overlap: timedelta) -> bytes:
    """A new secret for all that was made of it; the one before signs for `overlap` longer."""
    secret = secrets.token_bytes(signing.SECRET_BYTES)
    sealed = recipients.seal_secret(keyring, template.id, secret)
    webhook_templates.rotate(session, template, sealed, beginning(secret), at, overlap)
    return secret


def connect(session: Session, grant: Grant, at: datetime) -> None:
    """The subscription of a new grant, in the transaction that makes it. One that an earlier grant of the user left goes on.

    Without `webhook.read` an app is told of nothing; beyond the limit of the workspace it has to make room first.
    """
    template = webhook_templates.of_client(session, grant.client_id)
    if template is None or not {READ, "webhook.all"} & set(grant.scopes):
        return
    left = webhook_templates.made_of(session, template.id, grant.tenant_id, grant.user_id)
    if left is not None:
        webhook_templates.own(session, left.id, grant.id, grant.scopes, at)
        if left.status == "disabled" and (left.reason or "").startswith("owner_"):
            webhook_endpoints.resume(session, left.id, True, at)
        return
    if len(webhook_endpoints.of_tenant(session, grant.tenant_id)) >= MOST:
        logs.event("webhook template skipped", "warning", tenant=grant.tenant_id, client=grant.client_id)
        return
    made = _made(session, template, grant, at)
    webhook_endpoints.add(session, made)
    telling.trial(session, made, "", at)


def _made(session: Session, template: Template, grant: Grant, at: datetime) -> Endpoint:
    registered = webhook_registrations.of_tenant(session, grant.tenant_id)
    stands = any(each.state == "active" for each in registered)
    return Endpoint(
        id=token_format.new_timed_id(webhook_clock.milliseconds(at)),
        tenant_id=grant.tenant_id,
        owner_kind="grant",
        owner_id=grant.id,
        client_id=grant.client_id,
        user_id=grant.user_id,
        scopes=grant.scopes,
        url_sealed=template.url_sealed,
        url_host=template.url_host,
        events=template.events,
        payload=template.payload,
        contract=template.contract,
        description=None,
        headers_sealed=None,
        max_in_flight=8,
        rate=None,
        # What has no registration yet gets one in the next round of the couriers.
        status="enabled" if stands else "pending",
        reason=None if stands else "registration",
        template_id=template.id,
        created_at=at,
        changed_at=at,
    )
