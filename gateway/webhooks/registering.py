"""The registrar: keeps exactly one subscription of ours with the internal settings service for each tenant that needs it.

Its URL holds a capability that nobody can guess, and is how the ingest knows whose event it is told. The row is written before
the service is asked: what the service made of a request whose answer we did not live to see is found by its URL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import orjson

from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.keys.purposes import CAPABILITY
from gateway.keys.tenant_keys import open_tenant_key
from gateway.keys.token_format import Mode
from gateway.observe import logs, webhook_metrics
from gateway.stores.sql import (
    Session,
    Sql,
    tenants,
    webhook_clock,
    webhook_endpoints,
    webhook_registrations,
    webhook_streams,
)
from gateway.stores.sql.webhook_registrations import Gap, Registration
from gateway.upstream import Lines, Pool, UpstreamError, line

PATH: Final = "/api/settings/webhooks"
ABANDONED: Final = timedelta(seconds=60)  # a request that is not settled by then is nobody's any more
OVERLAP: Final = timedelta(hours=24)  # for how long a replaced URL is heard
AGE: Final = timedelta(days=90)
UNWANTED: Final = timedelta(hours=24)  # after the last endpoint is gone
STOPPED: Final = timedelta(days=30)  # for which one that was stopped may go on with what it missed
_LETTERS: Final = 43  # of base62: 256 bits


class Unregistered(Exception):
    """The service could not be told, or not understood. The message is for logs."""

    for_logs = True


class _Listed(msgspec.Struct):
    id: str | int
    url: str = ""


class _List(msgspec.Struct):
    data: list[_Listed]


class _One(msgspec.Struct):
    data: _Listed


@dataclass(frozen=True, slots=True)
class Service:
    """How the settings service of a mode is reached. key: its service key, or None where it takes the tenant's own."""

    pool: Pool
    key: str | None


class Registrar:
    """services: by mode; base: where the service reaches our ingest, without closing slash; events: the services' names of all that is offered."""

    def __init__(
        self, sql: Sql, keyring: Keyring, services: Mapping[Mode, Service], base: str, events: tuple[str, ...]
    ) -> None:
        self._sql = sql
        self._keyring = keyring
        self._services = services
        self._prefix = f"{base}/in/"
        self._events = events

    async def available(self, tenant_id: str) -> bool:
        """Whether there is a key to ask the service with, and an address that it could be told."""
        return self._prefix != "/in/" and await self._opened(tenant_id) is not None

    async def ensure(self, tenant_id: str) -> bool:
        """Whether the tenant's registration stands, after this has tried to make it."""
        now = datetime.now(UTC)
        claimed = await self._sql.run(self._claim, tenant_id, now)
        if claimed is None:
            return True
        if claimed.created_at != now:
            return False  # somebody else is about it
        try:
            await self._register(claimed)
        except Unregistered as error:
            logs.event("webhook registration", "warning", tenant=tenant_id, state="pending", reason=str(error))
            return False
        return True

    async def check(self, tenant_id: str) -> None:
        """Compare what the service has with what we know, and mend it; Unregistered when it cannot be asked."""
        theirs = {each.url: str(each.id) for each in await self._listed(tenant_id) if each.url.startswith(self._prefix)}
        now = datetime.now(UTC)
        wanted, known = await self._sql.read(_state, tenant_id)
        live = False
        for each in known:
            found = theirs.pop(self._url(each), None)
            if found is None:
                gap = await self._sql.run(_lost, each, now, wanted=wanted)
                if gap is not None:
                    logs.event(
                        "webhook gap", "error", tenant=tenant_id, reason="registration_lost", since=str(gap.since)
                    )
                    webhook_metrics.gap((gap.until - gap.since).total_seconds())
            elif not wanted or each.state == "retiring":
                overdue = each.state == "retiring" and _superseded(each, known, now)
                if overdue or (not wanted and now - (each.checked_at or each.created_at) > UNWANTED):
                    await self._delete(tenant_id, found)
                    await self._sql.run(webhook_registrations.remove, each.id)
            else:
                live = True
                await self._sql.run(_stands, each, found, now)
        for stray in theirs.values():
            await self._delete(tenant_id, stray)
        if wanted and not live:
            await self.ensure(tenant_id)
        elif wanted and any(each.state == "active" and now - each.created_at > AGE for each in known):
            await self.rotate(tenant_id)

    async def rotate(self, tenant_id: str) -> None:
        """A new URL; the old one is heard until the new one was, or for a day. Unregistered when the service refuses."""
        made = self._made(tenant_id, datetime.now(UTC))
        await self._sql.run(webhook_registrations.add, made)
        await self._register(made)

    async def tenants(self) -> tuple[str, ...]:
        """All that have, or need, a registration."""
        return await self._sql.read(_concerned)

    async def waiting(self) -> tuple[str, ...]:
        """Those whose endpoints wait for one."""
        return await self._sql.read(_waiting)

    def _claim(self, session: Session, tenant_id: str, now: datetime) -> Registration | None:
        """A new pending row, or another's that is young; None when an active one is there, which endpoints need not wait for."""
        webhook_streams.hold(session, tenant_id)
        known = webhook_registrations.of_tenant(session, tenant_id)
        if any(each.state == "active" for each in known):
            _enable(session, tenant_id, now)
            return None
        pending = next((each for each in known if each.state == "pending" and now - each.created_at < ABANDONED), None)
        if pending is not None:
            return pending
        made = self._made(tenant_id, now)
        webhook_registrations.add(session, made)
        return made

    def _made(self, tenant_id: str, now: datetime) -> Registration:
        capability = token_format.random_text(_LETTERS)
        return Registration(
            id=token_format.new_timed_id(webhook_clock.milliseconds(now)),
            tenant_id=tenant_id,
            capability_hash=self._keyring.hash(capability.encode()),
            hash_key_id=self._keyring.hashing_id,
            capability_sealed=self._keyring.seal(CAPABILITY, tenant_id, capability.encode(), b""),
            internal_id=None,
            state="pending",
            created_at=now,
            checked_at=None,
            heard_at=None,
        )

    def _url(self, each: Registration) -> str:
        return self._prefix + self._keyring.open(CAPABILITY, each.tenant_id, each.capability_sealed, b"").decode()

    async def _register(self, made: Registration) -> None:
        body = orjson.dumps({"url": self._url(made), "events": self._events})
        status, answer = await self._send(made.tenant_id, b"POST", PATH, body)
        if status not in (200, 201):
            raise Unregistered(f"the service answered {status}")
        try:
            internal_id = str(msgspec.json.decode(answer, type=_One).data.id)
        except msgspec.MsgspecError:
            raise Unregistered("the service answered without a subscription") from None
        await self._sql.run(_stands, made, internal_id, datetime.now(UTC))
        logs.event("webhook registration", tenant=made.tenant_id, state="active")

    async def _listed(self, tenant_id: str) -> list[_Listed]:
        status, answer = await self._send(tenant_id, b"GET", PATH)
        try:
            if status != 200:
                raise Unregistered(f"the service answered {status}")
            return msgspec.json.decode(answer, type=_List).data
        except msgspec.MsgspecError:
            raise Unregistered("the service answered without a list") from None

    async def _delete(self, tenant_id: str, internal_id: str) -> None:
        await self._send(tenant_id, b"DELETE", f"{PATH}/{internal_id}")
        logs.event("webhook registration", tenant=tenant_id, state="deleted")

    async def _send(self, tenant_id: str, method: bytes, path: str, body: bytes = b"") -> tuple[int, bytes]:
        opened = await self._opened(tenant_id)
        if opened is None:
            raise Unregistered("there is no key for the settings service")
        pool, key = opened
        lines = Lines(line(b"Authorization", b"Bearer " + key.encode()) + line(b"X-Business-Id", tenant_id.encode()))
        more = b"Content-Type: application/json\r\n" if body else b""
        try:
            answer = await pool.request(method, path.encode(), more, body, idempotent=method != b"POST", known=lines)
        except UpstreamError as error:
            raise Unregistered(type(error).__name__) from None
        return answer.status, answer.body

    async def _opened(self, tenant_id: str) -> tuple[Pool, str] | None:
        """The service that the tenant's mode leads to, and the key that opens it."""
        tenant = await self._sql.read(tenants.get, tenant_id)
        service = self._services.get(tenant.mode) if tenant is not None else None
        if tenant is None or service is None:
            return None
        if service.key is not None:
            return service.pool, service.key
        sealed = tenant.api_key_sealed
        return (service.pool, open_tenant_key(self._keyring, tenant_id, sealed)) if sealed is not None else None


