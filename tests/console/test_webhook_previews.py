"""What would be sent now, as the page of a delivery shows it: to its owner, without a secret, and nothing that GET would refuse."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from html import unescape
from typing import Any

import pytest

from gateway.stores.sql import Session, webhook_deliveries, webhook_endpoints
from gateway.stores.sql.webhook_models import DeliveryRow, QueueRow
from tests.console.people import Person, shown
from tests.console.webhook_rows import PATH, a_deal, delivered, happened, make, store
from tests.live import Live


def part(page: str, name: str) -> str:
    """What stands in a part of a page that has this label."""
    found = re.search(rf'aria-label="{name}">(.*?)</pre>', page, re.DOTALL)
    assert found is not None, page
    return found[1]


def test_what_would_be_sent_now_is_shown_to_its_owner_with_all_headers_and_no_secret(desk: Live, owner: Person) -> None:
    webhook, made = make(owner, url="https://hooks.example.com/in?key=k", headers="X-Key: canary", version="2026-06-01")
    deal = desk.call("GET", f"/v1/deals/{a_deal(desk)}", version="2026-06-01").json()["data"]
    one = f"{PATH}/{webhook}/deliveries/{delivered(desk, webhook, about=deal['id'], status=204)}"
    assert "Show it as it would be now" in owner.page(one) and "webhook-timestamp" not in owner.page(one)
    page = unescape(owner.page(f"{one}?preview=now"))
    headers, body = (part(page, name) for name in ("Headers", "Body"))
    lines = dict(each.split(": ", 1) for each in headers.strip().splitlines())
    document = json.loads(body)
    assert document["data"] == deal and document["version"] == lines["version"] == "2026-06-01"
    assert (lines["webhook-id"], lines["webhook-signature"]) == (document["id"], "v1,********")
    assert (lines["X-Key"], lines["X-Webhook-Attempt"], lines["Content-Type"]) == ("********", "1", "application/json")
    assert abs(int(lines["webhook-timestamp"]) - time.time()) < 60 and lines["User-Agent"].endswith("-Webhooks/1")
    assert "POST https://hooks.example.com/in?key=k" in page and "canary" not in page and shown(made) not in page
    owner.post(f"{PATH}/{webhook}/secret")
    assert unescape(owner.page(f"{one}?preview=now")).count("v1,********") == 2, "both sign"


def test_what_waits_is_shown_as_its_next_attempt(desk: Live, owner: Person) -> None:
    webhook, _ = make(owner, payload="thin")
    event_id = happened(desk)
    waiting = store(desk, lambda session: webhook_deliveries.of_event(session, webhook[4:], event_id))
    one = f"{PATH}/{webhook}/deliveries/dlv_{waiting}"

    def tried(session: Session) -> None:
        session.get_one(DeliveryRow, waiting).attempts = 3
        session.get_one(QueueRow, waiting).rank = 1

    store(desk, tried)
    page = unescape(owner.page(f"{one}?preview=now"))
    assert "X-Webhook-Attempt: 4\nX-Webhook-Replay: 1\n" in page
    assert json.loads(part(page, "Body"))["omitted"] == "thin"


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "may not see this record, or the record is gone"),
        ({"scopes": ("webhook.read",)}, "The permissions that it was given do not cover this type."),
        ({"contract": "2020-01-01"}, "does not tell of this type any more"),
    ],
)
def test_what_get_would_refuse_is_shown_to_nobody(
    desk: Live, owner: Person, columns: dict[str, Any], said: str
) -> None:
    webhook, _ = make(owner)
    about = a_deal(desk) if columns else ""
    one = f"{PATH}/{webhook}/deliveries/{delivered(desk, webhook, about=about, status=204)}"
    at = datetime.now(UTC)
    store(desk, lambda session: webhook_endpoints.change(session, webhook[4:], at, **columns))
    page = owner.page(f"{one}?preview=now")
    assert "Nothing would be sent now. " in page and said in page and 'aria-label="Body"' not in page
