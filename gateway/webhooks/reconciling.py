"""What was created while nobody listened: found by a search for the moment of creation, and accepted as if it had been told.

A gap is a time in which no courier lived, or in which the settings service had lost our subscription. Nothing but creations
can be told from what is there now, so nothing else is guessed. What was told after all is known by its fingerprint.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import orjson

from adapters.core import faults
from adapters.core.compile.events import EventType, EventTypes
from adapters.core.operation import Operation, Request
from adapters.core.request.search_request import MOST_LIMIT
from gateway.observe import logs
from gateway.problems import RateLimited
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import (
    Session,
    Sql,
    webhook_clock,
    webhook_endpoints,
    webhook_housekeeping,
    webhook_registrations,
)
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_registrations import Gap
from gateway.upstream import UpstreamError
from gateway.webhooks import registering
from gateway.webhooks.fingerprints import CREATED, of_creation
from gateway.webhooks.intake import Unavailable
from gateway.webhooks.judging import Allowed, Judge
from gateway.webhooks.messages import Wait
from gateway.webhooks.reading import Reader

EVERY: Final = 15.0  # seconds
MARGIN: Final = timedelta(seconds=60)  # clocks differ, and what was under way at either end may be missed too
ASKED: Final = "asked"
"""The reason of a gap that an operator named."""
_TURN: Final = 120_000
_LATEST: Final = 600.0
_USERS: Final = 10  # as whom a tenant's records are looked for: who sees what is the services' to say

Accept = Callable[[NewEvent], Awaitable[str | None]]


class _Created(msgspec.Struct):
    id: str
    created_at: str


class _Cursor(msgspec.Struct):
    next: str | None = None


class _Meta(msgspec.Struct):
    cursor: _Cursor


class _Page(msgspec.Struct):
    data: list[_Created]
    meta: _Meta


_page = msgspec.json.Decoder(_Page).decode


class _Later(Exception):
    """It cannot be found out now."""

    for_logs = True


class Reconciler:
    """operations: as compiled for the deployment; newest: the date of the newest contract, in which is searched."""

    def __init__(
        self, sql: Sql, types: EventTypes, operations: Iterable[Operation], reader: Reader, judge: Judge, newest: str
    ) -> None:
        self._sql = sql
        self._types = [each for each in types.named.values() if each.reads and each.name.endswith(CREATED)]
        self._operations = {each.name: each for each in operations if each.enabled}
        self._reader = reader
        self._judge = judge
        self._newest = newest
        self._done: set[tuple[str, str, str]] = set()
        self._again: dict[str, tuple[float, float]] = {}

    async def run(self, courier: str, accept: Accept) -> None:
        """Until it is cancelled; one of all couriers at a time."""
        while True:
            try:
                if await self._sql.run(_turn, courier):
                    await self.once(accept)
            except StoreUnavailable:
                pass  # counted and told where it was noticed
            except Exception as error:  # noqa: BLE001 - whatever it is, there must be a next time
                logs.event("webhook reconciliation failed", "error", error=error)
            await asyncio.sleep(EVERY)

    async def once(self, accept: Accept) -> None:
        """Closes the gaps that can be closed now. `accept`: as `Intake.accept`."""
        for gap in await self._sql.read(webhook_registrations.unreconciled):
            due, pause = self._again.get(gap.id, (0.0, EVERY))
            if due > time.monotonic():
                continue
            try:
                found = await self._gap(gap, accept)
            except (_Later, Unavailable) as error:
                self._again[gap.id] = time.monotonic() + pause, min(2 * pause, _LATEST)
                logs.event("webhook gap stays open", "warning", reason=str(error) or "unavailable")
                continue
            self._again.pop(gap.id, None)
            self._done = {each for each in self._done if each[0] != gap.id}
            await self._sql.run(webhook_registrations.reconciled, gap.id, datetime.now(UTC))
            logs.event("webhook gap reconciled", reason=gap.reason, tenant=gap.tenant_id, events=found)

    async def _gap(self, gap: Gap, accept: Accept) -> int:
        found = 0
        for tenant_id in [gap.tenant_id] if gap.tenant_id else await self._sql.read(registering.wanting):
            endpoints, heard = await self._sql.read(_standing, tenant_id)
            if not endpoints:
                continue
            if heard is None:
                raise _Later("events are not sent to us yet")
            until = gap.until if gap.reason == ASKED else max(gap.until, heard)
            for kind in self._types:
                if (gap.id, tenant_id, kind.name) not in self._done:
                    found += await self._created(kind, endpoints, gap.since - MARGIN, until + MARGIN, accept)
                    self._done.add((gap.id, tenant_id, kind.name))
        return found

    async def _created(
        self, kind: EventType, endpoints: list[Endpoint], since: datetime, until: datetime, accept: Accept
    ) -> int:
        """How many there were that nobody had told of."""
        found = 0
        for endpoint in _askers(kind, endpoints):
            allowed = await self._judge.judge(endpoint, kind.scope)
            if isinstance(allowed, Wait):
                raise _Later(allowed.reason)
            if isinstance(allowed, Allowed):
                async for each in self._searched(kind, endpoint, allowed, since, until):
                    event = NewEvent(
                        tenant_id=endpoint.tenant_id,
                        type=kind.name,
                        object_id=each.id,
                        occurred_at=datetime.fromisoformat(each.created_at),
                        fingerprint=of_creation(kind.name, each.id),
                        origin="reconciled",
                    )
                    found += await accept(event) is not None
        return found

    async def _searched(
        self, kind: EventType, endpoint: Endpoint, allowed: Allowed, since: datetime, until: datetime
    ) -> AsyncIterator[_Created]:
        operation = self._operations.get((kind.reads or "").removesuffix(".get") + ".search")
        face = operation.faces.get(self._newest) if operation is not None else None
        if face is None:
            return
        face = face.seen(frozenset())
        between = (("gte", since), ("lte", until))
        document: dict[str, Any] = {
            "filters": [
                {"field": "created_at", "operator": operator, "value": at.isoformat(timespec="milliseconds")}
                for operator, at in between
            ],
            "order_by": "created_at",
            "sort_direction": "asc",
            "limit": MOST_LIMIT,
        }
        try:
            while True:
                plan = face.plan(face.accept(Request((), {}, document, _unseal, _seal_for)))
                page = _page(await self._reader.driven(plan, endpoint, allowed, f"{kind.name} {endpoint.id}"))
                for each in page.data:
                    yield each
                if page.meta.cursor.next is None:
                    return
                document = {**document, "cursor": page.meta.cursor.next}
        except (faults.RoleForbids, faults.Invalid) as error:
            # A service that does not let this user, or cannot be asked so: the next one may be let.
            logs.event("webhook creations cannot be searched", "warning", type=kind.name, reason=type(error).__name__)
        except (faults.Fault, RateLimited, UpstreamError) as error:
            raise _Later(type(error).__name__) from None


def _askers(kind: EventType, endpoints: list[Endpoint]) -> list[Endpoint]:
    """One endpoint of each user, those first that want the type."""
    users: dict[str, Endpoint] = {}
    for endpoint in sorted(endpoints, key=lambda each: kind.name not in each.events):
        users.setdefault(endpoint.user_id, endpoint)
    return [*users.values()][:_USERS]


def _turn(session: Session, courier: str) -> bool:
    return webhook_housekeeping.turn(session, "reconciliation", courier, webhook_clock.now(session), _TURN)


def _standing(session: Session, tenant_id: str) -> tuple[list[Endpoint], datetime | None]:
    """The tenant's endpoints, and since when its registration stands, if it does."""
    known = webhook_registrations.of_tenant(session, tenant_id)
    active = [each.created_at for each in known if each.state == "active"]
    endpoints = [each for each in webhook_endpoints.of_tenant(session, tenant_id) if each.status != "disabled"]
    return endpoints, max(active, default=None)


# The cursors of these searches leave this process never.


def _unseal(cursor: str, _: bytes) -> list[Any]:
    position: list[Any] = orjson.loads(cursor)
    return position


def _seal_for(_: bytes) -> Callable[[list[Any]], str]:
    return lambda position: orjson.dumps(position).decode()
