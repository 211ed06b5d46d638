"""Whether an endpoint may be told of an event at this moment: its owner and its contract live, and scopes ∩ role cover the type.

Asked anew for every attempt. Who owns an endpoint is read from SQL at most a second ago, the role as on `/v1`.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from gateway.api.lifecycle import retired
from gateway.auth.identities import Identities
from gateway.auth.permits import Permit, judged
from gateway.auth.scopes import Permissions
from gateway.auth.single_flight import SingleFlight
from gateway.auth.users import IdentityUnavailable
from gateway.config.policies import Lifecycle
from gateway.keys.keyring import Keyring
from gateway.keys.tenant_keys import open_tenant_key
from gateway.keys.token_format import Mode
from gateway.observe import metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Session, Sql, clients, grants, tenants, tokens
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.webhooks.messages import Ended, Wait, Withheld

READ: Final = "webhook.read"
FRESH: Final = 1.0  # seconds; how long a revocation may stay unseen
PAUSE: Final = 5.0  # seconds; until an auth service or a store that is away is asked again
_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose endpoint it is. scopes: what they have now; tenant_key: the sealed key of the tenant, which has the plan and the mode;
    ended: why they own nothing more;
    ahead: by how many seconds the clock of a sandbox is ahead.
    """

    scopes: frozenset[str]
    tenant_key: str | None
    ended: str | None = None
    plan: str | None = None
    mode: Mode = "live"
    ahead: float = 0.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """The endpoint may be told. tenant_key: what opens the tenant's services, empty where there is none; plan: the tenant's."""

    permit: Permit
    tenant_key: str
    plan: str | None


@dataclass(slots=True)
class _Known:
    """An owner, until when that is believed, and the tenant's key, once it was opened for somebody."""

    until: float
    owner: Owner
    key: str | None = None


Verdict = Allowed | Withheld | Ended | Wait


class Judge:
    """Judges endpoints. One for each courier. cycles: what becomes of contracts, by date."""

    def __init__(
        self,
        sql: Sql,
        keyring: Keyring,
        identities: Identities,
        permissions: Permissions,
        cycles: Mapping[str, Lifecycle],
    ) -> None:
        self._sql = sql
        self._keyring = keyring
        self._identities = identities
        self._permissions = permissions
        self._cycles = cycles
        self._owners: dict[Hashable, _Known] = {}
        self._reading: SingleFlight[Hashable, Owner] = SingleFlight()

    async def judge(self, endpoint: Endpoint, scope: str) -> Verdict:
        """Whether its owner may be told now of what `scope` guards; nothing else decides it."""
        try:
            known = await self._owner(endpoint)
        except StoreUnavailable:
            return Wait(PAUSE, "store")
        owner = known.owner
        if owner.ended is not None:
            return Ended("disabled", owner.ended, cancel=True)
        if retired(self._cycles.get(endpoint.contract), owner.ahead):
            return Ended("disabled", "contract_retired", cancel=False)
        try:
            user = await self._identities.of(owner.mode).live_user(endpoint.tenant_id, endpoint.user_id)
        except IdentityUnavailable:
            metrics.fail_mode("webhook_waits_for_identity")
            return Wait(PAUSE, "identity")
        verdict = judged(user, owner.scopes, frozenset((READ, scope)), self._permissions, owner.mode)
        if isinstance(verdict, Permit):
            if known.key is None:
                sealed = owner.tenant_key
                known.key = open_tenant_key(self._keyring, endpoint.tenant_id, sealed) if sealed is not None else ""
            return Allowed(verdict, known.key, owner.plan)
        # Whoever comes back within the month goes on from where they were.
        return Ended("suspended", "user_disabled", cancel=False) if verdict == "user" else Withheld(verdict)

    async def _owner(self, endpoint: Endpoint) -> _Known:
        key = endpoint.tenant_id, endpoint.owner_kind, endpoint.owner_id, endpoint.scopes
        known = self._owners.get(key)
        if known is not None and known.until > time.monotonic():
            return known
        # The age counts from the question.
        until = time.monotonic() + FRESH
        owner = await self._reading.ask(key, lambda: self._sql.read(owner_of, endpoint, datetime.now(UTC)))
        if len(self._owners) >= _MOST:
            self._owners.clear()
        found = self._owners[key] = _Known(until, owner)
        return found


def owner_of(session: Session, endpoint: Endpoint, now: datetime) -> Owner:
    """The owner as SQL knows them."""
    tenant = tenants.get(session, endpoint.tenant_id)
    if tenant is None:
        return Owner(frozenset(), None, "owner_revoked")
    return replace(
        _in_tenant(session, endpoint, tenant.api_key_sealed, now),
        plan=tenant.plan,
        mode=tenant.mode,
        ahead=tenant.clock_ahead / 1000,
    )


def _in_tenant(session: Session, endpoint: Endpoint, key: str | None, now: datetime) -> Owner:
    match endpoint.owner_kind:
        case "user":
            return Owner(frozenset(endpoint.scopes), key)
        case "grant":
            grant = grants.get(session, endpoint.owner_id)
            if grant is None or grant.revoked_at is not None or _disabled(session, grant.client_id):
                return Owner(frozenset(), key, "owner_revoked")
            expired = grant.expires_at <= now
            return Owner(frozenset(grant.scopes), key, "owner_expired" if expired else None)
    family = tokens.family(session, endpoint.tenant_id, endpoint.owner_id)
    alive = next((each for each in family if each.revoked_at is None and each.expires_at > now), None)
    if alive is not None:
        return Owner(frozenset(alive.scopes), key)
    expired = bool(family) and family[0].revoked_at is None
    return Owner(frozenset(), key, "owner_expired" if expired else "owner_revoked")


def _disabled(session: Session, client_id: str) -> bool:
    client = clients.get(session, client_id)
    return client is None or client.disabled_at is not None
