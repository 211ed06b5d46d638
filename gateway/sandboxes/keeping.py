"""Making sandboxes and removing them, whoever asks: a test token, the command line, the console, the docs page, or the clock."""

from __future__ import annotations

import secrets
import string
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.core.compile.scopes import Scopes
from gateway.auth import issuing
from gateway.auth.scopes import allowed
from gateway.auth.users import User
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.problems import Conflicting
from gateway.sandboxes.control import Control, Member, Seed
from gateway.stores.sql import Session, Sql, audit, sandboxes, tenants
from gateway.stores.sql.audit import Event
from gateway.stores.sql.grants import Revoked
from gateway.stores.sql.tenants import Tenant

Announce = Callable[[Iterable[Revoked]], Awaitable[None]]

INSTANT: Final = 3600.0  # seconds; how long one of nobody's lives
_ALPHABET: Final = string.ascii_lowercase + string.digits


@dataclass(frozen=True, slots=True)
class Wanted:
    """seconds: how long it lives; role: of the user that the token acts for; scopes: of the token, all that the role allows when
    there are none; actor: as the audit names who asks.
    """

    seconds: float
    seed: Seed
    role: str
    actor: str
    address: str | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A sandbox with its token, which is seen this once."""

    tenant: Tenant
    token: str = field(repr=False)
    expires_at: datetime


class Sandboxes:
    """announce: tells workers which tokens ended; scopes: those that there are."""

    def __init__(
        self, sql: Sql, keyring: Keyring, settings: Settings, scopes: Scopes, control: Control, announce: Announce
    ) -> None:
        self._sql = sql
        self._keyring = keyring
        self._settings = settings
        self._scopes = scopes
        self.control = control
        self.announce = announce

    async def create(self, owner: Tenant | None, wanted: Wanted) -> Made:
        """A sandbox of `owner`'s, or nobody's; Conflicting when they have as many as they may, IssueRefused for scopes that
        the role does not allow.

        UpstreamError and BadGateway when the sandbox program cannot be told.
        """
        now = datetime.now(UTC)
        self._room(await self._sql.read(sandboxes.living, owner.id if owner else None, now))
        tenant_id, api_key = new_tenant_id(), secrets.token_urlsafe(32)
        name = f"{owner.name} (sandbox)" if owner is not None else "Sandbox"
        made = Tenant(
            tenant_id,
            name,
            seal_tenant_key(self._keyring, tenant_id, api_key),
            now,
            owner.plan if owner is not None else None,
            "test",
            owner.id if owner is not None else None,
            now + timedelta(seconds=wanted.seconds),
        )
        members = await self.control.create(tenant_id, name[:200], api_key, wanted.seed)
        try:
            token = await self._sql.run(self._record, made, _acting(members, wanted.role), wanted, now)
        except BaseException:  # raised again: what nobody has a token for must not stay there
            await self.control.delete(tenant_id)
            raise
        return Made(made, token, now + timedelta(seconds=wanted.seconds))

    async def delete(self, tenant_id: str, actor: str, address: str | None = None) -> None:
        """Remove a sandbox with all that is in it, here and in the sandbox program; its tokens end at once."""
        await self.control.delete(tenant_id)
        ended = await self._sql.run(_removed, tenant_id, actor, address, datetime.now(UTC))
        await self.announce(Revoked(tenant_id, token_id, generation) for token_id, generation in ended)

    def _room(self, living: int) -> None:
        most = self._settings.test.per_owner
        if living >= most:
            raise too_many(most)

    def _record(self, session: Session, made: Tenant, member: Member, wanted: Wanted, now: datetime) -> str:
        tenants.add(session, made)
        if made.plan is not None:
            tenants.set_plan(session, made.id, made.plan)
        user = User(member.user_id, made.id, member.email, member.email, member.role, active=True)
        issued = issuing.issue(
            session,
            self._keyring,
            self._settings,
            self._scopes,
            user,
            name="Sandbox",
            scopes=wanted.scopes or sorted(allowed(self._scopes, user.role, self._settings.roles)),
            lifetime=min(wanted.seconds, self._settings.tokens.max_lifetime),
            actor=wanted.actor,
            now=now,
            address=wanted.address,
        )
        detail = {"sandbox": made.id, "expires_at": f"{made.expires_at:%Y-%m-%dT%H:%M:%SZ}"}
        audit.append(
            session,
            Event(
                at=now,
                tenant_id=made.owner_id or made.id,
                actor=wanted.actor,
                action="sandbox.create",
                subject=f"sandbox:{made.id}",
                address=wanted.address,
                detail=detail,
            ),
        )
        return issued.token


def new_tenant_id() -> str:
    """An internal id of a tenant, as the services write them."""
    return "clx" + "".join(secrets.choice(_ALPHABET) for _ in range(22))


def _acting(members: list[Member], role: str) -> Member:
    return next((each for each in members if each.role == role), members[0])


def _removed(
    session: Session, tenant_id: str, actor: str, address: str | None, now: datetime
) -> tuple[tuple[str, int], ...]:
    tenant = sandboxes.get(session, tenant_id)
    if tenant is None:
        return ()
    ended = sandboxes.remove(session, tenant_id)
    if tenant.owner_id is not None:
        event = Event(
            at=now,
            tenant_id=tenant.owner_id,
            actor=actor,
            action="sandbox.delete",
            subject=f"sandbox:{tenant_id}",
            address=address,
            detail={},
        )
        audit.append(session, event)
    return ended


def too_many(most: int) -> Conflicting:
    """The 409 for one sandbox more than an owner may have."""
    return Conflicting(
        "sandbox_limit", f"There are as many sandboxes as there may be: {most}. Delete one, or let one expire."
    )
