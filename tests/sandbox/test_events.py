"""What the sandbox tells those who subscribed with its settings service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.receiver import Receiver, receiving
from tests.sandbox.conftest import Box, run

ALL = (
    *("invoice.created", "invoice.paid", "payment.received", "deal.stage_changed", "deal.won", "deal.lost"),
    *("contact.created", "ticket.created", "ticket.resolved", "ticket.closed", "employee.created"),
    *("leave.approved", "leave.rejected", "task.completed", "contract.signed"),
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def client(box: Box, receiver: Receiver) -> Iterator[httpx.Client]:
    """The first tenant, subscribed to everything."""
    box.http.post("/_control/reset")
    with box.speaker(0, **{"X-User-Id": box.user("owner")["user_id"]}) as speaker:
        made = speaker.post("/api/settings/webhooks", json={"url": receiver.url, "events": ALL})
        assert made.status_code == 201
        yield speaker
        speaker.delete(f"/api/settings/webhooks/{made.json()['data']['id']}")


def made(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()["data"]
    return found


def stages(client: httpx.Client) -> dict[str, str]:
    default = next(one for one in client.get("/api/crm/pipelines").json()["data"] if one["isDefault"])
    return {stage["type"]: stage["id"] for stage in default["stages"]}


def told(receiver: Receiver, count: int) -> list[dict[str, Any]]:
    return [each.document for each in receiver.wait(count)]


def test_subscriptions_are_made_listed_and_deleted_by_their_tenant_alone(box: Box) -> None:
    with box.speaker(0) as one, box.speaker(1) as other:
        body = {"url": "https://example.com/in", "events": ["deal.won"]}
        subscription = made(one, "/api/settings/webhooks", **body)
        assert subscription | body == subscription
        assert subscription in one.get("/api/settings/webhooks").json()["data"]
        assert subscription not in other.get("/api/settings/webhooks").json()["data"]
        place = f"/api/settings/webhooks/{subscription['id']}"
        assert [other.delete(place).status_code, one.delete(place).status_code, one.delete(place).status_code] == [
            404,
            204,
            404,
        ]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "x", "events": ["deal.won"]},
        {"url": "http://a/", "events": []},
        {"url": "http://a/", "events": ["x"]},
    ],
)
def test_a_subscription_needs_an_address_and_events_that_there_are(box: Box, body: dict[str, Any]) -> None:
    with box.speaker(0) as one:
        assert one.post("/api/settings/webhooks", json=body).status_code == 400


def test_a_deal_that_is_won_is_two_events(client: httpx.Client, box: Box, receiver: Receiver) -> None:
    stage = stages(client)
    deal = made(client, "/api/crm/deals", title="Engine", value=12.5, currency="EUR")
    client.patch(f"/api/crm/deals/{deal['id']}", json={"stageId": stage["won"]})
    moved, won = sorted(told(receiver, 2), key=lambda each: str(each["event"]))
    assert moved["data"] == {
        "id": deal["id"],
        "title": "Engine",
        "fromStageId": deal["stageId"],
        "toStageId": stage["won"],
    }
    assert won["event"] == "deal.won"
    assert won["tenantId"] == box.tenants[0]["business_id"]
    assert won["data"] == {
        "id": deal["id"],
        "title": "Engine",
        "value": 12.5,
        "currency": "EUR",
        "stageId": stage["won"],
    }


def test_a_write_that_changes_nothing_and_one_that_is_refused_are_no_events(
    client: httpx.Client, receiver: Receiver
) -> None:
    deal = made(client, "/api/crm/deals", title="Engine")
    client.patch(f"/api/crm/deals/{deal['id']}", json={"stageId": deal["stageId"]})
    assert client.post("/api/crm/contacts", json={}).status_code == 400
    made(client, "/api/crm/contacts", firstName="Ada")
    assert [each["event"] for each in told(receiver, 1)] == ["contact.created"]


def test_every_row_of_an_import_is_an_event(client: httpx.Client, receiver: Receiver) -> None:
    answer = client.post(
        "/api/crm/contacts/import", content=b"firstName\nAda\nBea\nCleo\n", headers={"content-type": "text/csv"}
    )
    ids = answer.json()["data"]["ids"]
    assert sorted(each["data"]["id"] for each in told(receiver, 3)) == sorted(ids)


def test_the_last_payment_is_two_events(client: httpx.Client, receiver: Receiver) -> None:
    company = made(client, "/api/crm/companies", name="Mill")
    invoice = made(
        client,
        "/api/finance/invoices",
        clientCompanyId=company["id"],
        invoiceDate="2026-06-01",
        currency="INR",
        items=[{"description": "Cog", "rate": 100}],
    )
    client.post(f"/api/finance/invoices/{invoice['id']}/email", json={"recipients": ["a@example.com"]})
    made(
        client,
        f"/api/finance/invoices/{invoice['id']}/payments",
        amount=invoice["amount"],
        paymentDate="2026-06-02",
        mode="CASH",
    )
    found = {each["event"]: each["data"] for each in told(receiver, 3)}
    assert set(found) == {"invoice.created", "payment.received", "invoice.paid"}
    assert found["invoice.paid"]["amount"] == invoice["amount"]
    assert found["payment.received"]["invoiceId"] == invoice["id"]


def test_tickets_and_tasks_are_told_at_their_steps(client: httpx.Client, receiver: Receiver) -> None:
    ticket = made(client, "/api/helpdesk/tickets", title="Lamp", body="Dark", requesterEmail="a@example.com")
    for status in ("RESOLVED", "CLOSED"):
        client.patch(f"/api/helpdesk/tickets/{ticket['id']}", json={"status": status})
    task = made(client, "/api/crm/tasks", title="Send it")
    client.patch(f"/api/crm/tasks/{task['id']}", json={"done": True})
    found = {each["event"]: each["data"]["id"] for each in told(receiver, 4)}
    assert found == {
        "ticket.created": ticket["id"],
        "ticket.resolved": ticket["id"],
        "ticket.closed": ticket["id"],
        "task.completed": task["id"],
    }


def test_the_emitter_repeats_drops_reorders_lies_and_sends_junk(
    client: httpx.Client, box: Box, receiver: Receiver
) -> None:
    def after(manners: dict[str, Any], *names: str) -> list[bytes]:
        receiver.got.clear()
        assert box.http.post("/_control/emitter", json=manners).status_code == 204
        for name in names:
            made(client, "/api/crm/contacts", firstName=name)
        return [each.body for each in receiver.wait(2)]

    assert len(set(after({"repeat": 2}, "Ada"))) == 1
    assert [json.loads(each)["data"]["firstName"] for each in after({"drop": 2, "delay_ms": 1}, "A", "B", "C", "D")]
    assert all(json.loads(each)["tenantId"] == "nobody" for each in after({"tenant": "nobody"}, "A", "B"))
    assert {json.loads(each)["data"]["firstName"] for each in after({"reorder": 2}, "A", "B")} == {"A", "B"}
    with pytest.raises(json.JSONDecodeError):
        json.loads(after({"junk": True}, "A", "B")[0])
    assert box.http.post("/_control/emitter", json={"politely": True}).status_code == 400
    assert box.http.post("/_control/emitter", json={}).status_code == 204


@pytest.mark.parametrize("event", ["deal.won", "invoice.paid", "leave.approved", "task.completed", "contract.signed"])
def test_an_event_is_sent_by_hand(client: httpx.Client, box: Box, receiver: Receiver, event: str) -> None:
    tenant = box.tenants[0]["business_id"]
    done = run("emit", event, "--db", str(box.db), "--tenant", tenant)
    assert json.loads(done.stdout) == {"sent": 1, "answers": {"200": 1}}
    (found,) = told(receiver, 1)
    assert (found["event"], found["tenantId"]) == (event, tenant)


def test_an_event_by_hand_is_about_the_record_that_is_named_and_may_lie(
    client: httpx.Client, box: Box, receiver: Receiver
) -> None:
    contact = client.get("/api/crm/contacts", params={"limit": "5"}).json()["data"][4]
    command = ("emit", "contact.created", "--db", str(box.db), "--tenant", box.tenants[0]["business_id"])
    run(*command, "--record", contact["id"], "--repeat", "3", "--claim", "clxother")
    for found in told(receiver, 3):
        assert (found["data"]["id"], found["tenantId"]) == (contact["id"], "clxother")
    assert run(*command, "--record", "0" * 24).returncode == 1


def test_of_a_tenant_without_subscribers_nothing_is_sent(box: Box) -> None:
    done = run("emit", "deal.won", "--db", str(box.db), "--tenant", box.tenants[1]["business_id"])
    assert (done.returncode, done.stderr) == (1, "sandbox: nobody of the tenant has subscribed to deal.won\n")
