"""Whoever has no secret is counted by address, whatever it is that they ask for; whoever has one is not stopped by them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

import httpx
import pytest

from tests.live import READING, Live
from tests.oauth.acting import LOOPBACK, App, Asking, Browser, register, token

QUOTA = 25
ADDRESSES = (f"127.0.3.{at}" for at in count(1))


@pytest.fixture(scope="module")
def narrow(spare: Live) -> Live:
    spare.set_up(limits={"address": {"quota": QUOTA, "window": "10m"}}, oauth={"registration": "open"})
    return spare


@pytest.fixture
def there(narrow: Live) -> Iterator[httpx.Client]:
    """Somebody at an address of their own, without a cookie jar to speak of."""
    transport = httpx.HTTPTransport(local_address=next(ADDRESSES))
    with httpx.Client(base_url=narrow.url, transport=transport, timeout=30) as client:
        yield client


def statuses(ask: Callable[[], httpx.Response], times: int = QUOTA + 2) -> list[int]:
    return [ask().status_code for _ in range(times)]


@pytest.mark.parametrize(
    "path",
    [
        "/oauth/sign-in",
        "/oauth/authorize?client_id=x",
        "/console",
        "/console/tokens",
        "/docs",
        "/openapi.json",
        "/.well-known/oauth-authorization-server",
        "/problems",
        "/nothing/here",
    ],
)
def test_pages_count_against_the_address(there: httpx.Client, path: str) -> None:
    def look() -> httpx.Response:
        there.cookies.clear()
        return there.get(path)

    seen = statuses(look)
    assert 429 not in seen[:QUOTA] and seen[QUOTA:] == [429, 429]
    refused = look()
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["code"] == "rate_limited"
    page = there.get(path, headers={"Accept": "text/html"})
    assert (page.status_code, "Try again in" in page.text) == (429, True)
    assert there.get("/healthz").status_code == 200, "whoever watches over the gateway is not asked who they are"


def test_whoever_is_signed_in_is_not_stopped_by_strangers_at_their_address(narrow: Live, there: httpx.Client) -> None:
    browser = Browser(narrow)
    browser.client.close()
    browser.client = there
    assert browser.sign_in().status_code == 303
    address = there._transport._pool._local_address  # type: ignore[attr-defined]
    with httpx.Client(base_url=narrow.url, transport=httpx.HTTPTransport(local_address=address)) as stranger:
        assert statuses(lambda: stranger.get("/docs"))[-1] == 429
    assert {there.get("/console/tokens").status_code for _ in range(5)} == {200}


def revoke(client: httpx.Client, app: App, text: str = "zzz") -> httpx.Response:
    return client.post("/oauth/revoke", **app.authenticated({"token": text}))


def test_a_public_client_counts_against_its_address_and_a_secret_does_not(narrow: Live, there: httpx.Client) -> None:
    public, confidential = register(narrow, "--public"), register(narrow)
    seen = statuses(lambda: revoke(there, public))
    assert seen == [200] * QUOTA + [429, 429]
    assert statuses(lambda: revoke(there, confidential)) == [200] * (QUOTA + 2)
    wrong = App(confidential.client_id, "wrong", confidential.method)
    assert revoke(there, wrong).status_code == 429


def test_refreshes_of_a_public_client_count_and_none_is_used_up_by_a_refusal(narrow: Live, there: httpx.Client) -> None:
    app = register(narrow, "--public")
    held = Browser(narrow).tokens(Asking(narrow, app))["refresh_token"]
    for _ in range(QUOTA):
        form = {"grant_type": "refresh_token", "refresh_token": held}
        answer = there.post("/oauth/token", **app.authenticated(form))
        assert answer.status_code == 200
        held = answer.json()["refresh_token"]
    refused = there.post("/oauth/token", **app.authenticated({"grant_type": "refresh_token", "refresh_token": held}))
    assert (refused.status_code, refused.json()["error"]) == (429, "temporarily_unavailable")
    assert token(narrow, app, grant_type="refresh_token", refresh_token=held).status_code == 200


def test_introspection_that_is_refused_and_registration_tokens_that_are_wrong_count(
    narrow: Live, there: httpx.Client
) -> None:
    public = register(narrow, "--public")

    def ask() -> httpx.Response:
        there.get("/oauth/register/app_x", headers={"Authorization": "Bearer x"})
        return there.post("/oauth/introspect", **public.authenticated({"token": "x"}))

    assert statuses(ask, QUOTA // 2 + 2)[-1] == 429
    plain = {"redirect_uris": [LOOPBACK], "client_name": "Own"}
    made = there.post("/oauth/register", json=plain).json()
    mine = {"Authorization": f"Bearer {made['registration_access_token']}"}
    assert there.get(made["registration_client_uri"], headers=mine).status_code == 200


def me(client: httpx.Client, text: str) -> httpx.Response:
    return client.get("/v1/me", headers={"Authorization": f"Bearer {text}", "Version": "2026-09-01"})


def test_a_known_token_that_ended_counts_like_a_guess_and_a_valid_one_goes_free(
    narrow: Live, there: httpx.Client
) -> None:
    ended, token_id = narrow.record(narrow.a, "owner", READING)
    assert me(there, ended).status_code == 200
    narrow.run("tokens", "revoke", f"tok_{token_id}")
    seen = statuses(lambda: me(there, ended), QUOTA + 4)
    assert set(seen[:QUOTA]) == {401} and seen[-2:] == [429, 429]
    fresh = narrow.token(narrow.a, "owner", READING)
    assert [me(there, fresh).status_code for _ in range(3)] == [200] * 3, "which no worker has seen before"
    other = narrow.token(narrow.a, "member", READING)
    assert me(there, other[:-6] + "000000").status_code == 429


def test_valid_tokens_that_a_worker_has_to_look_up_use_nothing_up(narrow: Live, there: httpx.Client) -> None:
    for _ in range(QUOTA + 5):
        assert me(there, narrow.token(narrow.a, "viewer", READING)).status_code == 200
    assert me(there, "x").status_code == 401
