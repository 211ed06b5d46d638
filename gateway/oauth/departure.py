"""The end of a tenant: nobody is served for it any more, and nothing that was issued in it lives on.

In two transactions. Once the first is seen, whatever is made in the tenant is dead from its birth; so the second finds all that
any worker can remember.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.auth import issuing
from gateway.oauth import clients as apps
from gateway.oauth import token_families
from gateway.stores.sql import Session, audit, clients, external_clients, grants, tenants, tokens, webhook_endpoints
from gateway.stores.sql.audit import Event
from gateway.stores.sql.clients import Client
from gateway.stores.sql.grants import Grant, Revoked
from gateway.stores.sql.tokens import Token
from gateway.stores.sql.webhook_endpoints import Endpoint

_REASON = "the tenant was removed"


@dataclass(frozen=True, slots=True)
class Living:
    """What lives in a tenant: personal tokens, what its users granted to apps, the apps that they registered, and webhooks."""

    tokens: tuple[Token, ...]
    grants: tuple[Grant, ...]
    apps: tuple[Client, ...]
    webhooks: tuple[Endpoint, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many of each."""
        lives = {"tokens": self.tokens, "grants": self.grants, "apps": self.apps, "webhooks": self.webhooks}
        return {kind: len(found) for kind, found in lives.items()}


def living(session: Session, tenant_id: str, now: datetime) -> Living:
    """What would end with the tenant."""
    owned = clients.list(session, tenant_id)
    return Living(
        tokens.live(session, tenant_id, "personal", now),
        grants.live(session, None, now, tenant_id=tenant_id),
        tuple(client for client in owned if client.disabled_at is None),
        webhook_endpoints.of_tenant(session, tenant_id),
    )


def remove(session: Session, tenant_id: str, *, actor: str, now: datetime) -> None:
    """Serve nobody for the tenant any more."""
    tenants.remove(session, tenant_id, now)
    subject = f"tenant:{tenant_id}"
    audit.append(session, Event(at=now, tenant_id=tenant_id, actor=actor, action="tenant.remove", subject=subject))


def end(session: Session, tenant_id: str, *, actor: str, now: datetime) -> tuple[Living, tuple[Revoked, ...]]:
    """End what lived in the removed tenant: that, and the tokens to announce."""
    found = living(session, tenant_id, now)
    announced: list[Revoked] = []
    # In the order of locks (gateway/oauth/token_families.py): apps before grants.
    for client in found.apps:
        announced += apps.disable(session, client, actor=actor, now=now)
    for grant in found.grants:
        announced += token_families.end(session, grant, _REASON, actor=actor, now=now)
    for token in found.tokens:
        ended = issuing.revoke(session, token, reason=_REASON, actor=actor, now=now)
        announced.append(Revoked(ended.tenant_id, ended.id, ended.generation))
    # Nothing of theirs was issued here; whoever knows them has to look again, and finds no tenant.
    for external in external_clients.of_tenant(session, tenant_id):
        changed = external_clients.change(session, external.id, None, None)
        if changed is not None:
            announced.append(Revoked(changed.tenant_id, changed.id, changed.generation))
    for endpoint in found.webhooks:
        webhook_endpoints.remove(session, endpoint.id, now)
    return found, tuple(announced)
