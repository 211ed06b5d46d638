"""Signing in with the Python library: a script gets tokens through a browser, uses them, and refreshes them once."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import Browser, register
from tests.sdk import made

ELSEWHERE = [
    ("?code=stolen&state=another&iss={iss}", "state_mismatch"),
    ("?code=stolen&state={state}&iss=https://other.example", "issuer_mismatch"),
    ("?code=stolen&state={state}", "issuer_mismatch"),
    ("?error=access_denied&state={state}&iss={iss}", "access_denied"),
]
"""What a browser is sent back with, and the code of the refusal."""


class SigningIn:
    """`login` of the library in a thread of its own: `link` is what it wants a browser to open."""

    def __init__(self, pair: Live) -> None:
        self.library: Any = made.library()
        self.saved: list[Any] = []
        self.answer: Any = None
        self.error: Exception | None = None
        self._links: queue.Queue[str] = queue.Queue()
        self._app = register(pair, "--public", scope="contact.read")
        self._url = pair.url
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.link = self._links.get(timeout=30)

    def _run(self) -> None:
        try:
            self.answer = self.library.login(
                self._app.client_id,
                ["contact.read"],
                base_url=self._url,
                save=self.saved.append,
                open_browser=self._links.put,
                timeout=60,
            )
        except self.library.errors.Error as error:
            self.error = error

    def done(self) -> Any:
        self._thread.join(60)
        return self.answer


def test_a_script_signs_in_and_refreshes_its_tokens_once(pair: Live, browser: Browser) -> None:
    signing_in = SigningIn(pair)
    answer = browser.client.get(signing_in.link)
    answer = browser.client.get(browser.sign_in("member", answer.headers["location"]).headers["location"])
    assert "signed in" in httpx.get(browser.decide(answer).headers["location"]).text
    oauth = signing_in.done()
    first = oauth.tokens
    oauth.tokens = replace(first, expires_at=0.0)
    client = signing_in.library.Client(oauth=oauth, base_url=pair.url)
    with client, ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(client.me.get) for _ in range(4)]
        scopes = {tuple(each.result().token.scopes) for each in asked}
    assert scopes == {("contact.read",)}
    assert len(signing_in.saved) == 1
    assert signing_in.saved[0].refresh_token != first.refresh_token
    assert first.access_token not in repr(oauth)


@pytest.mark.parametrize(("answer", "code"), ELSEWHERE)
def test_what_comes_back_from_elsewhere_or_without_consent_gives_no_tokens(pair: Live, answer: str, code: str) -> None:
    signing_in = SigningIn(pair)
    asked = {name: value for name, (value,) in parse_qs(urlsplit(signing_in.link).query).items()}
    httpx.get(asked["redirect_uri"] + answer.format(state=asked["state"], iss=pair.url))
    assert signing_in.done() is None
    assert isinstance(signing_in.error, signing_in.library.errors.SignInNeeded)
    assert signing_in.error.code == code
