"""Forms that other sites send: they neither sign anybody out nor replace what the browser holds."""

from __future__ import annotations

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import Asking, Browser, Forms, register

FOREIGN = ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"})


@pytest.mark.parametrize("path", ["/oauth/sign-out", "/oauth/sign-in"])
@pytest.mark.parametrize("headers", FOREIGN)
def test_a_form_of_another_site_is_refused_and_sets_no_cookie(pair: Live, path: str, headers: dict[str, str]) -> None:
    # SameSite=Lax keeps the session's cookie back, so that nobody seems to be signed in.
    answer = httpx.post(f"{pair.url}{path}", data={"email": "x", "password": "y"}, headers=headers)
    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)


@pytest.mark.parametrize("path", ["/oauth/sign-out", "/oauth/sign-in"])
def test_a_form_without_a_cookie_sets_none(pair: Live, path: str) -> None:
    answer = httpx.post(f"{pair.url}{path}", data={"email": "x", "password": "y"})
    assert answer.status_code in {303, 403}
    assert "set-cookie" not in answer.headers


def test_a_stale_form_leaves_the_session_as_it_is(browser: Browser) -> None:
    browser.sign_in()
    held = browser.session
    for path, token in (("/oauth/sign-out", {"leave": "x"}), ("/oauth/sign-in", {"csrf": "x"})):
        assert "set-cookie" not in browser.client.post(path, data=token).headers
    assert browser.session == held
    assert browser.client.get("/console/tokens").status_code == 200


def test_the_form_of_a_second_tab_goes_on_for_who_has_signed_in_in_the_first(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public")
    link = browser.client.get("/oauth/authorize", params=Asking(pair, app).query()).headers["location"]
    second = Forms(browser.client.get(link).text).found[0]
    assert browser.sign_in().status_code == 303
    answer = browser.client.post(second.action, data={**second.fields, "email": "x", "password": "y"})
    assert answer.status_code == 303
    page = browser.client.get(answer.headers["location"])
    assert page.status_code == 200 and "Allow" in page.text, "the consent of the second tab"
