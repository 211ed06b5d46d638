"""A token of another issuer → whom it acts for here: its tenant, its user, and what is on record of its client.

A token is validated once; what it said is kept by its hash until it expires, or its key is withdrawn. A client that acts for a user
is one principal, however many tokens it is given: one record, one rate limit, one line in the console, and one thing to revoke.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from adapters import ids
from adapters.core.compile.scopes import Scopes
from gateway.auth.issuers.access_tokens import LONGEST, AccessTokens, Verified
from gateway.auth.issuers.errors import TokenRefused
from gateway.auth.issuers.jwks import Keys
from gateway.auth.users import Identity
from gateway.config.issuers import Issuer
from gateway.keys.token_format import Audience, Kind, derived_id
from gateway.observe import issuer_metrics
from gateway.stores.sql import Session, Sql, external_clients, tenants
from gateway.stores.sql.external_clients import ExternalClient

MOST: Final = 100_000
_JWT: Final = re.compile(rb"eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NEVER: Final = frozenset({"webhook.write"})
"""A subscription ends with what it was made with, and nobody tells us when a token of another issuer ends."""


@dataclass(frozen=True, slots=True)
class ExternalToken:
    """What is known of a good token, by the names that a token of our own has. issuer: the name of the configuration."""

    id: str
    user_id: str
    scopes: frozenset[str]
    expires_at: datetime
    revoked_at: datetime | None
    generation: int
    audience: Audience
    issuer: str
    kind: Kind = "app"

    @property
    def family(self) -> str:
        """The principal, which stays the same when the client is given another token."""
        return self.id


Found = tuple[ExternalToken, tenants.Tenant]


class ExternalTokens:
    """One worker's. issuers, keys: by the names of the configuration; scopes: those that there are."""

    def __init__(
        self, issuers: Mapping[str, Issuer], keys: Mapping[str, Keys], scopes: Scopes, sql: Sql, identity: Identity
    ) -> None:
        self._issuers = issuers
        self._keys = keys
        self._tokens = AccessTokens(issuers, keys)
        self._scopes = scopes
        self._sql = sql
        self._identity = identity
        self._verified: dict[bytes, Verified] = {}

    def plausible(self, token: bytes) -> bool:
        """Whether it could be one: three parts in base64url, of which the first begins an object of JSON."""
        return len(token) <= LONGEST and _JWT.fullmatch(token) is not None

    async def find(self, digest: bytes, token: bytes) -> Found:
        """Whom the token acts for. `digest`: its hash. TokenRefused when it is not good here.

        Raises KeysUnavailable, StoreUnavailable or IdentityUnavailable when nobody can tell.
        """
        try:
            verified = await self._known(digest, token)
            return await self._acting(verified)
        except TokenRefused as refused:
            issuer_metrics.refused(refused.issuer, refused.reason)
            raise

    async def reread(self, tenant_id: str, token_id: str) -> tuple[ExternalClient, tenants.Tenant] | None:
        """What is on record of the principal now; None when its tenant is gone."""
        return await self._sql.read(_on_record, tenant_id, token_id)

    async def _known(self, digest: bytes, token: bytes) -> Verified:
        now = time.time()
        known = self._verified.get(digest)
        if known is not None and known.expires_at > now and self._keys[known.issuer].holds(known.key):
            return known
        self._verified.pop(digest, None)
        verified = await self._tokens.verified(token, now)
        issuer_metrics.accepted(verified.issuer)
        if len(self._verified) >= MOST:
            del self._verified[next(iter(self._verified))]
        self._verified[digest] = verified
        return verified

    async def _acting(self, verified: Verified) -> Found:
        settings = self._issuers[verified.issuer]
        tenant_id = _tenant(settings, verified)
        user_id, email = await self._user(settings, tenant_id, verified)
        principal = principal_of(settings.issuer, verified.client_id, tenant_id, user_id)
        found = await self._sql.read(_on_record, tenant_id, principal)
        if found is None:
            client = ExternalClient(
                id=principal,
                tenant_id=tenant_id,
                user_id=user_id,
                user_email=email,
                issuer=settings.issuer,
                client_id=verified.client_id,
                created_at=datetime.now(UTC),
            )
            found = await self._sql.run(_recorded, client)
        if found is None:
            raise _of(verified, "tenant")
        client, tenant = found
        token = ExternalToken(
            id=principal,
            user_id=user_id,
            scopes=self._scopes.expanded(verified.scopes) - _NEVER,
            expires_at=datetime.fromtimestamp(verified.expires_at, UTC),
            revoked_at=client.revoked_at,
            generation=client.generation,
            audience=verified.audience,
            issuer=verified.issuer,
        )
        return token, tenant

    async def _user(self, settings: Issuer, tenant_id: str, verified: Verified) -> tuple[str, str]:
        """Internal id and address, the latter empty where the token does not need it."""
        told = verified.claims.get(settings.user_claim)
        if settings.user_by == "id":
            return _internal(told, ids.USER.prefix, verified, "user"), ""
        # An address that its owner has not confirmed may be anybody's (OpenID Connect Core § 5.7).
        if not isinstance(told, str) or "@" not in told or verified.claims.get("email_verified", True) is not True:
            raise _of(verified, "user")
        user = await self._identity.user_by_email(tenant_id, told)
        if user is None or _ID.fullmatch(user.id) is None:
            raise _of(verified, "user")
        return user.id, user.email


def principal_of(issuer: str, client_id: str, tenant_id: str, user_id: str) -> str:
    """The id of the record of a client that acts for a user: the same in every worker, without asking anybody."""
    told = json.dumps([issuer, client_id, tenant_id, user_id])
    return derived_id(sha256(told.encode()).digest())


def _tenant(settings: Issuer, verified: Verified) -> str:
    if settings.tenant is not None:
        return settings.tenant.removeprefix(ids.TENANT.prefix)
    told = verified.claims.get(settings.tenant_claim or "")
    if settings.tenants:
        named = settings.tenants.get(told) if isinstance(told, str) else None
        if named is None:
            raise _of(verified, "tenant")
        return named.removeprefix(ids.TENANT.prefix)
    return _internal(told, ids.TENANT.prefix, verified, "tenant")


def _internal(told: object, prefix: str, verified: Verified, what: str) -> str:
    """The internal id in a claim that may have it with its public prefix or without."""
    if not isinstance(told, str) or _ID.fullmatch(told) is None or told == prefix:
        raise _of(verified, what)
    return told.removeprefix(prefix)


def _of(verified: Verified, reason: str) -> TokenRefused:
    refused = TokenRefused(reason)
    refused.issuer = verified.issuer
    return refused


def _on_record(session: Session, tenant_id: str, principal: str) -> tuple[ExternalClient, tenants.Tenant] | None:
    client, tenant = external_clients.get(session, principal), tenants.get(session, tenant_id)
    return (client, tenant) if client is not None and tenant is not None else None


def _recorded(session: Session, client: ExternalClient) -> tuple[ExternalClient, tenants.Tenant] | None:
    """The same, after the first sight of it was written down; None for a tenant that there is not."""
    tenant = tenants.get(session, client.tenant_id)
    return (external_clients.add(session, client), tenant) if tenant is not None else None
