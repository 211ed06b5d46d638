"""Webhooks from one end to the other, with the defaults that `make run` has and the allow-list for a receiver on this machine."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.process.serving import ROOT, Served
from tests.receiver import Received, Receiver, receiving
from tests.waiting import within

EGRESS = "{http: true, allow: [{network: 127.0.0.0/8, ports: [1-65535], http: true}]}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("webhooks")
    own = {"GATEWAY_WEBHOOKS__COURIERS": "1", "GATEWAY_WEBHOOKS__INGEST__PORT": "0"}
    gateway = Served(home, GATEWAY_WEBHOOKS__EGRESS=EGRESS, **own)
    try:
        yield gateway.wait_started()
    finally:
        gateway.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def call(served: Served, method: str, path: str, body: object = None, status: int = 200) -> Any:
    answer = served.ask(method, path, body)
    assert answer.status == status, answer.body
    return answer.json["data"] if answer.body else None


def won(served: Served, count: int) -> list[str]:
    """Ids of so many deals that were made and moved to a stage that is won."""
    pipeline = call(served, "POST", "/v1/pipelines/search", {"limit": 1})[0]
    stage = next(each["id"] for each in pipeline["stages"] if each["kind"] == "won")
    found = []
    for at in range(count):
        body = {"name": f"Deal {at}", "amount": "12.50", "currency": "EUR", "pipeline_id": pipeline["id"]}
        made = call(served, "POST", "/v1/deals", body, 201)["id"]
        call(served, "POST", f"/v1/deals/{made}/stage", {"stage_id": stage})
        found.append(made)
    return found


def test_the_readme_starts_it_as_it_is_started_here() -> None:
    assert f"GATEWAY_WEBHOOKS__EGRESS='{EGRESS}' make run" in (ROOT / "README.md").read_text()


def is_won(each: Received) -> bool:
    return bool(each.document["type"] == "deal.won")


def test_a_subscriber_is_told_and_misses_nothing_while_it_is_down(served: Served, receiver: Receiver) -> None:
    body = {"url": receiver.url, "events": ["deal.won"]}
    made = call(served, "POST", "/v1/webhook_subscriptions", body, 201)
    assert re.fullmatch("whk_[0-9A-Za-z]{24}", made["id"])
    assert made["status"] == "enabled"
    verifier = Webhook(made["secret"])
    assert receiver.wait(1)[0].document["type"] == "webhook.test"

    # A deal is won: one POST that the official library verifies, with the deal as it is.
    (deal,) = won(served, 1)
    (told,) = receiver.wait(1, is_won)
    document = verifier.verify(told.body, told.headers)
    assert document["data"] == call(served, "GET", f"/v1/deals/{deal}")
    assert document["data"]["status"] == "won"
    assert (document["partial"], document["version"], document["id"]) == (
        False,
        "2026-09-01",
        told.headers["webhook-id"],
    )
    assert told.headers["version"] == "2026-09-01"

    # The receiver is down for ten more, and gets them all when it is back.
    receiver.stop()
    missed = won(served, 10)
    receiver.start()
    found = receiver.wait(11, is_won, patience=120)
    assert sorted(each.document["data"]["id"] for each in found[1:]) == sorted(missed)
    for each in found:
        verifier.verify(each.body, each.headers)

    # Once more, by the operator: the same events under the same ids.
    before = [each.headers["webhook-id"] for each in receiver.got if is_won(each)]
    done = served.run("webhooks", "replay", made["id"], "--since", "1h", "--all", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["events"] == 11
    again = receiver.wait(22, is_won, patience=60)[11:]
    assert sorted(each.headers["webhook-id"] for each in again) == sorted(before)

    # What a receiver has is settled a moment later.
    log = f"/v1/webhook_subscriptions/{made['id']}/deliveries?limit=100"
    within(10, lambda: [each["status"] for each in call(served, "GET", log)] == ["delivered"] * 23)
    call(served, "DELETE", f"/v1/webhook_subscriptions/{made['id']}", status=204)


def test_a_trial_is_sent_at_once_and_what_was_answered_is_shown(served: Served, receiver: Receiver) -> None:
    made = call(served, "POST", "/v1/webhook_subscriptions", {"url": receiver.url, "events": ["contact.created"]}, 201)
    receiver.wait(1)
    receiver.status = 503
    tried = call(served, "POST", f"/v1/webhook_subscriptions/{made['id']}/test", {"type": "contact.created"})
    assert tried["attempts"][0]["status_code"] == 503
    document = receiver.wait(2)[1].document
    assert (document["type"], document["test"]) == ("contact.created", True)
    call(served, "DELETE", f"/v1/webhook_subscriptions/{made['id']}", status=204)


def test_the_command_shows_what_there_is_and_judges_urls(served: Served, receiver: Receiver) -> None:
    made = call(served, "POST", "/v1/webhook_subscriptions", {"url": receiver.url, "events": ["contact.created"]}, 201)
    listed = json.loads(served.run("webhooks", "list", "--json").stdout)["webhooks"]
    assert made["id"] in [each["id"] for each in listed]
    shown = served.run("webhooks", "show", made["id"])
    assert "127.0.0.1" in shown.stdout
    assert "/hook" not in shown.stdout, "what stands behind the host may be a secret"
    receiver.wait(1)
    sent = json.loads(served.run("webhooks", "deliveries", made["id"], "--json").stdout)["deliveries"]
    assert [each["event_type"] for each in sent] == ["webhook.test"]
    registered = json.loads(served.run("webhooks", "registrations", "--json").stdout)["registrations"]
    assert [each["state"] for each in registered] == ["active"]
    refused = served.run("webhooks", "vet", "https://127.0.0.1/", "--json")
    assert (refused.returncode, json.loads(refused.stdout)["allowed"]) == (3, False)
    assert served.run("webhooks", "show", "whk_nobody").returncode == 4
    call(served, "DELETE", f"/v1/webhook_subscriptions/{made['id']}", status=204)


def test_the_command_tries_a_receiver_and_says_what_came_back(served: Served, receiver: Receiver) -> None:
    made = call(served, "POST", "/v1/webhook_subscriptions", {"url": receiver.url, "events": ["deal.lost"]}, 201)
    receiver.wait(1)
    tried = json.loads(served.run("webhooks", "test", made["id"], "--json").stdout)
    assert (tried["status"], tried["status_code"], tried["error"]) == ("delivered", 200, None)
    receiver.status, receiver.headers = 500, {"webhook-delivery": "abort-message"}
    failed = served.run("webhooks", "test", made["id"], "--json")
    assert failed.returncode == 5, failed.stderr
    assert (json.loads(failed.stdout)["status"], json.loads(failed.stdout)["reason"]) == ("dead", "aborted")
    call(served, "DELETE", f"/v1/webhook_subscriptions/{made['id']}", status=204)


def test_the_console_shows_what_was_delivered_and_sends_it_once_more(served: Served, receiver: Receiver) -> None:
    """As a person without a token sees it, from the form to the log."""
    owner = next(
        user
        for tenant in json.loads(served.run("sandbox", "credentials", "--json").stdout)["tenants"][:1]
        for user in tenant["users"]
        if user["role"] == "owner"
    )
    http = httpx.Client(base_url=f"http://127.0.0.1:{served.port}", follow_redirects=True, timeout=30)

    def post(form: httpx.Response, path: str, **fields: Any) -> httpx.Response:
        hidden = dict(re.findall(r'<input type="hidden" name="(csrf|next)" value="([^"]*)"', form.text))
        return http.post(path, data=hidden | fields)

    signed_in = post(http.get("/console"), "/oauth/sign-in", email=owner["email"], password=owner["password"])
    assert signed_in.status_code == 200
    form = http.get("/console/webhooks/new")
    page = post(form, "/console/webhooks/new", url=receiver.url, event="deal.won")
    secret = re.search(r'id="secret" value="(whsec_[^"]+)"', page.text)
    assert secret is not None, page.text
    verifier, path = Webhook(secret[1]), page.url.path
    receiver.wait(1)

    (deal,) = won(served, 1)
    (told,) = receiver.wait(1, is_won)
    assert verifier.verify(told.body, told.headers)["data"]["id"] == deal
    receiver.status = 503
    tried = post(http.get(path), f"{path}/test")
    assert "<strong>503</strong>" in tried.text
    receiver.status = 200

    def log() -> str:
        return http.get(f"{path}?status=delivered").text

    end = time.monotonic() + 30
    while log().count("/deliveries/dlv_") < 2:
        assert time.monotonic() < end, log()
        time.sleep(0.05)
    one = re.search(rf"{path}/deliveries/dlv_\w+(?=\">deal.won)", log())
    assert one is not None
    again = post(http.get(one[0]), f"{one[0]}/redeliver")
    assert again.status_code == 200
    first, second = receiver.wait(2, is_won)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    post(http.get(path), f"{path}/delete")


def test_a_developer_listens_without_an_address_of_their_own(served: Served, receiver: Receiver) -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    call(served, "POST", "/v1/webhook_subscriptions", {"url": receiver.url, "events": ["deal.won"]}, 201)
    with receiving() as own:
        import threading

        options = ("--token", served.token, "--forward-to", own.url, "--secret", secret, "--count", "1")
        listening = threading.Thread(target=lambda: served.run("webhooks", "listen", *options))
        listening.start()
        while listening.is_alive() and not own.got:
            won(served, 1)
            listening.join(2)
        listening.join(30)
        (found,) = [each for each in own.wait(1) if is_won(each)][:1]
        assert Webhook(secret).verify(found.body, found.headers)["data"]["status"] == "won"
