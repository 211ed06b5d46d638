"""The first app that the README leads to, run as it stands there."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx

from tests.live import Live
from tests.oauth.acting import Browser, register
from tests.process.serving import ROOT


def test_the_first_app_gets_a_token_and_uses_it(pair: Live, browser: Browser) -> None:
    app = register(pair, "--public", scope="contact.read")
    env = {**os.environ, "API": pair.url, "CLIENT_ID": app.client_id}
    with subprocess.Popen(
        [sys.executable, ROOT / "docs/examples/first_app.py"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        link = running.stdout.readline().removeprefix("Open ").strip()
        answer = browser.client.get(link)
        assert answer.status_code == 303, f"{link} {answer.text}"
        answer = browser.client.get(browser.sign_in("member", answer.headers["location"]).headers["location"])
        back = browser.decide(answer).headers["location"]
        assert "Done" in httpx.get(back).text
        said, complaints = running.communicate(timeout=30)
    assert running.returncode == 0, complaints
    assert json.loads(said)["data"]["token"]["scopes"] == ["contact.read"]
    assert complaints == "", "the first thing that it prints is what it is for"
