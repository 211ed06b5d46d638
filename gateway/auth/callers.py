"""Tokens → callers: read once from SQL, kept in the process, confirmed by the store on every request.

A caller is kept with the generation of its token. The limiter's script returns the generation in force with its verdict,
so a revocation bites at the next request of every worker, without a look-up of its own and without SQL on the warm path.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from gateway.auth.caller import Caller
from gateway.auth.identity_lines import identity_lines
from gateway.auth.services import headed
from gateway.auth.single_flight import SingleFlight
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.keys.tenant_keys import open_tenant_key
from gateway.observe import access_lines, metrics
from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Gate, Limiter
from gateway.stores.policies import Policy
from gateway.stores.sql import Session, Sql, tenants, tokens
from gateway.stores.sql.batches import Batch
from gateway.stores.token_generations import Liveness
from gateway.upstream import Lines

if TYPE_CHECKING:
    from gateway.auth.issuers.external import ExternalToken, ExternalTokens

KEPT: Final = 300.0  # seconds; what no generation tells of, such as a tenant's new API key, is seen after this
FRESH: Final = 1.0  # seconds; how old a record may be when only SQL can tell whether it lives
MOST: Final = 200_000
MOST_IN_TURN: Final = 100
_MODES: Final[tuple[token_format.Mode, ...]] = ("live", "test")
_TESTING: Final = b"Test-Mode: true\r\n"


class Callers:
    """plans: by the name of a plan, "" being none, the policies of each rate-limit class; keys: by service, its service key, or None
    for the tenant's own; testing: whether there is a test mode, without which a sandbox's token is worth nothing.
    """

    def __init__(
        self,
        sql: Sql,
        keyring: Keyring,
        limiter: Limiter,
        liveness: Liveness,
        plans: Mapping[str, Mapping[str, tuple[Policy, ...]]],
        keys: Mapping[str, str | None],
        external: ExternalTokens | None = None,
        *,
        testing: bool = False,
    ) -> None:
        self._sql = sql
        self._external = external
        self._keyring = keyring
        self._limiter = limiter
        self._liveness = liveness
        self.plans = plans
        self._keys = {mode: headed(keys, mode) for mode in _MODES}
        self._testing = testing
        self._known: dict[bytes, Caller] = {}
        self._before: dict[bytes, Caller] = {}
        self._before_until = 0.0
        self._reading: SingleFlight[bytes | tuple[bytes, int | None], Caller | None] = SingleFlight()
        self._used: dict[str, float] = {}
        self._turn = asyncio.Lock()
        self._in_turn = 0

    def inherit(self, former: Callers) -> None:
        """Know whom `former` knows, each with the limits of this configuration: a look-up costs as much as thirty requests.

        Both have to read the same records. Nobody is inherited where tokens are hashed or calls are made with other keys now, or plans have
        come or gone.
        """
        if self._told() == former._told():
            self._before, self._before_until = former._known, time.monotonic() + KEPT

    def known(self, token: bytes) -> Caller | None:
        """Whose token this is, if it was read from SQL not long ago; only a token that is well formed ever is."""
        digest = _digest(token)
        caller = self._known.get(digest) or self._inherited(digest)
        if caller is None or caller.read_at + KEPT < time.monotonic():
            return None
        # Only clients of other issuers are let in again.
        if caller.revoked and caller.issuer:
            return None
        self._used[caller.token_id] = time.time()
        return caller

    def external(self, token: bytes) -> bool:
        """Whether this may be a token of another issuer."""
        return self._external is not None and self._external.plausible(token)

    async def find(self, token: bytes) -> Caller | None:
        """Whose token this is, or None. StoreUnavailable when SQL cannot be asked.

        For a token of another issuer also TokenRefused, and KeysUnavailable or IdentityUnavailable when nobody can tell.
        """
        digest = _digest(token)
        caller = await self._reading.ask(digest, lambda: self._read(digest, token))
        if caller is not None:
            self._used[caller.token_id] = time.time()
        return caller

    async def find_in_turn(self, token: bytes) -> Caller | None:
        """The same for what is likely a guess: one look-up after the other, and None when too many wait for theirs."""
        if self._in_turn >= MOST_IN_TURN:
            return None
        self._in_turn += 1
        try:
            async with self._turn:
                return await self.find(token)
        finally:
            self._in_turn -= 1

    async def renewed(self, caller: Caller, generation: int | None, *, lost: bool) -> Caller | None:
        """The caller as it is now, after the store named another generation, none, or nothing at all (`lost`)."""
        fresh = caller.read_at + FRESH > time.monotonic()
        if lost:
            if fresh:
                return caller
            metrics.fail_mode("liveness_from_sql")
            return await self._renewed(caller, None)
        if generation is not None or not fresh:
            renewed = await self._renewed(caller, generation)
            if renewed is None:
                return None
            caller = renewed
        with suppress(StoreUnavailable):
            confirmed = await self._liveness.confirm(caller.tenant_id, caller.token_id, caller.generation)
            if confirmed != caller.generation:
                return await self._renewed(caller, confirmed)
        return caller

    async def standing(self, caller: Caller) -> Caller | None:
        """The caller as it is now, for what goes on after it was admitted. StoreUnavailable when nobody can tell."""
        try:
            generation = await self._liveness.current(caller.tenant_id, caller.token_id)
        except StoreUnavailable:
            return await self.renewed(caller, None, lost=True)
        return caller if generation == caller.generation else await self.renewed(caller, generation, lost=False)

    @property
    def last_uses(self) -> Batch:
        """When tokens were used last, to be written down."""
        return Batch("last use not recorded yet", self._take_used, tokens.touch_last_used, self._keep_used)

    def _take_used(self) -> dict[str, datetime] | None:
        used, self._used = self._used, {}
        return {token: datetime.fromtimestamp(at, UTC) for token, at in used.items()} or None

    def _keep_used(self, used: Mapping[str, datetime]) -> None:
        self._used = {token: at.timestamp() for token, at in used.items()} | self._used

    def _told(self) -> object:
        """What of a caller does not come from SQL, but for limits."""
        return self._keyring.ids("hashing"), self._keys, self.plans.keys()

    def _inherited(self, digest: bytes) -> Caller | None:
        """One at a time, when they call: making the limits of all at once would hold up everybody."""
        caller = self._before.pop(digest, None)
        if caller is None:
            if self._before and self._before_until < time.monotonic():
                self._before = {}
            return None
        if caller.mode == "test" and not self._testing:
            return None
        return self._keep(replace(caller, gates=self._gates(caller.plan, caller.tenant_id, caller.token_id)))

    def _keep(self, caller: Caller) -> Caller:
        if len(self._known) >= MOST:
            del self._known[next(iter(self._known))]
        self._known[caller.digest] = caller
        return caller

    async def _renewed(self, caller: Caller, generation: int | None) -> Caller | None:
        # A generation is announced after it was written: a look-up that began before may not know of it, and is not shared.
        return await self._reading.ask((caller.digest, generation), lambda: self._reread(caller))

    async def _read(self, digest: bytes, token: bytes) -> Caller | None:
        found: tuple[tokens.Token | ExternalToken, tenants.Tenant] | None
        if self._external is not None and self._external.plausible(token):
            found = await self._external.find(digest, token)
        else:
            found = await self._sql.read(_by_hashes, self._keyring.hashes(token))
        if found is None or not self._served(found[1]):
            self._known.pop(digest, None)
            return None
        return self._keep(self._caller(digest, *found))

    async def _reread(self, caller: Caller) -> Caller | None:
        renewed = await self._again(caller)
        if renewed is None:
            self._known.pop(caller.digest, None)
        elif caller.digest in self._known:
            self._known[caller.digest] = renewed
        return renewed

    async def _again(self, caller: Caller) -> Caller | None:
        if not caller.issuer or self._external is None:
            found = await self._sql.read(_by_id, caller.tenant_id, caller.token_id)
            return self._caller(caller.digest, *found) if found is not None and self._served(found[1]) else None
        # What the token said holds until it expires; what is on record of its client and tenant may have changed.
        recorded = await self._external.reread(caller.tenant_id, caller.token_id)
        if recorded is None:
            return None
        client, tenant = recorded
        plan = self._plan(tenant)
        return replace(
            caller,
            tenant_name=tenant.name,
            revoked=client.revoked_at is not None,
            generation=client.generation,
            plan=plan,
            headers=self._headers(tenant, caller.user_id),
            gates=self._gates(plan, tenant.id, caller.token_id),
            read_at=time.monotonic(),
        )

    def _served(self, tenant: tenants.Tenant) -> bool:
        return tenant.mode == "live" or self._testing

    def _plan(self, tenant: tenants.Tenant) -> str:
        plan = tenant.plan or ""
        if plan in self.plans:
            return plan
        # Configured no more: the tenant is served as one without a plan, and `gateway doctor` names it.
        metrics.fail_mode("plan_unknown")
        return ""

    def _gates(self, plan: str, tenant_id: str, token_id: str) -> Mapping[str, Gate]:
        return {name: self._limiter.gate(tenant_id, token_id, policies) for name, policies in self.plans[plan].items()}

    def _headers(self, tenant: tenants.Tenant, user_id: str) -> Mapping[str, Lines]:
        sealed = tenant.api_key_sealed
        own = open_tenant_key(self._keyring, tenant.id, sealed) if sealed is not None else ""
        return {
            name: identity_lines(own if key is None else key, tenant.id, user_id)
            for name, key in self._keys[tenant.mode].items()
        }

    def _caller(self, digest: bytes, token: tokens.Token | ExternalToken, tenant: tenants.Tenant) -> Caller:
        plan = self._plan(tenant)
        return Caller(
            digest=digest,
            token_id=token.id,
            kind=token.kind,
            audience=token.audience,
            tenant_id=tenant.id,
            tenant_name=tenant.name,
            plan=plan,
            user_id=token.user_id,
            principal=token.family,
            scopes=frozenset(token.scopes),
            expires_at=token.expires_at.timestamp(),
            revoked=token.revoked_at is not None,
            generation=token.generation,
            headers=self._headers(tenant, token.user_id),
            gates=self._gates(plan, tenant.id, token.id),
            read_at=time.monotonic(),
            logged=access_lines.who(tenant.id, f"tok_{token.id}"),
            issuer="" if isinstance(token, tokens.Token) else token.issuer,
            mode=tenant.mode,
            lines=_TESTING if tenant.mode == "test" else b"",
            ahead=tenant.clock_ahead / 1000,
            era=tenant.replay_era,
        )


def _digest(token: bytes) -> bytes:
    # What is kept in memory only needs no key: the 178 random bits of a token cannot be guessed from its hash.
    return sha256(token).digest()


def _by_hashes(session: Session, digests: Sequence[bytes]) -> tuple[tokens.Token, tenants.Tenant] | None:
    return _with_tenant(session, tokens.by_hash(session, digests))


def _by_id(session: Session, tenant_id: str, token_id: str) -> tuple[tokens.Token, tenants.Tenant] | None:
    return _with_tenant(session, tokens.get(session, tenant_id, token_id))


def _with_tenant(session: Session, token: tokens.Token | None) -> tuple[tokens.Token, tenants.Tenant] | None:
    tenant = tenants.get(session, token.tenant_id) if token is not None else None
    return (token, tenant) if token is not None and tenant is not None else None
