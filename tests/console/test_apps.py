"""Connected apps and apps of one's own: what they may do, how they end, who may touch them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import date

import httpx
import pytest

from adapters import ids
from gateway.stores.sql import Sql, usage
from tests.console.people import Fields, Person, shown
from tests.live import Live
from tests.oauth.acting import App, Asking, Browser, refresh, returned, token, works

URI = "https://ledger.example/callback"


@pytest.fixture
def app(owner: Person) -> App:
    client_id, secret = owner.new_app("Ledger & Sons", "contact.all", "deal.read", uri=URI)
    return App(client_id, secret, "client_secret_basic")


@pytest.fixture
def browser(desk: Live) -> Iterator[Browser]:
    made = Browser(desk)
    yield made
    made.client.close()


def asking(desk: Live, app: App, scope: str = "contact.read") -> Asking:
    return Asking(desk, app, scope=scope, redirect_uri=URI)


def test_an_app_registered_in_the_console_can_be_connected(desk: Live, app: App, browser: Browser) -> None:
    granted = browser.tokens(asking(desk, app))
    assert works(desk, granted["access_token"])


def test_the_page_of_an_app_has_what_other_tools_ask_for(desk: Live, app: App, owner: Person) -> None:
    page = owner.page(f"/console/apps/{app.client_id}")
    for label, value in (
        ("authorization-url", f"{desk.url}/oauth/authorize"),
        ("token-url", f"{desk.url}/oauth/token"),
        ("issuer", desk.url),
    ):
        assert f'id="{label}" value="{value}"' in page and f'data-copy="{label}"' in page
    assert re.search(r'id="scopes" value="[a-z]+\.[a-z]+( [a-z]+\.[a-z]+)+"', page)


def test_a_connected_app_is_told_in_plain_words_and_ends_at_once_with_all_its_tokens(
    desk: Live, app: App, browser: Browser, member: Person
) -> None:
    granted = browser.tokens(asking(desk, app, "contact.read contact.delete deal.read"), "member")
    second = browser.tokens(asking(desk, app), "member")
    assert works(desk, granted["access_token"]) and works(desk, second["access_token"])
    page = member.page("/console/connected")
    assert "Ledger &amp; Sons" in page
    for words in ("See contacts", "Delete contacts (not allowed to your role)", "See deals and pipelines"):
        assert words in page
    answer = member.post(f"/console/connected/{app.client_id}/disconnect")
    assert "disconnected" in answer.text
    assert f"/console/connected/{app.client_id}/" not in answer.text
    for each in (granted, second):
        assert not works(desk, each["access_token"])
        assert refresh(desk, app, each["refresh_token"]).status_code == 400
    assert browser.asked(asking(desk, app), "member").status_code == 200, "the consent is asked for again"


def test_a_remembered_consent_is_shown_and_can_be_withdrawn_after_its_grants_ended(
    desk: Live, app: App, browser: Browser, owner: Person, member: Person
) -> None:
    granted = browser.tokens(asking(desk, app), "member")
    desk.client.post("/oauth/revoke", **app.authenticated({"token": granted["refresh_token"]})).raise_for_status()
    assert not works(desk, granted["access_token"])
    assert "code" in returned(browser.asked(asking(desk, app), "member")), "without a question"
    path = f"/console/connected/{app.client_id}/disconnect"
    page = member.page("/console/connected")
    assert path in page and "no access at the moment" in page
    assert member.user["email"] in owner.page("/console/connected")
    assert Person(desk, "manager").post(path, {"user": member.user["user_id"]}).status_code == 404
    assert "disconnected" in member.post(path).text
    assert path not in member.page("/console/connected")
    assert member.post(path).status_code == 404
    assert browser.asked(asking(desk, app), "member").status_code == 200, "asked again"
    history = re.sub(r"<[^>]+>", "", member.page("/console/history"))
    assert "You took back the consent to Ledger &amp; Sons" in history


def test_of_somebody_who_never_got_a_token_the_administrators_see_the_id(
    desk: Live, app: App, owner: Person, browser: Browser
) -> None:
    viewer = desk.a.users["viewer"]
    browser.code(asking(desk, app), "viewer")
    page = owner.page("/console/connected")
    assert ids.USER.encode(viewer["user_id"]) in page or viewer["email"] in page
    fields: Fields = {"user": viewer["user_id"]}
    assert owner.post(f"/console/connected/{app.client_id}/disconnect", fields).status_code == 200
    assert browser.asked(asking(desk, app), "viewer").status_code == 200


def test_a_code_from_before_a_disconnection_is_worth_nothing_after_it(
    desk: Live, app: App, browser: Browser, member: Person
) -> None:
    asked = asking(desk, app)
    granted = browser.tokens(asked, "member")
    theirs = Browser(desk).code(asked)
    code = browser.code(asked, "member")
    member.post(f"/console/connected/{app.client_id}/disconnect")
    for _ in range(2):
        refused = asked.redeem(code)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert not works(desk, granted["access_token"])
    entries = desk.run("audit", "tail", "-n", "100")["entries"]
    actions = {entry["action"] for entry in entries if entry["detail"].get("client") == app.client_id}
    assert "grant.create" in actions and "code.replay" not in actions
    assert asked.redeem(theirs).status_code == 200, "somebody else's"


def test_an_administrator_disconnects_for_anybody_and_others_for_themselves_only(
    desk: Live, app: App, browser: Browser, owner: Person, member: Person, stranger: Person
) -> None:
    granted = browser.tokens(asking(desk, app), "member")["access_token"]
    path, theirs = f"/console/connected/{app.client_id}/disconnect", {"user": member.user["user_id"]}
    fields: Fields = dict(theirs)
    for person in (Person(desk, "manager"), stranger):
        assert app.client_id not in person.page("/console/connected")
        assert person.post(path, fields).status_code == 404
        assert person.post(path).status_code == 404
    assert works(desk, granted)
    assert member.user["email"] in owner.page("/console/connected")
    assert owner.post(path, fields).status_code == 200
    assert not works(desk, granted)


def code_redeems(desk: Live, browser: Browser, app: App) -> bool:
    """Whether this secret still opens the token endpoint."""
    asked = asking(desk, app)
    return asked.redeem(browser.code(asked)).status_code == 200


def test_two_secrets_live_side_by_side_and_each_can_be_ended(
    desk: Live, app: App, browser: Browser, owner: Person
) -> None:
    path = f"/console/apps/{app.client_id}"
    second = App(app.client_id, shown(owner.post(f"{path}/secrets")), app.method)
    assert code_redeems(desk, browser, app) and code_redeems(desk, browser, second)
    third = App(app.client_id, shown(owner.post(f"{path}/secrets")), app.method)
    assert [code_redeems(desk, browser, each) for each in (app, second, third)] == [False, True, True]
    newest, older = re.findall(r"/secrets/(\w+)/revoke", owner.page(path))
    assert "was ended" in owner.post(f"{path}/secrets/{older}/revoke").text
    assert [code_redeems(desk, browser, each) for each in (second, third)] == [False, True]
    assert owner.post(f"{path}/secrets/{older}/revoke").status_code == 404
    owner.post(f"{path}/secrets/{newest}/revoke")
    assert "No secret works" in owner.page(path)


def test_a_secret_is_shown_once(desk: Live, owner: Person) -> None:
    client_id, secret = owner.new_app("Once", "contact.read", uri=URI)
    assert secret.startswith("gw_cs_")
    assert secret not in owner.page(f"/console/apps/{client_id}")
    assert secret not in desk.served.out.read_text()


def test_a_public_app_has_no_secret_and_cannot_get_one(owner: Person) -> None:
    client_id, secret = owner.new_app("Phone", "contact.read", uri="com.example.phone:/back", kind="none")
    assert secret == ""
    assert "Secrets" not in owner.page(f"/console/apps/{client_id}")
    assert owner.post(f"/console/apps/{client_id}/secrets").status_code == 404


def test_a_changed_redirect_uri_is_in_force_and_a_wrong_one_changes_nothing(
    desk: Live, app: App, browser: Browser, owner: Person
) -> None:
    path, moved = f"/console/apps/{app.client_id}", "https://moved.example/callback"
    wrong: Fields = {"name": "New name", "redirect_uris": "http://moved.example/", "scope": "contact.read"}
    refused = owner.post(path, wrong)
    assert refused.status_code == 422
    assert "A redirect URI must use https" in refused.text
    assert "New name" not in owner.page(path)
    right: Fields = {**wrong, "redirect_uris": f"{URI}\r\n{moved}"}
    assert "Saved" in owner.post(path, right).text
    asked = Asking(desk, app, scope="contact.read", redirect_uri=moved)
    assert asked.redeem(browser.code(asked)).status_code == 200


def test_an_app_that_its_owner_changes_while_somebody_reads_the_question_is_asked_about_anew(
    desk: Live, app: App, browser: Browser, owner: Person
) -> None:
    page = browser.asked(asking(desk, app))
    fields: Fields = {"name": "Another name", "redirect_uris": URI, "scope": ["contact.all", "deal.read"]}
    assert "Saved" in owner.post(f"/console/apps/{app.client_id}", fields).text
    assert browser.decide(page).status_code == 403
    assert "Another name" in browser.asked(asking(desk, app)).text


def test_an_app_is_kept_by_whoever_registered_it_and_the_administrators(
    desk: Live, owner: Person, member: Person, stranger: Person
) -> None:
    client_id, _ = member.new_app("Member's own", "contact.read", uri=URI)
    path = f"/console/apps/{client_id}"
    secret = re.findall(r"/secrets/(\w+)/revoke", member.page(path))[0]
    for person in (Person(desk, "manager"), stranger):
        assert client_id not in person.page("/console/apps")
        assert person.http.get(path).status_code == 404
        for rest in ("", "/secrets", f"/secrets/{secret}/revoke", "/disable"):
            fields: Fields = {"name": "Taken", "redirect_uris": URI, "scope": "contact.read"}
            assert person.post(f"{path}{rest}", fields).status_code == 404
    assert client_id in owner.page("/console/apps")
    page = owner.page(path)
    assert "Member&#39;s own" in page and secret in page


def test_a_secret_of_one_app_is_not_ended_through_another(owner: Person) -> None:
    first, _ = owner.new_app("First", "contact.read", uri=URI)
    second, _ = owner.new_app("Second", "contact.read", uri=URI)
    secret = re.findall(r"/secrets/(\w+)/revoke", owner.page(f"/console/apps/{first}"))[0]
    assert owner.post(f"/console/apps/{second}/secrets/{secret}/revoke").status_code == 404
    assert secret in owner.page(f"/console/apps/{first}")


def test_an_app_that_is_switched_off_takes_every_connection_with_it(
    desk: Live, app: App, browser: Browser, owner: Person
) -> None:
    granted = browser.tokens(asking(desk, app), "member")
    answer = owner.post(f"/console/apps/{app.client_id}/disable")
    assert "Switched off" in answer.text
    assert not works(desk, granted["access_token"])
    gone = token(desk, app, grant_type="refresh_token", refresh_token=granted["refresh_token"])
    assert gone.status_code == 401
    assert owner.post(f"/console/apps/{app.client_id}/secrets").status_code == 404


def test_usage_of_an_app_is_told_by_the_contract_that_answered(
    desk: Live, app: App, browser: Browser, owner: Person
) -> None:
    granted = browser.tokens(asking(desk, app))["access_token"]
    for version in ("2026-06-01", "2026-09-01", "2026-09-01"):
        assert desk.call("POST", "/v1/contacts/search", {}, token=granted, version=version).status_code == 200
    assert desk.call("POST", "/v1/companies/search", {}, token=granted).status_code == 403
    page = shown_in_full(desk, owner, f"/console/apps/{app.client_id}", 4)
    rows = re.findall(r'<th scope="row">([^<]+)</th><td class="count">(\d+)</td><td class="count">(\d+)</td>', page)
    assert rows == [("2026-09-01", "3", "1"), ("2026-06-01", "1", "0")]
    used = re.findall(r'<td>([^<]+)</td><th scope="row"><code>([^<]+)</code>.*?<td class="count">(\d+)</td>', page)
    assert used == [("2026-06-01", "contacts.phone", "1")]
    assert "A contact can have more than one phone number" in page
    told = [each["changes"] for each in desk.run("usage", "--contract", "2026-06-01")["usage"] if each["kind"] == "app"]
    assert [("contacts.phone", 1)] in [[(each["change"], each["requests"]) for each in changes] for changes in told]


def shown_in_full(desk: Live, person: Person, path: str, requests: int) -> str:
    """The page, once both workers have written down what they counted; to look at the usage makes a worker do it."""
    with closing(Sql(f"sqlite:///{desk.served.data_dir / 'gateway.db'}")) as sql:
        for _ in range(100):
            with httpx.Client(base_url=desk.url, cookies=person.http.cookies, timeout=30) as other:
                assert other.get("/console/usage").status_code == 200
            with sql.session(read_only=True) as session:
                counted = usage.by_contract(session, path.rpartition("/")[2], date(2026, 1, 1))
            if sum(total.requests for total in counted) == requests:
                break
    return person.page(path)
