"""Who looks after subscriptions, what that is done with, and how it is written down."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from adapters import ids
from adapters.core.compile.events import EventTypes
from adapters.core.compile.scopes import Scopes
from gateway.keys.keyring import Keyring
from gateway.problems import Conflicting
from gateway.stores.sql import Session, Sql, audit
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.webhooks.checking import Checks
from gateway.webhooks.registering import Registrar


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """Who subscribes, and looks after it.

    owner_kind   with owner_id, whose a subscription that they make is: of a `token`'s family, a `grant` or a `user`
    scopes       what such a subscription may ever be told of, as given
    covered      the single scopes that they and their role cover now
    sees_all     whether they look after all of their workspace's
    actor        with address, as the audit log names them
    """

    tenant_id: str
    user_id: str
    owner_kind: str
    owner_id: str
    scopes: tuple[str, ...]
    covered: frozenset[str]
    sees_all: bool
    actor: str
    address: str

    def sees(self, endpoint: Endpoint) -> bool:
        """An app its own, a person their own, administrators all of the workspace."""
        if endpoint.tenant_id != self.tenant_id:
            return False
        if self.owner_kind == "grant":
            return self.owns(endpoint)
        return self.sees_all or self.owns(endpoint)

    def owns(self, endpoint: Endpoint) -> bool:
        """Whether it is theirs, with the secrets that its URL may hold and what its receiver answers."""
        if self.owner_kind == "grant":
            return endpoint.owner_id == self.owner_id
        return endpoint.owner_kind != "grant" and endpoint.user_id == self.user_id


@dataclass(frozen=True, slots=True)
class Parts:
    """What the operations of webhooks work with. administrators: roles that see all of their workspace's."""

    sql: Sql
    keyring: Keyring
    types: EventTypes
    checks: Checks
    registrar: Registrar
    scopes: Scopes
    administrators: tuple[str, ...]


def not_now(current: str, *allowed: str) -> Conflicting:
    """The status does not allow it; `allowed`: what would come first."""
    members = {"current_status": current, "allowed": list(allowed)}
    return Conflicting("state_conflict", "The record's present status does not allow this.", members=members)


def audited(session: Session, who: Subscriber, endpoint: Endpoint, action: str) -> None:
    """In the transaction that does it."""
    audit.append(
        session,
        audit.Event(
            at=datetime.now(UTC),
            tenant_id=who.tenant_id,
            actor=who.actor,
            action=f"webhook.{action}",
            subject=ids.WEBHOOK_SUBSCRIPTION.encode(endpoint.id),
            address=who.address,
            detail={"user": endpoint.user_id, "host": endpoint.url_host},
        ),
    )
