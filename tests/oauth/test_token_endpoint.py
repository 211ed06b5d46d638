"""The token endpoint's front: what is no proper request never reaches a grant, and each client authenticates in its one way."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import App, Asking, Browser, refresh

ENDPOINTS = ("/oauth/token", "/oauth/revoke", "/oauth/introspect")


def header(credentials: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and error; every answer is JSON, never stored, and shows nothing of us."""
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "Traceback" not in answer.text
    return answer.status_code, answer.json()["error"]


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_only_post_is_answered(pair: Live, path: str, method: str) -> None:
    answer = pair.client.request(method, path, params={"token": "x"} if method == "GET" else None)
    assert told(answer) == (405, "invalid_request")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    "path",
    [
        *(f"{endpoint}/" for endpoint in ENDPOINTS),
        "/oauth/authorize/",
        "/oauth/sign-in/",
        "/oauth/register/",
        "/.well-known/oauth-authorization-server/",
        "/console/",
        "/console/tokens/",
        "/problems/",
        "/docs/quickstart/",
        "/healthz/",
        "/assets",
        "/assets/brand.css/",
        "/console/assets",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_differs_by_a_slash_is_not_there_and_leads_nowhere(
    pair: Live, basic: App, method: str, path: str
) -> None:
    credentials = basic.authenticated({"token": "x"}) if method == "POST" else {}
    answer = pair.client.request(method, path, **credentials)
    assert answer.status_code in ({404} if not path.startswith("/assets/") else {404, 405})
    assert "location" not in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"


BAD_BODIES: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
    "json": lambda form: {"json": form},
    "no type": lambda form: {"content": b"grant_type=refresh_token"},
    "multipart": lambda form: {"files": {"grant_type": (None, "refresh_token")}},
    "query": lambda form: {"params": {"client_id": form["client_id"]}, "data": form},
    "too many fields": lambda form: {"data": {f"f{at}": "x" for at in range(200)} | form},
}


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("sent", BAD_BODIES.values(), ids=BAD_BODIES)
def test_parameters_come_in_a_form_in_the_body(
    pair: Live, public: App, path: str, sent: Callable[[dict[str, str]], dict[str, Any]]
) -> None:
    form = {"grant_type": "refresh_token", "client_id": public.client_id, "refresh_token": "x", "token": "x"}
    assert told(pair.client.post(path, **sent(form))) == (400, "invalid_request")


def test_a_body_of_any_size_is_refused(pair: Live) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert told(pair.client.post("/oauth/token", content=b"a=" + b"x" * 100_000, headers=form)) == (
        413,
        "invalid_request",
    )


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("name", ["client_id", "grant_type", "token", "code_verifier", "invented"])
def test_a_parameter_given_twice_is_refused(pair: Live, public: App, path: str, name: str) -> None:
    pairs = [("grant_type", "refresh_token"), ("client_id", public.client_id), ("token", "x"), (name, "1"), (name, "2")]
    body = "&".join(f"{key}={value}" for key, value in pairs)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert told(pair.client.post(path, content=body, headers=headers)) == (400, "invalid_request")


@pytest.mark.parametrize(
    "grant_type", ["password", "client_credentials", "implicit", 'x"y', "urn:ietf:params:oauth:grant-type:jwt-bearer"]
)
def test_other_grants_are_unknown(pair: Live, basic: App, grant_type: str) -> None:
    answer = pair.client.post("/oauth/token", **basic.authenticated({"grant_type": grant_type, "username": "u"}))
    assert told(answer) == (400, "unsupported_grant_type")
    assert "send authorization_code or refresh_token" in answer.json()["error_description"]


def test_a_missing_grant_type_is_named(pair: Live, basic: App) -> None:
    assert told(pair.client.post("/oauth/token", **basic.authenticated({}))) == (400, "invalid_request")


def test_the_resource_may_be_named_twice_but_must_be_this_api(pair: Live, someone: Browser, asking: Asking) -> None:
    form: dict[str, Any] = {
        "grant_type": "authorization_code",
        "code": someone.code(asking),
        "redirect_uri": asking.redirect_uri,
        "code_verifier": asking.verifier,
        "client_id": asking.app.client_id,
    }
    foreign = {**form, "resource": [pair.url, "https://elsewhere.example"]}
    assert told(pair.client.post("/oauth/token", data=foreign)) == (400, "invalid_target")
    assert pair.client.post("/oauth/token", data={**form, "resource": [pair.url, f"{pair.url}/v1"]}).status_code == 200


