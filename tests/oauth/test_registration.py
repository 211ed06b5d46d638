"""Apps that register themselves (RFC 7591), and what they can do with their registration (RFC 7592)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import BACK, LOOPBACK, App, Asking, Browser, works


def post(live: Live, **metadata: Any) -> httpx.Response:
    return live.client.post("/oauth/register", json={"redirect_uris": [LOOPBACK], **metadata})


def test_a_registered_app_goes_through_the_whole_flow(pair: Live, browser: Browser) -> None:
    made = post(pair, client_name="Self-made", scope="contact.read", token_endpoint_auth_method="none")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    document = made.json()
    assert "client_secret" not in document
    app = App(document["client_id"], None, "none")
    assert works(pair, browser.tokens(Asking(pair, app, scope="contact.read"))["access_token"])


def test_the_answer_says_what_was_registered_defaults_included(pair: Live) -> None:
    document = post(pair, client_name="Plain").json()
    assert document["token_endpoint_auth_method"] == "client_secret_basic"
    assert document["grant_types"] == ["authorization_code", "refresh_token"]
    assert document["response_types"] == ["code"]
    assert document["client_secret_expires_at"] == 0
    assert document["client_secret"].startswith("gw_cs_")
    offered = pair.client.get("/.well-known/oauth-protected-resource").json()["scopes_supported"]
    assert document["scope"].split(" ") == offered, "it may ask for whatever it reads of; people and roles decide"
    assert document["registration_client_uri"] == f"{pair.url}/oauth/register/{document['client_id']}"


def test_an_app_that_wants_no_refresh_tokens_gets_none(pair: Live, browser: Browser) -> None:
    document = post(pair, scope="contact.read", grant_types=["authorization_code"]).json()
    app = App(document["client_id"], document["client_secret"], "client_secret_basic")
    tokens = browser.tokens(Asking(pair, app, scope="contact.read"))
    assert "refresh_token" not in tokens


@pytest.mark.parametrize(
    "uri",
    [
        "com.example.app:/cb",
        "https://a.example/cb?x=1",
        "https://A-1.example:65535/cb",
        "https://192.0.2.1/cb",
        "https://[2001:db8::1]:8443/cb",
        "http://[::1]/cb",
        "http://localhost:3000/",
    ],
)
def test_addresses_of_web_and_native_apps_are_taken(pair: Live, uri: str) -> None:
    assert post(pair, redirect_uris=[uri]).status_code == 201


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://a.example/cb",
        "http://127.0.0.1.a.example/cb",
        "https://a.example/cb#x",
        "https://u:p@a.example/cb",
        "https:///cb",
        "myapp:/cb",
        "/cb",
        "",
        "https://a.example/\r\nx: y",
        "https://a.example/ x",
        "https://ä.example/",
        "https://a.example/" + "x" * 2000,
        "https://a.example:99999/",
        "https://a.example:0/",
        "https://a.example:/",
        "http://127.0.0.1:0/cb",
        "https://a;sandbox/cb",
        "https://a,b/cb",
        "https://*/cb",
        "https://*.example/cb",
        "https://'self'/cb",
        "https://google.com%2eevil.example/cb",
        "https://a_b.example/cb",
        "https://a..example/cb",
        "https://a.example./cb",
        "https://[::1%25eth0]/cb",
        "https://[v1.x;sandbox]/cb",
        "https://[::1]x/cb",
        "https://" + "a." * 130 + "example/cb",
    ],
)
def test_addresses_that_could_hurt_somebody_are_refused(pair: Live, uri: str) -> None:
    answer = post(pair, redirect_uris=[uri])
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")


BAD: dict[str, dict[str, Any]] = {
    "scope is a list": {"scope": ["contact.read"]},
    "scope is a number": {"scope": 1},
    "unknown scope": {"scope": "everything"},
    "scope with two spaces": {"scope": "contact.read  deal.read"},
    "name is an object": {"client_name": {}},
    "name with a line end": {"client_name": "a\nb"},
    "unknown method": {"token_endpoint_auth_method": "private_key_jwt"},
    "implicit": {"grant_types": ["implicit"]},
    "token": {"response_types": ["token"]},
    "script as logo": {"logo_uri": "javascript:alert(1)"},
    "logo anywhere": {"logo_uri": "https://*/x"},
    "logo with a directive": {"logo_uri": "https://a;sandbox/x"},
    "home page anywhere": {"client_uri": "https://*/x"},
    "logo on plain http": {"logo_uri": "http://a.example/x.png"},
    "grant types are a string": {"grant_types": "authorization_code"},
}


@pytest.mark.parametrize("metadata", BAD.values(), ids=BAD)
def test_wrong_metadata_is_named(pair: Live, metadata: dict[str, Any]) -> None:
    answer = post(pair, **metadata)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert answer.json()["error_description"]


@pytest.mark.parametrize("addresses", [None, "x", [], [1], {}, [LOOPBACK] * 1 + [f"{BACK}/{at}" for at in range(21)]])
def test_addresses_must_be_a_list_of_some(pair: Live, addresses: Any) -> None:
    answer = pair.client.post("/oauth/register", json={"redirect_uris": addresses})
    assert (answer.status_code, answer.json()["error"].startswith("invalid_")) == (400, True)


@pytest.mark.parametrize("content", [b"", b"[]", b"1", b"{", b'{"a": NaN}', b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_json_object_is_refused(pair: Live, content: bytes) -> None:
    answer = pair.client.post("/oauth/register", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


def test_an_app_reads_changes_and_removes_its_registration_with_its_token(pair: Live, browser: Browser) -> None:
    made = post(pair, client_name="Before", scope="contact.read", token_endpoint_auth_method="none").json()
    path, token = f"/oauth/register/{made['client_id']}", made["registration_access_token"]
    mine = {"Authorization": f"Bearer {token}"}
    assert pair.client.get(path, headers=mine).json()["client_name"] == "Before"

    new = {"client_id": made["client_id"], "client_name": "After", "scope": "contact.read", "redirect_uris": [LOOPBACK]}
    changed = pair.client.put(path, headers=mine, json={**new, "token_endpoint_auth_method": "none"})
    assert (changed.status_code, changed.json()["client_name"]) == (200, "After")
    assert pair.client.put(path, headers=mine, json={**new, "client_id": "app_other"}).status_code == 400
    assert pair.client.put(path, headers=mine, json={**new, "redirect_uris": ["javascript:x"]}).status_code == 400

    app = App(made["client_id"], None, "none")
    tokens = browser.tokens(Asking(pair, app, scope="contact.read"))
    assert works(pair, tokens["access_token"])
    assert pair.client.delete(path, headers=mine).status_code == 204
    assert not works(pair, tokens["access_token"])
    assert pair.client.get(path, headers=mine).status_code == 401


def test_what_an_app_changes_about_itself_is_in_the_audit_with_what_was_before(pair: Live) -> None:
    made = post(pair, client_name="Before", scope="contact.read", token_endpoint_auth_method="none").json()
    mine = {"Authorization": f"Bearer {made['registration_access_token']}"}
    new = {"client_id": made["client_id"], "client_name": "After", "redirect_uris": [BACK], "scope": "deal.all"}
    assert pair.client.put(f"/oauth/register/{made['client_id']}", headers=mine, json=new).status_code == 200
    entries = pair.run("audit", "tail", "-n", "100")["entries"]
    events = [event for event in entries if event["subject"] == f"client:{made['client_id']}"]
    updated = next(event for event in events if event["action"] == "client.update")
    assert updated["actor"] == f"client:{made['client_id']}"
    assert updated["detail"] == {
        "name": "After",
        "redirect_uris": [BACK],
        "scopes": ["deal.all"],
        "auth_method": "client_secret_basic",
        "before": {"name": "Before", "redirect_uris": [LOOPBACK], "scopes": ["contact.read"], "auth_method": "none"},
    }


def test_an_app_that_is_disabled_while_its_change_arrives_stays_disabled(pair: Live) -> None:
    made = post(pair, client_name="Before").json()
    mine = {"Authorization": f"Bearer {made['registration_access_token']}", "Content-Type": "application/json"}
    body = json.dumps({"client_id": made["client_id"], "client_name": "After", "redirect_uris": [LOOPBACK]}).encode()

    def slowly() -> Iterator[bytes]:
        yield body[:1]
        time.sleep(0.3)  # for the gateway to have looked at the head
        pair.run("clients", "disable", made["client_id"])
        yield body[1:]

    changed = pair.client.put(f"/oauth/register/{made['client_id']}", headers=mine, content=slowly())
    assert (changed.status_code, changed.json()["error"]) == (401, "invalid_token")
    shown = pair.run("clients", "show", made["client_id"])
    assert (shown["name"], shown["disabled_at"] is None) == ("Before", False)


def test_a_public_app_that_becomes_confidential_gets_a_secret(pair: Live) -> None:
    made = post(pair, token_endpoint_auth_method="none").json()
    path, mine = (
        f"/oauth/register/{made['client_id']}",
        {"Authorization": f"Bearer {made['registration_access_token']}"},
    )
    new = {
        "client_id": made["client_id"],
        "redirect_uris": [LOOPBACK],
        "token_endpoint_auth_method": "client_secret_post",
    }
    changed = pair.client.put(path, headers=mine, json=new).json()
    assert changed["client_secret"].startswith("gw_cs_")
    assert "client_secret" not in pair.client.put(path, headers=mine, json=new).json()


def test_without_its_token_nobody_learns_whether_an_app_exists(pair: Live, basic: App) -> None:
    other = post(pair).json()["registration_access_token"]
    answers = [
        pair.client.get(f"/oauth/register/{client_id}", headers=headers)
        for client_id in (basic.client_id, "app_" + "0" * 24, "%00", "x")
        for headers in (
            {},
            {b"Authorization": f"Bearer {other}".encode()},
            {b"Authorization": "Bearer é".encode("latin-1")},
        )
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].headers["www-authenticate"].startswith("Bearer")


@pytest.fixture(scope="module")
def gated(spare: Live) -> Live:
    secret = spare.served.home / "initial"
    secret.write_text("let-me-in\n")
    spare.set_up(
        oauth={"registration": "gated", "initial_access_token": {"file": str(secret)}},
        limits={"registration": {"quota": 5, "window": "1m"}, "address": {"quota": 5, "window": "1m"}},
    )
    return spare


def test_a_gate_opens_to_its_token_only_and_not_to_any_number_of_attempts(gated: Live) -> None:
    def attempt(token: str | None) -> int:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        metadata = {"redirect_uris": [LOOPBACK]}
        return gated.client.post("/oauth/register", json=metadata, headers=headers).status_code

    assert [attempt(token) for token in (None, "x", "let-me", "let-me-in")] == [401, 401, 401, 201]
    assert [attempt("let-me-in") for _ in range(2)] == [201, 429]


def test_guessing_at_the_token_endpoint_is_limited_by_address(gated: Live) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": "app_" + "0" * 24}
    answers = [gated.client.post("/oauth/token", data=form) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) >= 1
