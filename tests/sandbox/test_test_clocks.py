"""The clocks of test tenants: what they date, what falls due by them, and how they may be set."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.receiver import receiving
from tests.sandbox.door import CONTACTS, Door
from tests.sandbox.services import a_contact, got, made, sent


def test_rows_are_dated_by_the_tenants_clock_which_goes_on(door: Door) -> None:
    tenant = door.create("later")
    with door.speaker(tenant) as client:
        told = door.told("PUT", "/later/clock", now="2027-03-01T12:00:00Z")
        assert told["now"].startswith("2027-03-01T12:00:0")
        row = made(client, CONTACTS, firstName="Asha")
        assert row["createdAt"].startswith("2027-03-01T12:00:")
        assert row["createdAt"] > told["now"]
        assert door.told("GET", "/later/clock")["now"] > row["createdAt"]


def test_an_invoice_falls_due_when_the_clock_passes_its_date(door: Door) -> None:
    tenant = door.create("due")
    today = datetime.now(UTC).date()
    with door.speaker(tenant) as client:
        dates = {"invoiceDate": f"{today}", "dueDate": f"{today + timedelta(days=30)}", "currency": "USD"}
        path = f"/api/finance/invoices/{sent(client, **dates)['id']}"
        assert got(client, path)["isOverdue"] is False
        door.told("PUT", "/due/clock", advance="P31D")
        assert got(client, path)["isOverdue"] is True


@pytest.mark.parametrize(
    ("duration", "came"),
    [
        ("P1M", "2028-02-29"),
        ("P1Y", "2029-01-31"),
        ("P2W", "2028-02-14"),
        ("PT36H", "2028-02-01T18:00:00"),
        ("P1MT24H", "2028-03-01"),
    ],
)
def test_a_clock_is_advanced_by_the_calendar(door: Door, duration: str, came: str) -> None:
    key = f"by-{duration}"
    door.create(key, seed="empty")
    door.told("PUT", f"/{key}/clock", now="2028-01-31T06:00:00Z")
    assert door.told("PUT", f"/{key}/clock", advance=duration)["now"].startswith(came)


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"now": "yesterday"}, "now"),
        ({"now": "2020-01-01T00:00:00Z"}, "now"),
        ({"now": "2200-01-01T00:00:00Z"}, "now"),
        ({"now": 1}, "now"),
        ({"advance": "30 days"}, "advance"),
        ({"advance": "P"}, "advance"),
        ({"advance": "PT"}, "advance"),
        ({"advance": "-P1D"}, "advance"),
        ({"advance": "P9999Y"}, "advance"),
        ({"advance": None}, "advance"),
        ({"advance": "P1D", "now": "2030-01-01T00:00:00Z"}, ""),
        ({"other": 1}, ""),
    ],
)
def test_a_clock_that_cannot_be_set_names_the_member(door: Door, body: dict[str, Any], member: str) -> None:
    if not any(one["business_id"] == "stuck" for one in door.told("GET", "")["tenants"]):
        door.create("stuck", seed="empty")
    refused = door.told("PUT", "/stuck/clock", 400, **body)["error"]
    assert [*refused["fields"]] == [member]
    assert door.told("GET", "/stuck/clock")["ahead_ms"] == 0


def test_subscribers_are_told_by_the_tenants_clock_and_kept_through_a_reset(door: Door) -> None:
    tenant = door.create("told")
    with receiving() as receiver, door.speaker(tenant) as client:
        subscribed = client.post("/api/settings/webhooks", json={"url": receiver.url, "events": ["contact.created"]})
        door.told("POST", "/told/reset", seed="empty")
        assert [one["id"] for one in client.get("/api/settings/webhooks").json()["data"]] == [
            subscribed.json()["data"]["id"]
        ]
        door.told("PUT", "/told/clock", now="2029-01-01T00:00:00Z")
        a_contact(client)
        (event,) = receiver.wait(1)
        assert event.document["tenantId"] == "told"
        assert event.document["timestamp"].startswith("2029-01-01")
