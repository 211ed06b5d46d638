"""What apps send when they register themselves as their libraries happen to: taken in the sense in which it is meant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.live import Live
from tests.oauth.acting import LOOPBACK, App, Asking, Browser, returned
from tests.oauth.test_registration import post

EMPTY: dict[str, dict[str, Any]] = {
    "scope": {"scope": ""},
    "no scope": {"scope": None},
    "response types": {"response_types": []},
    "no response types": {"response_types": None},
    "grant types": {"grant_types": []},
    "no grant types": {"grant_types": None},
    "home page": {"client_uri": ""},
    "logo": {"logo_uri": ""},
    "method": {"token_endpoint_auth_method": ""},
    "name": {"client_name": ""},
    "contacts": {"contacts": [], "tos_uri": ""},
}


@pytest.mark.parametrize("metadata", EMPTY.values(), ids=EMPTY)
def test_what_is_empty_counts_as_left_out(pair: Live, metadata: dict[str, Any]) -> None:
    plain = post(pair).json()
    made = post(pair, **metadata)
    assert made.status_code == 201, made.text
    told = {name: value for name, value in made.json().items() if name in {"scope", "grant_types", "response_types"}}
    assert told == {name: plain[name] for name in told}


def test_what_is_offered_beside_what_works_here_is_left_out_and_the_answer_says_so(pair: Live) -> None:
    device, custom = "urn:ietf:params:oauth:grant-type:device_code", "cursor://anysphere.cursor-retrieval/oauth"
    made = post(
        pair,
        grant_types=["authorization_code", "refresh_token", device],
        response_types=["code", "token"],
        redirect_uris=[custom, LOOPBACK],
        client_uri="http://www.example",
        scope="openid offline_access contact.read",
    ).json()
    assert made["grant_types"] == ["authorization_code", "refresh_token"]
    assert (made["response_types"], made["redirect_uris"]) == (["code"], [LOOPBACK])
    assert (made["scope"], "client_uri" in made) == ("contact.read", False)


@pytest.mark.parametrize("name", ["API", "api", "\uff21PI", "\u3164", "\u2800", "\u115f", "\u200b", "...", " A P I "])
def test_a_name_that_nobody_can_see_or_that_is_a_brands_is_refused(pair: Live, name: str) -> None:
    refused = post(pair, client_name=name)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_client_metadata"), refused.text
    assert refused.json()["error_description"].startswith("client_name")


@pytest.mark.parametrize("name", ["\u0391\u03c1\u03c7\u03ae", "\u5e33\u7c3f", "7", "API Explorer"])
def test_a_name_in_any_script_is_taken(pair: Live, name: str) -> None:
    assert post(pair, client_name=name).json()["client_name"] == name


def test_an_app_that_named_no_scope_may_ask_for_all_that_is_offered_and_for_more_when_told_so(
    pair: Live, browser: Browser
) -> None:
    app = App(post(pair, token_endpoint_auth_method="none").json()["client_id"], None, "none")
    offered = pair.client.get("/.well-known/oauth-protected-resource").json()["scopes_supported"]
    assert not [scope for scope in offered if scope.endswith(".all")]
    page = browser.asked(Asking(pair, app), scope=" ".join(offered))
    assert page.status_code == 200 and "unverified" in page.text and "registered itself" in page.text
    quiet = Asking(pair, app)
    answer = quiet.redeem(returned(browser.decide(browser.asked(quiet, scope=None)))["code"]).json()
    assert answer["scope"].split() == [scope for scope in offered if scope.endswith(".read")]
    refused = pair.call("POST", "/v1/contacts", {"first_name": "Ada"}, token=answer["access_token"])
    assert refused.status_code == 403 and 'scope="contact.write"' in refused.headers["www-authenticate"]
    more = Asking(pair, app, scope="contact.write")
    assert "code" in returned(browser.decide(browser.asked(more)))
