"""Webhooks made by the form, and deliveries as couriers leave them: written straight into the store, which is faster."""

from __future__ import annotations

import os
import re
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from gateway.keys import token_format
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_deliveries, webhook_events
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_models import AttemptRow, DeliveryRow, QueueRow
from tests.console.people import Person
from tests.live import Live

PATH = "/console/webhooks"


def store(live: Live, work: Any) -> Any:
    with closing(Sql(f"sqlite:///{live.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
        return work(session)


def make(person: Person, *events: str, url: str = "", **fields: str) -> tuple[str, httpx.Response]:
    """A webhook by the form; its public id, and the page that shows its secret."""
    address = url or f"https://hooks.example.com/{token_format.random_text(8)}"
    page = person.post(f"{PATH}/new", {"url": address, "event": list(events or ("deal.won",)), **fields})
    assert page.status_code == 200, page.text
    found = re.search(r"whk_\w{24}", urlsplit(str(page.url)).path)
    assert found is not None, page.text
    return found[0], page


def a_deal(live: Live) -> str:
    """The id of a deal of tenant a."""
    found = live.call("POST", "/v1/deals/search", {"limit": 1}).json()["data"]
    return str(found[0]["id"])


def happened(live: Live, kind: str = "deal.won", about: str = "") -> str:
    """An event of tenant a, about a record that is not there unless one is named; its id."""
    record = about or f"deal_{os.urandom(12).hex()}"
    new = NewEvent(live.a.business_id, kind, record, datetime.now(UTC), os.urandom(32), "service")

    def accept(session: Session) -> str:
        return next(iter(webhook_events.accept(session, [new], webhook_clock.now(session)).ids.values()))

    return str(store(live, accept))


def delivered(
    live: Live, webhook: str, standing: str = "delivered", reason: str | None = None, *, about: str = "", **attempt: Any
) -> str:
    """An event for a webhook that came to its end, with an attempt if one is described; the delivery's public id."""
    event_id = happened(live, about=about)

    def settle(session: Session) -> str:
        delivery_id = webhook_deliveries.of_event(session, webhook.removeprefix("whk_"), event_id)
        assert delivery_id is not None
        row = session.get_one(DeliveryRow, delivery_id)
        row.status, row.reason, row.settled_at = standing, reason, datetime.now(UTC)
        session.delete(session.get_one(QueueRow, delivery_id))
        if attempt:
            row.attempts, row.last_status = 1, attempt.get("status")
            told = {"status": None, "error": None, "answer_head": None, "ms": 240, "address": "203.0.113.9", **attempt}
            at = datetime.now(UTC) - timedelta(seconds=1)
            made = AttemptRow(
                delivery_id=delivery_id, number=1, at=at, body_sha256=os.urandom(32), body_bytes=512, **told
            )
            session.add(made)
        return delivery_id

    return f"dlv_{store(live, settle)}"
