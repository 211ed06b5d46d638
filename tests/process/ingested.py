"""Events as a service posts them to the ingest port, with the registration and the subscription that they need."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime

from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.stores.sql import Sql, webhook_endpoints, webhook_registrations, webhook_secrets
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_registrations import Registration
from gateway.webhooks import recipients
from tests.process.serving import Served

EGRESS = "{http: true, allow: [{network: 127.0.0.0/8, ports: [1-65535], http: true}]}"


def registered(sql: Sql, keys: Keyring, tenant: str) -> str:
    """The capability of a registration."""
    capability = token_format.random_text(43)
    now = datetime.now(UTC)
    row = Registration(
        id=token_format.new_id(),
        tenant_id=tenant,
        capability_hash=keys.hash(capability.encode()),
        hash_key_id=keys.hashing_id,
        capability_sealed=keys.seal("webhook-capability", tenant, capability.encode(), b""),
        internal_id=None,
        # The service knows nothing of it. One that somebody is about is left alone by the courier's first round.
        state="pending",
        created_at=now,
        checked_at=now,
        heard_at=None,
    )
    with sql.session() as session:
        webhook_registrations.add(session, row)
    return capability


def subscribed(sql: Sql, keys: Keyring, tenant: str, url: str, user: str) -> str:
    """An endpoint of a user, with thin bodies."""
    now = datetime.now(UTC)
    endpoint_id = token_format.new_timed_id(round(now.timestamp() * 1000))
    made = Endpoint(
        id=endpoint_id,
        tenant_id=tenant,
        owner_kind="user",
        owner_id=user,
        client_id=None,
        user_id=user,
        scopes=("webhook.read", "deal.read"),
        url_sealed=recipients.seal_url(keys, endpoint_id, url),
        url_host="127.0.0.1",
        events=("deal.won",),
        payload="thin",
        contract="2026-09-01",
        description=None,
        headers_sealed=None,
        max_in_flight=8,
        rate=None,
        status="enabled",
        reason=None,
        template_id=None,
        created_at=now,
        changed_at=now,
    )
    with sql.session() as session:
        webhook_endpoints.add(session, made)
        webhook_secrets.add(session, made.id, recipients.seal_secret(keys, made.id, os.urandom(32)), "whsec_AA", now)
    return made.id


def owner(served: Served) -> str:
    """The internal id of the person whose token the gateway printed."""
    user: str = served.ask("GET", "/v1/me").json["data"]["user"]["id"]
    return user.removeprefix("usr_")


def told(tenant: str, number: int) -> dict[str, object]:
    deal = hashlib.sha256(str(number).encode()).hexdigest()[:24]
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"event": "deal.won", "timestamp": moment, "tenantId": tenant, "data": {"id": deal, "title": "Engine"}}
