"""A courier in this process, before a real database and real receivers."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from gateway.egress.dialling import Dialler
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Allowed, Rules
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.stores.sql import (
    Sql,
    webhook_clock,
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
    webhook_secrets,
)
from gateway.stores.sql.webhook_deliveries import Delivery
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.stores.sql.webhook_models import DeliveryRow, LaneRow
from gateway.webhooks import recipients
from gateway.webhooks.courier import Courier
from gateway.webhooks.messages import Body, Recipient, Rendered
from tests.stores.records import TENANT
from tests.stores.webhooks import endpoint, event
from tests.webhooks.receivers import until

LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),))
SECRET = bytes(range(32))
KEYRING = Keyring.create()
KEYS = Keyring.load(KEYRING)


class Thin:
    """Bodies with an id and nothing else, unless `answers` says otherwise for an object; `fatal` objects end the process."""

    def __init__(self) -> None:
        self.answers: dict[str, Rendered] = {}
        self.fatal: frozenset[str] = frozenset()
        self.rendered = 0

    async def render(self, recipient: Recipient, event: Event, *, waited: float) -> Rendered:
        self.rendered += 1
        if event.object_id in self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)
        if (given := self.answers.get(event.object_id)) is not None:
            return given
        return Body(
            orjson.dumps({"id": f"evt_{event.id}", "type": event.type, "data": {"id": event.object_id}}), "thin"
        )


class Plain:
    """Ids and the time, unsigned: what signatures are is tested elsewhere."""

    def sign(self, secrets: Sequence[bytes], message_id: str, timestamp: int, body: bytes) -> bytes:
        return f"webhook-id: {message_id}\r\nwebhook-timestamp: {timestamp}\r\nwebhook-secrets: {len(secrets)}\r\n".encode()


class Post:
    """A database with a tenant, and couriers that deliver from it."""

    def __init__(self, sql: Sql, keys: Keyring = KEYS) -> None:
        self.sql = sql
        self._keys = keys
        self.renderer = Thin()
        self.couriers: list[Courier] = []
        self._number = 0

    async def subscribe(self, url: str, *, answered: bool = True, **columns: Any) -> Endpoint:
        """An endpoint; one that has answered before unless said otherwise, since others are called once a second."""
        made = endpoint(url_host="127.0.0.1", **columns)
        made = endpoint(
            **{name: getattr(made, name) for name in Endpoint.__slots__}
            | {"url_sealed": recipients.seal_url(self._keys, made.id, url)}
        )
        with self.sql.session() as session:
            now = webhook_clock.now(session)
            webhook_endpoints.add(session, made)
            sealed = recipients.seal_secret(self._keys, made.id, SECRET)
            webhook_secrets.add(session, made.id, sealed, "whsec_AA", made.created_at)
            if answered:
                session.get_one(LaneRow, made.id).succeeded_at = now
        return made

    async def happen(self, *numbers: int, **columns: Any) -> list[str]:
        """Events of those numbers; their public ids."""
        with self.sql.session() as session:
            now = webhook_clock.now(session)
            accepted = webhook_events.accept(session, [event(number, **columns) for number in numbers], now)
        for courier in self.couriers:
            courier.wake(accepted.fed)
        return [f"evt_{each}" for each in accepted.ids.values()]

    def courier(self, **options: Any) -> Courier:
        self._number += 1
        dialler = Dialler(options.pop("rules", LOCAL), Resolver(2))
        name = options.pop("name", f"test-{self._number}-{token_format.random_text(6)}")
        return Courier(self.sql, self._keys, self.renderer, Plain(), dialler, name=name, **options)

    @asynccontextmanager
    async def delivering(self, **options: Any) -> AsyncIterator[Courier]:
        courier = self.courier(**options)
        self.couriers.append(courier)
        running = asyncio.create_task(courier.run())
        try:
            yield courier
        finally:
            self.couriers.remove(courier)
            await courier.stop(5.0)
            await running

    def deliveries(self, made: Endpoint) -> list[Delivery]:
        with self.sql.session(read_only=True) as session:
            return [*webhook_deliveries.page(session, made.id, limit=10_000)]

    async def settled(self, made: Endpoint, *statuses: str, seconds: float = 20.0) -> list[Delivery]:
        """All deliveries of the endpoint, once each has one of the statuses (`delivered` if none is named)."""
        wanted = set(statuses or ("delivered",))
        await until(lambda: self.statuses(made) <= wanted, seconds)
        return self.deliveries(made)

    def statuses(self, made: Endpoint) -> set[str]:
        query = select(DeliveryRow.status).where(DeliveryRow.endpoint_id == made.id).distinct()
        with self.sql.session(read_only=True) as session:
            return set(session.scalars(query))


def opened(template: Path, folder: Path) -> Sql:
    shutil.copy(template, folder / "gateway.db")
    return Sql(f"sqlite:///{folder}/gateway.db")


__all__ = ["KEYRING", "KEYS", "LOCAL", "SECRET", "TENANT", "Post", "opened"]
