"""Clients that know nothing of us, unmodified: discovery, code + PKCE, refresh, introspection, revocation."""

from __future__ import annotations

import json
import subprocess
from urllib.parse import urlencode

import httpx
import pytest
from authlib.integrations.httpx_client import OAuth2Client
from oauthlib.oauth2 import WebApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from tests.live import Live
from tests.oauth import provision
from tests.oauth.acting import BACK, SCOPE, App, Browser, works


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both libraries refuse http unless told that this is a test.
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def agreed(browser: Browser, link: str) -> str:
    """What a person does with the app's link, up to the address they come back to."""
    page = browser.client.get(link)
    if page.status_code == 303 and "/oauth/sign-in" in page.headers["location"]:
        page = browser.client.get(browser.sign_in("owner", page.headers["location"]).headers["location"])
    if page.status_code == 200:
        page = browser.decide(page)
    address: str = page.headers["location"]
    return address


def metadata(live: Live) -> dict[str, str]:
    document: dict[str, str] = live.client.get("/.well-known/oauth-authorization-server").json()
    return document


@pytest.mark.parametrize("kind", ["basic", "post", "public"])
def test_authlib(pair: Live, browser: Browser, request: pytest.FixtureRequest, kind: str) -> None:
    app: App = request.getfixturevalue(kind)
    server = metadata(pair)
    with OAuth2Client(
        app.client_id,
        app.secret,
        token_endpoint_auth_method=app.method,
        revocation_endpoint_auth_method=app.method,
        code_challenge_method="S256",
        redirect_uri=BACK,
        scope=SCOPE,
    ) as client:
        verifier = "a-verifier-of-at-least-forty-three-characters"
        link, state = client.create_authorization_url(server["authorization_endpoint"], code_verifier=verifier)
        back = agreed(browser, link)
        first = client.fetch_token(
            server["token_endpoint"], authorization_response=back, code_verifier=verifier, state=state
        )
        assert first["scope"] == SCOPE
        second = client.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        if kind != "public":
            known = client.introspect_token(server["introspection_endpoint"], token=second["access_token"]).json()
            assert (known["active"], known["client_id"]) == (True, app.client_id)
        assert client.get(f"{pair.url}/v1/me", headers={"Version": "2026-09-01"}).status_code == 200
        answer: httpx.Response = client.revoke_token(server["revocation_endpoint"], token=second["refresh_token"])
        assert answer.status_code == 200
    assert not works(pair, second["access_token"])


def test_requests_oauthlib(pair: Live, browser: Browser, basic: App) -> None:
    server = metadata(pair)
    assert basic.secret is not None
    with OAuth2Session(basic.client_id, redirect_uri=BACK, scope=SCOPE.split(), pkce="S256") as session:
        link, _ = session.authorization_url(server["authorization_endpoint"])
        first = session.fetch_token(
            server["token_endpoint"], authorization_response=agreed(browser, link), client_secret=basic.secret
        )
        auth = HTTPBasicAuth(basic.client_id, basic.secret)
        second = session.refresh_token(server["token_endpoint"], first["refresh_token"], auth=auth)
        assert session.get(f"{pair.url}/v1/me", headers={"Version": "2026-09-01"}).status_code == 200
        form = {"token": second["access_token"], "token_type_hint": "access_token"}
        known = session.post(server["introspection_endpoint"], data=form, auth=auth, withhold_token=True)
        assert known.json()["active"] is True
        url, headers, body = WebApplicationClient(basic.client_id).prepare_token_revocation_request(
            server["revocation_endpoint"], second["refresh_token"], "refresh_token"
        )
        gone = session.post(url, headers=headers, data=body, auth=auth, withhold_token=True)
        assert gone.status_code == 200
    assert not works(pair, second["access_token"])


def test_openid_client_in_javascript(pair: Live, browser: Browser, basic: App) -> None:
    line = [provision.node(), "client.mjs", pair.url, basic.client_id, basic.secret or "", BACK]
    with subprocess.Popen(
        line, cwd=provision.SCRIPTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        link = script.stdout.readline().strip()
        said, complaints = script.communicate(agreed(browser, link) + "\n" if link else "", timeout=60)
    assert script.returncode == 0, complaints
    assert json.loads(said) == {
        "issuer": pair.url,
        "pkce": True,
        "scope": SCOPE,
        "rotated": True,
        "active": True,
        "me": 200,
        "gone": {"active": False},
    }


def test_a_replaced_issuer_is_noticed_by_a_strict_client(pair: Live, browser: Browser, basic: App) -> None:
    """The mix-up that `iss` is there for: the client refuses an answer that names another server (RFC 9207)."""
    line = [provision.node(), "client.mjs", pair.url, basic.client_id, basic.secret or "", BACK]
    with subprocess.Popen(
        line, cwd=provision.SCRIPTS, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as script:
        assert script.stdout is not None
        back = agreed(browser, script.stdout.readline().strip())
        issuer = urlencode({"iss": pair.url})
        assert issuer in back
        _, complaints = script.communicate(back.replace(issuer, "iss=https%3A%2F%2Fevil.example") + "\n", timeout=60)
    assert script.returncode != 0
    assert "iss" in complaints