def attempts(basic: App, post: App, public: App) -> dict[str, dict[str, Any]]:
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    good, secret = f"{basic.client_id}:{basic.secret}", basic.secret or ""
    return {
        "nothing": {"data": form},
        "an unknown client": {"data": {**form, "client_id": "app_nobody"}},
        "an unknown client by Basic": {"data": form, "auth": ("app_nobody", "x")},
        "a wrong secret": {"data": form, "auth": (basic.client_id, secret[:-1])},
        "an empty secret": {"data": form, "auth": (basic.client_id, "")},
        "a confidential client without secret": {"data": {**form, "client_id": basic.client_id}},
        "the other client's secret": {"data": form, "auth": (basic.client_id, post.secret or "")},
        "a wrong secret in the body": {"data": {**form, "client_id": post.client_id, "client_secret": secret}},
        "a public client with a secret": {"data": {**form, "client_id": public.client_id, "client_secret": "x"}},
        "a public client by Basic": {"data": form, "auth": (public.client_id, "")},
        "not base64": {"data": form, "headers": {"Authorization": "Basic %%%"}},
        "no colon": {"data": form, "headers": header(b"app")},
        "not UTF-8": {"data": form, "headers": header(b"\xff\xfe:\xff")},
        "not ASCII": {"data": form, "headers": header("ä:ö".encode())},
        "an escaped non-ASCII": {"data": form, "headers": header(b"%ff:%ff")},
        "another scheme": {
            "data": {**form, "client_id": public.client_id},
            "headers": {"Authorization": f"Bearer {good}"},
        },
    }


NAMES = list(attempts(*(App("c", "s", "m"),) * 3))


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_does_not_authenticate_is_refused(
    pair: Live, basic: App, post: App, public: App, name: str, path: str
) -> None:
    sent = attempts(basic, post, public)[name]
    sent["data"] = {**sent["data"], "token": "x"}
    answer = pair.client.post(path, **sent)
    assert told(answer) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_secret_is_taken_by_basic_and_by_post_whatever_the_app_was_registered_with(
    pair: Live, someone: Browser, basic: App, post: App
) -> None:
    for app, other in ((basic, "client_secret_post"), (post, "client_secret_basic")):
        turned = App(app.client_id, app.secret, other)
        tokens = someone.tokens(Asking(pair, turned))
        asked = pair.client.post("/oauth/introspect", **turned.authenticated({"token": tokens["access_token"]}))
        assert asked.json()["active"] is True
        sent = turned.authenticated({"token": tokens["refresh_token"]})
        assert pair.client.post("/oauth/revoke", **sent).status_code == 200
        ended = pair.client.post("/oauth/introspect", **turned.authenticated({"token": tokens["access_token"]}))
        assert ended.json() == {"active": False}


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_options_of_an_endpoint_are_post_alone(pair: Live, path: str) -> None:
    answer = pair.client.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_refusal_of_a_refresh_token_says_what_became_of_it(pair: Live, someone: Browser, asking: Asking) -> None:
    first = someone.tokens(asking)["refresh_token"]
    second = refresh(pair, asking.app, first).json()["refresh_token"]
    refresh(pair, asking.app, second)
    said = [refresh(pair, asking.app, text).json()["error_description"] for text in ("x", first, second)]
    assert said[0] == "There is no such refresh token."
    assert "was used before" in said[1] and "(reuse)" in said[1]
    assert said[2] == "The grant of this refresh token has been ended: ask the user again."


def test_basic_and_post_together_are_refused(pair: Live, basic: App) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": basic.client_id}
    sent = basic.authenticated({**form, "client_secret": basic.secret})
    assert told(pair.client.post("/oauth/token", **sent)) == (400, "invalid_request")
    other = basic.authenticated({**form, "client_id": "app_other"})
    assert told(pair.client.post("/oauth/token", **other)) == (400, "invalid_request")


def test_credentials_may_be_percent_encoded_as_the_rfc_says(pair: Live, basic: App) -> None:
    encoded = f"{basic.client_id}:{basic.secret}".replace("_", "%5F").encode()
    form = {"grant_type": "refresh_token", "refresh_token": "x"}
    answer = pair.client.post("/oauth/token", data=form, headers=header(encoded))
    assert told(answer) == (400, "invalid_grant"), "the client is known; the token is not"


@pytest.mark.parametrize(
    "value", ["\0", "a\0b", "%00", "\ud83d", "x" * 60_000, "'; DROP TABLE tokens; --", "\u202e", "gw_ort_" + "0" * 36]
)
@pytest.mark.parametrize("name", ["refresh_token", "code", "redirect_uri", "code_verifier", "scope"])
def test_no_value_brings_the_endpoint_down(pair: Live, public: App, name: str, value: str) -> None:
    for grant_type in ("refresh_token", "authorization_code"):
        form = {"grant_type": grant_type, "client_id": public.client_id, "refresh_token": "x", "code": "x", name: value}
        body = urlencode(form, errors="surrogatepass")
        headers = {"content-type": "application/x-www-form-urlencoded"}
        status, error = told(pair.client.post("/oauth/token", content=body, headers=headers))
        assert (status, error in {"invalid_grant", "invalid_request", "invalid_scope"}) == (400, True)
