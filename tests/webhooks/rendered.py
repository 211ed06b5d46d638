"""Renders against a running deployment: its database, its sandbox, its store."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from typing import Any

from gateway import factories
from gateway.config import load
from gateway.deployment import offer
from gateway.keys import token_format
from gateway.process import instance_lock, runtime_facts
from gateway.stores import redis_url
from gateway.stores.limits import Limiter
from gateway.stores.sql import Session, Sql
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event
from gateway.webhooks import assembling
from gateway.webhooks.messages import Body, Recipient, Rendered
from tests.live import Live, Tenant

AT = datetime(2026, 11, 2, 12, 0, 0, 250_000, tzinfo=UTC)
DEAL = {"scopes": ("webhook.read", "deal.read", "contact.read", "contract.read"), "events": ("deal.won",)}


class Deployment:
    """A running gateway's parts, in this process."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.settings = load(live.served.home / "config.yaml", {}, {"server.data_dir": str(live.served.data_dir)})
        running = instance_lock.running(live.served.data_dir)
        assert running is not None
        self.facts = runtime_facts.runtime(self.settings, running.redis_url, None, 0)

    def store(self, work: Callable[[Session], Any]) -> Any:
        """Do it in a transaction."""
        with closing(Sql(self.facts.sql_url)) as sql, sql.session() as session:
            return work(session)

    def render(self, endpoint: Endpoint, event: Event, *, waited: float = 0.0, **changed: Any) -> Rendered:
        """As a courier does. changed: settings that differ."""
        return self.rendered([(endpoint, event)], waited=waited, **changed)[0]

    def rendered(
        self, asked: Sequence[tuple[Endpoint, Event]], *, waited: float = 0.0, **changed: Any
    ) -> list[Rendered]:
        """The same of many, by one courier."""

        async def rendered() -> list[Rendered]:
            settings = self.settings.model_copy(update=changed)
            async with AsyncExitStack() as stack:
                line = await redis_url.connect(self.facts.redis_url, timeout=settings.stores.redis_timeout)
                stack.push_async_callback(line.aclose)
                sql = Sql(self.facts.sql_url)
                stack.callback(sql.close)
                keyring = factories.keyring(settings)
                renderer, _ = assembling.delivering(
                    settings, offer(settings), self.facts, sql, keyring, Limiter(line, 1), stack
                )
                return [
                    await renderer.render(Recipient(to, "http://127.0.0.1/", (b"",), b""), event, waited=waited)
                    for to, event in asked
                ]

        return asyncio.run(rendered())

    def body(self, endpoint: Endpoint, event: Event, **more: Any) -> dict[str, Any]:
        """The document that is sent."""
        return sent(self.render(endpoint, event, **more))


def sent(found: Rendered) -> dict[str, Any]:
    """The document of a body."""
    assert isinstance(found, Body), found
    document: dict[str, Any] = json.loads(found.data)
    return document


def endpoint(tenant: Tenant, role: str = "owner", **columns: Any) -> Endpoint:
    """One that a person made in the console."""
    user = tenant.users[role]["user_id"]
    given: dict[str, Any] = {
        "id": token_format.new_timed_id(1),
        "tenant_id": tenant.business_id,
        "owner_kind": "user",
        "owner_id": user,
        "client_id": None,
        "user_id": user,
        **DEAL,
        "url_sealed": "",
        "url_host": "127.0.0.1",
        "payload": "full",
        "contract": "2026-09-01",
        "description": None,
        "headers_sealed": None,
        "max_in_flight": 8,
        "rate": None,
        "status": "enabled",
        "reason": None,
        "template_id": None,
        "created_at": AT,
        "changed_at": AT,
    }
    return Endpoint(**given | columns)


def event(tenant: Tenant, type: str, object_id: str, **columns: Any) -> Event:  # noqa: A002 - as the column is called
    """One of the log."""
    given: dict[str, Any] = {
        "id": token_format.new_timed_id(2),
        "tenant_id": tenant.business_id,
        "sequence": 7,
        "type": type,
        "object_id": object_id,
        "audience": None,
        "occurred_at": AT,
        "received_at": AT,
        "facts_sealed": None,
        "origin": "service",
    }
    return Event(**given | columns)


def fingerprint(text: str) -> bytes:
    """Of an event that is accepted once."""
    return hashlib.sha256(text.encode()).digest()
