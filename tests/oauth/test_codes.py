"""Codes: bound to everything they were made for, good once, and the end of everything when they come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.live import Live
from tests.oauth.acting import BACK, App, Asking, Browser, refresh, works


def test_fifty_redemptions_at_once_over_two_workers_give_tokens_exactly_once(
    pair: Live, someone: Browser, basic: App
) -> None:
    asking = Asking(pair, basic)
    code = someone.code(asking)
    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: asking.redeem(code), range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 49
    assert {answer.json()["error"] for answer in answers if answer.status_code == 400} == {"invalid_grant"}


def test_a_replayed_code_ends_everything_it_led_to_on_every_worker(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    code = someone.code(asking)
    tokens = asking.redeem(code).json()
    renewed = refresh(pair, asking.app, tokens["refresh_token"]).json()
    other = someone.tokens(asking)
    unused = someone.code(asking)
    assert works(pair, tokens["access_token"]) and works(pair, renewed["access_token"])

    assert asking.redeem(code).json()["error"] == "invalid_grant"

    assert not works(pair, tokens["access_token"]) and not works(pair, renewed["access_token"])
    assert refresh(pair, asking.app, renewed["refresh_token"]).json()["error"] == "invalid_grant"
    assert works(pair, other["access_token"]), "another family of the same user and app lives on"
    assert someone.asked(asking).status_code == 200, "the consent is asked for again"
    assert asking.redeem(unused).json()["error"] == "invalid_grant", "made on the strength of that consent"


@pytest.mark.parametrize(
    "verifier",
    ["x" * 43, "", "short", "x" * 129, "\u00e9" * 43, "x" * 42 + "\n", "x" * 42 + "!"],
    ids=["wrong", "none", "short", "long", "foreign", "line end", "alphabet"],
)
def test_a_wrong_verifier_uses_the_code_up(someone: Browser, asking: Asking, verifier: str) -> None:
    code = someone.code(asking)
    refused = asking.redeem(code, code_verifier=verifier)
    assert refused.status_code == 400
    if refused.json()["error"] == "invalid_grant":
        assert asking.redeem(code).json()["error"] == "invalid_grant"
    else:
        assert (refused.json()["error"], "\n" in verifier) == ("invalid_request", True)


def test_a_code_is_bound_to_its_address(someone: Browser, asking: Asking) -> None:
    for wrong in ("http://127.0.0.1:7778/callback", "http://127.0.0.1/callback", "x"):
        code = someone.code(asking)
        assert asking.redeem(code, redirect_uri=wrong).json()["error"] == "invalid_grant"
        assert asking.redeem(code).json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_app_and_another_app_cannot_spoil_it(
    pair: Live, someone: Browser, asking: Asking, basic: App, post: App
) -> None:
    code = someone.code(asking)
    for other in (basic, post):
        stolen = Asking(pair, other, redirect_uri=BACK, verifier=asking.verifier)
        assert stolen.redeem(code).json()["error"] == "invalid_grant"
    assert asking.redeem(code).status_code == 200


def test_a_code_carries_user_tenant_and_scope_into_the_token(pair: Live, browser: Browser, asking: Asking) -> None:
    asking.scope = "contact.read"
    tokens = browser.tokens(asking, "member")
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 3600, "contact.read")
    me = pair.call("GET", "/v1/me", token=tokens["access_token"]).json()["data"]
    assert (me["token"]["kind"], me["token"]["scopes"]) == ("app", ["contact.read"])
    assert (me["tenant"]["name"], me["user"]["role"]) == (pair.a.name, "member")


@pytest.mark.parametrize("kind", ["code", "refresh_token"])
def test_neither_code_nor_refresh_token_opens_the_api(pair: Live, someone: Browser, asking: Asking, kind: str) -> None:
    code = someone.code(asking)
    tokens = {**asking.redeem(code).json(), "code": code}
    answer = pair.call("GET", "/v1/me", token=tokens[kind])
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


@pytest.mark.parametrize("kind", ["access_token", "code"])
def test_what_is_no_refresh_token_refreshes_nothing(pair: Live, someone: Browser, asking: Asking, kind: str) -> None:
    code = someone.code(asking)
    tokens = {**asking.redeem(code).json(), "code": code}
    assert refresh(pair, asking.app, tokens[kind]).json()["error"] == "invalid_grant"
    assert works(pair, tokens["access_token"])


def test_an_apps_token_does_what_scope_and_role_allow_and_no_more(pair: Live, browser: Browser, asking: Asking) -> None:
    access = browser.tokens(asking, "viewer")["access_token"]
    assert pair.call("POST", "/v1/contacts/search", {}, token=access).status_code == 200
    beyond = pair.call("POST", "/v1/contacts", {"first_name": "A"}, token=access)
    assert (beyond.status_code, beyond.json()["denied_by"]) == (403, "scope")
    assert 'error="insufficient_scope"' in beyond.headers["www-authenticate"]