def _stands(session: Session, each: Registration, internal_id: str, now: datetime) -> None:
    """The service has it: the newest that stands goes on, others retire. Endpoints that waited for it are delivered to."""
    webhook_streams.hold(session, each.tenant_id)
    standing = {other.id: other.state for other in webhook_registrations.of_tenant(session, each.tenant_id)}
    if standing.get(each.id, "retiring") == "retiring":
        return
    active = {other for other, state in standing.items() if state == "active"} | {each.id}
    for old in active - {max(active)}:
        webhook_registrations.change(session, old, state="retiring", checked_at=now)
    if each.id == max(active):
        webhook_registrations.change(session, each.id, state="active", checked_at=now)
    webhook_registrations.change(session, each.id, internal_id=internal_id)
    _enable(session, each.tenant_id, now)


def _lost(session: Session, each: Registration, now: datetime, *, wanted: bool) -> Gap | None:
    """The service has it no more, or never had: the time in which events were missed, where there was one."""
    if each.state == "pending" and now - each.created_at < ABANDONED:
        return None
    webhook_registrations.remove(session, each.id)
    if each.state != "active" or not wanted:
        return None
    since = each.heard_at or each.checked_at or each.created_at
    return webhook_registrations.add_gap(session, each.tenant_id, "registration_lost", since, now)


def _superseded(each: Registration, known: tuple[Registration, ...], now: datetime) -> bool:
    """Whether the URL that took its place was heard, or it has had its time."""
    heard = any(other.state == "active" and other.heard_at is not None for other in known)
    return heard or now - (each.checked_at or each.created_at) > OVERLAP


def _enable(session: Session, tenant_id: str, now: datetime) -> None:
    for endpoint in webhook_endpoints.of_tenant(session, tenant_id):
        webhook_endpoints.enable(session, endpoint.id, now)


def wanting(session: Session) -> tuple[str, ...]:
    """Tenants whose events are wanted: what is paused or disabled goes on with them one day."""
    return webhook_endpoints.tenants(session, datetime.now(UTC) - STOPPED)


def _state(session: Session, tenant_id: str) -> tuple[bool, tuple[Registration, ...]]:
    return tenant_id in wanting(session), webhook_registrations.of_tenant(session, tenant_id)


def _concerned(session: Session) -> tuple[str, ...]:
    known = {each.tenant_id for each in webhook_registrations.all_of_them(session)}
    return tuple(sorted(known | set(wanting(session))))


def _waiting(session: Session) -> tuple[str, ...]:
    active = {each.tenant_id for each in webhook_registrations.all_of_them(session) if each.state == "active"}
    return tuple(each for each in wanting(session) if each not in active)
