"""The authorization request: who is told what, and where nobody is ever redirected."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from tests.live import Live
from tests.oauth.acting import BACK, App, Asking, Browser, register, returned, token

CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1/callbacks",
        "http://127.0.0.1/callback?x=1",
        "http://127.0.0.1:7777/callback/",
        "http://127.0.0.1:99999/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:7777/callback?x=1",
        "http://127.0.0.1:7777/Callback",
        "http://localhost:7777/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.1:7777@evil.example/callback",
        "http://user@127.0.0.1:7777/callback",
        "https://127.0.0.1:7777/callback",
        "http://127.0.0.1:7777/callback#x",
        "http://127.0.0.1:7777\\@evil.example/callback",
        'http://127.0.0.1:7777/callback"',
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_registered_gets_a_page_and_no_redirect(
    someone: Browser, asking: Asking, uri: str
) -> None:
    answer = someone.asked(asking, redirect_uri=uri)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)
    assert "not registered" in answer.text


@pytest.mark.parametrize("client_id", ["app_nobody", "", "app_" + "0" * 24, "x\0y", "é", "app_x'; DROP TABLE clients"])
def test_an_unknown_app_gets_a_page_and_no_redirect(someone: Browser, asking: Asking, client_id: str) -> None:
    answer = someone.asked(asking, client_id=client_id)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_an_app_that_is_named_twice_gets_a_page_and_no_redirect(someone: Browser, asking: Asking, name: str) -> None:
    query = urlencode([*asking.query().items(), (name, asking.query()[name])])
    answer = someone.client.get(f"/oauth/authorize?{query}")
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


def test_only_a_loopback_address_may_vary_its_port(pair: Live, someone: Browser, asking: Asking) -> None:
    assert someone.asked(asking, redirect_uri="http://127.0.0.1:1/callback").status_code in {200, 303}
    fixed = register(pair, "--public", uri="https://app.example/cb")
    wanted = Asking(pair, fixed, redirect_uri="https://app.example:8443/cb")
    assert someone.asked(wanted).status_code == 400


def test_an_app_with_a_private_scheme_gets_its_answer(pair: Live, someone: Browser) -> None:
    native = register(pair, "--public", uri="com.example.app:/cb")
    answer = someone.decide(someone.asked(Asking(pair, native, redirect_uri="com.example.app:/cb")))
    assert answer.headers["location"].startswith("com.example.app:/cb?code=")


def test_an_address_with_a_query_keeps_it_byte_for_byte(pair: Live, someone: Browser) -> None:
    uri = "https://app.example/cb?a=%7Eb&c=d+e"
    app = register(pair, "--public", uri=uri)
    answer = someone.decide(someone.asked(Asking(pair, app, redirect_uri=uri)))
    assert answer.headers["location"].startswith(f"{uri}&code=")


REFUSED: dict[str, tuple[dict[str, str | None], str]] = {
    "token": ({"response_type": "token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code token"}, "unsupported_response_type"),
    "quoted": ({"response_type": 'co"de'}, "unsupported_response_type"),
    "no type": ({"response_type": None}, "invalid_request"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method means plain": ({"code_challenge_method": None}, "invalid_request"),
    "short challenge": ({"code_challenge": CHALLENGE[:-1]}, "invalid_request"),
    "long challenge": ({"code_challenge": CHALLENGE + "A"}, "invalid_request"),
    "challenge with a line end": ({"code_challenge": CHALLENGE + "\n"}, "invalid_request"),
    "challenge of a foreign alphabet": ({"code_challenge": CHALLENGE[:-1] + "~"}, "invalid_request"),
    "unknown scope": ({"scope": "contact.read payroll.own"}, "invalid_scope"),
    "scope beyond the app's": ({"scope": "contact.read contact.write"}, "invalid_scope"),
    "scopes parted by a tab": ({"scope": "contact.read\tdeal.read"}, "invalid_scope"),
    "scopes parted by a wide space": ({"scope": "contact.read\u00a0deal.read"}, "invalid_scope"),
    "scopes parted twice": ({"scope": "contact.read  deal.read"}, "invalid_scope"),
    "scope with a quote": ({"scope": 'contact.read"'}, "invalid_scope"),
    "fragment mode": ({"response_mode": "fragment"}, "invalid_request"),
    "request object": ({"request": "eyJ"}, "invalid_request"),
    "foreign resource": ({"resource": "https://elsewhere.example"}, "invalid_target"),
}


@pytest.mark.parametrize(("changed", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_told_to_the_app_with_issuer_and_state(
    pair: Live, someone: Browser, asking: Asking, changed: dict[str, str | None], error: str
) -> None:
    answer = someone.asked(asking, "owner", **changed)
    assert answer.headers["location"].startswith(f"{BACK}?")
    told = returned(answer)
    assert (told["error"], told["iss"], told["state"]) == (error, pair.url, asking.state)
    assert "code" not in told


@pytest.mark.parametrize("changed", [change for change, _ in REFUSED.values()], ids=REFUSED)
def test_nobody_is_sent_to_an_app_before_they_have_signed_in(
    browser: Browser, asking: Asking, changed: dict[str, str | None]
) -> None:
    answer = browser.client.get("/oauth/authorize", params=asking.query(**changed))
    if "code_challenge" in changed and changed["code_challenge"] is None:
        assert (answer.status_code, answer.headers.get("location")) == (400, None)
        assert "PKCE is required: send code_challenge and code_challenge_method=S256" in answer.text
        return
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/oauth/sign-in")


def test_the_only_registered_address_need_not_be_named(pair: Live, someone: Browser) -> None:
    uri = "https://only.example/cb"
    asking = Asking(pair, register(pair, "--public", uri=uri), redirect_uri=uri)
    answer = someone.decide(someone.asked(asking, redirect_uri=None))
    assert answer.headers["location"].startswith(f"{uri}?code=")
    code = returned(answer)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": asking.verifier}
    assert token(pair, asking.app, **form).status_code == 200, "nor in the token request (OAuth 2.1 § 10.2)"


def test_one_of_several_registered_addresses_has_to_be_named(pair: Live, someone: Browser) -> None:
    app = register(pair, "--public", "--redirect-uri", "https://second.example/cb", uri="https://first.example/cb")
    answer = someone.asked(Asking(pair, app), redirect_uri=None)
    assert (answer.status_code, answer.headers.get("location")) == (400, None)


def test_an_address_that_is_named_in_the_token_request_must_be_the_one_of_the_code(
    pair: Live, someone: Browser, asking: Asking
) -> None:
    refused = asking.redeem(someone.code(asking), redirect_uri="http://127.0.0.1:1/callback")
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_what_is_sent_without_a_value_is_not_sent(someone: Browser, asking: Asking) -> None:
    for name in ("resource", "scope", "nonce", "response_mode"):
        answer = someone.asked(asking, **{name: ""})
        assert answer.status_code == 200 or "code" in returned(answer), name


@pytest.mark.parametrize(
    "scope", ["openid contact.read offline_access", "offline_access openid", "contact.read openid"]
)
def test_scopes_that_libraries_add_by_habit_are_left_out(someone: Browser, asking: Asking, scope: str) -> None:
    answer = someone.asked(asking, scope=scope)
    code = returned(answer if answer.status_code == 303 else someone.decide(answer))["code"]
    granted = set(asking.redeem(code).json()["scope"].split())
    assert granted == ({"contact.read"} if "contact" in scope else {"contact.read", "deal.read"})


@pytest.mark.parametrize(
    ("scope", "told"),
    [
        ("contact.read payroll.own", "There is no scope 'payroll.own'."),
        ("contact.read,deal.read", "Scopes are separated by spaces, not by commas or other characters."),
        ("contact.read contact.write", "The app is not registered for contact.write."),
    ],
)
def test_an_error_names_the_scope(someone: Browser, asking: Asking, scope: str, told: str) -> None:
    assert returned(someone.asked(asking, scope=scope))["error_description"] == told


@pytest.mark.parametrize(
    "name", ["response_type", "scope", "state", "code_challenge", "code_challenge_method", "invented"]
)
def test_a_parameter_given_twice_is_refused(someone: Browser, asking: Asking, name: str) -> None:
    query = urlencode([*asking.query().items(), (name, "x"), (name, "x")])
    assert returned(someone.client.get(f"/oauth/authorize?{query}"))["error"] == "invalid_request"


def test_confidential_apps_need_a_challenge_as_well(pair: Live, someone: Browser, basic: App) -> None:
    told = returned(someone.asked(Asking(pair, basic), code_challenge=None, code_challenge_method=None))
    assert told["error"] == "invalid_request"


@pytest.mark.parametrize("state", ["a b+/=%&é#?", "%00%ff%fe", quote("\r\nLocation: x"), "x" * 2000])
def test_the_state_comes_back_byte_for_byte(someone: Browser, asking: Asking, state: str) -> None:
    raw = state if state.startswith("%") else quote(state)
    query = urlencode({name: value for name, value in asking.query().items() if name != "state"}) + f"&state={raw}"
    answer = someone.client.get(f"/oauth/authorize?{query}")
    if answer.status_code == 200:
        answer = someone.decide(answer)
    sent = dict(parse_qsl(f"state={raw}", errors="surrogateescape"))["state"]
    back = dict(parse_qsl(urlsplit(answer.headers["location"]).query, errors="surrogateescape"))["state"]
    assert back == sent
    assert "\n" not in answer.headers["location"]


def test_a_link_that_is_too_long_for_the_sign_in_is_refused_before_it(
    someone: Browser, browser: Browser, asking: Asking
) -> None:
    for visitor in (browser, someone):
        answer = visitor.client.get("/oauth/authorize", params=asking.query(state="x" * 6000))
        assert (answer.status_code, answer.headers.get("location")) == (400, None)
        assert "too long" in answer.text
    answers = {
        length: browser.client.get("/oauth/authorize", params=asking.query(state="x" * length))
        for length in range(4000, 6000, 50)
    }
    led = [answer.headers["location"] for answer in answers.values() if answer.status_code == 303]
    assert 0 < len(led) < len(answers)
    assert browser.client.get(led[-1]).status_code == 200, "the longest that is taken can be signed in for"
    quoted = browser.client.get("/oauth/authorize?" + urlencode(asking.query()) + "&x=" + "\\" * 4000)
    assert quoted.status_code == 400


def test_no_state_is_no_state_in_the_answer(someone: Browser, asking: Asking) -> None:
    answer = someone.asked(asking, state=None)
    assert "state" not in returned(answer if answer.status_code == 303 else someone.decide(answer))


def test_the_issuer_is_that_of_the_metadata_on_success_and_denial(pair: Live, someone: Browser) -> None:
    issuer = pair.client.get("/.well-known/oauth-authorization-server").json()["issuer"]
    app = register(pair, "--public")
    denied = returned(someone.decide(someone.asked(Asking(pair, app)), "deny"))
    allowed = returned(someone.decide(someone.asked(Asking(pair, app))))
    assert (denied["error"], denied["iss"], allowed["iss"]) == ("access_denied", issuer, issuer)
    assert set(allowed) == {"code", "state", "iss"}


def test_a_forwarded_host_changes_neither_issuer_nor_metadata(pair: Live, someone: Browser, asking: Asking) -> None:
    headers = {"X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example", "X-Forwarded-Proto": "https"}
    metadata = pair.client.get("/.well-known/oauth-authorization-server", headers=headers).json()
    assert metadata["issuer"] == pair.url
    answer = someone.client.get("/oauth/authorize", params=asking.query(scope="x"), headers=headers)
    assert returned(answer)["iss"] == pair.url
    assert (
        pair.client.get("/.well-known/oauth-authorization-server", headers={"Host": "evil.example"}).status_code == 400
    )


def test_the_resource_may_name_this_api_once_or_twice(pair: Live, someone: Browser, asking: Asking) -> None:
    query = urlencode([*asking.query().items(), ("resource", pair.url), ("resource", f"{pair.url}/v1")])
    assert someone.client.get(f"/oauth/authorize?{query}").status_code in {200, 303}


@pytest.mark.parametrize("method", ["get", "options"])
def test_no_page_of_another_origin_may_read_the_authorization_page(
    someone: Browser, asking: Asking, method: str
) -> None:
    ask: Callable[..., object] = someone.client.get if method == "get" else someone.client.options
    headers = {"Origin": "https://dashboard.example", "Access-Control-Request-Method": "GET"}
    answer = ask("/oauth/authorize", params=asking.query(), headers=headers)
    names = [name for name in answer.headers if name.startswith("access-control")]  # type: ignore[attr-defined]
    assert names == []


def test_a_damaged_link_gets_a_page(someone: Browser) -> None:
    for query in ("client_id=%", "&" * 300 + "a=b&" * 300, "client_id[]=x"):
        assert someone.client.get(f"/oauth/authorize?{query}").status_code == 400
