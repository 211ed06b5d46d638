"""The webhook of an app: declared once in the console, a subscription wherever the app is connected."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.console.people import Person, shown
from tests.live import Live
from tests.oauth.acting import App, Asking, Browser

URI = "https://ledger.example/callback"


@pytest.fixture
def browser(desk: Live) -> Iterator[Browser]:
    made = Browser(desk)
    yield made
    made.client.close()


def test_an_app_is_subscribed_wherever_it_is_connected(desk: Live, browser: Browser, owner: Person) -> None:
    client_id, secret = owner.new_app("Ledger hooks", "webhook.all", "deal.read", uri=URI)
    path = f"/console/apps/{client_id}/webhook"
    wrong = owner.post(path, {"url": "https://127.0.0.1/", "event": "deal.won"})
    assert wrong.status_code == 422 and "may not be called" in wrong.text
    beyond = owner.post(path, {"url": "https://hooks.example.com/", "event": "contact.created"})
    assert "The app may not ask for contact.read." in beyond.text
    page = owner.post(path, {"url": "https://hooks.example.com/app", "event": "deal.won", "payload": "thin"})
    assert shown(page).startswith("whsec_") and shown(page) not in owner.page(path)
    assert 'value="https://hooks.example.com/app"' in owner.page(path)

    registered = App(client_id, secret, "client_secret_basic")
    granted = browser.tokens(Asking(desk, registered, scope="webhook.all deal.read", redirect_uri=URI))
    token_ = granted["access_token"]
    found = desk.call("POST", "/v1/webhook_subscriptions/search", {}, token=token_).json()["data"]
    ((webhook, url),) = [(each["id"], each["url"]) for each in found]
    assert url == "https://hooks.example.com/app"
    one = f"/v1/webhook_subscriptions/{webhook}"
    refused = desk.call("PATCH", one, {"url": "https://elsewhere.example.com/"}, token=token_)
    assert [(each["pointer"], each["code"]) for each in refused.json()["errors"]] == [("/url", "immutable")]
    assert desk.call("POST", f"{one}/rotate_secret", token=token_).status_code == 409
    assert desk.call("PATCH", one, {"max_in_flight": 2}, token=token_).status_code == 200
    assert "of an app" in owner.page("/console/webhooks")

    assert shown(owner.post(f"{path}/secret")) != shown(page)
    assert "Saved, for every workspace." in owner.post(path, {"url": url, "event": "deal.lost"}).text
    assert desk.call("GET", one, token=token_).json()["data"]["events"] == ["deal.lost"]
    assert "has ended in every workspace" in owner.post(f"{path}/delete").text
    assert desk.call("GET", one, token=token_).status_code == 404


def test_the_webhook_of_an_app_is_for_whoever_may_change_the_app(
    member: Person, stranger: Person, owner: Person
) -> None:
    client_id, _ = owner.new_app("Somebody's", "webhook.all", uri=URI)
    for person in (member, stranger):
        for path in ("", "/secret", "/delete"):
            url = f"/console/apps/{client_id}/webhook{path}"
            assert person.post(url, {"url": "https://hooks.example.com/", "event": "deal.won"}).status_code == 404
        assert person.http.get(f"/console/apps/{client_id}/webhook").status_code == 404
