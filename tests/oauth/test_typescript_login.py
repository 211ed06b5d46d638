"""Signing in with TypeScript's client: a script gets tokens through a browser, uses them, and refreshes them once."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.live import Live
from tests.oauth.acting import Browser, register
from tests.oauth.test_python_login import ELSEWHERE
from tests.sdk.typescript.toolchain import node, workshop

PROGRAM = """\
import { Client } from "sdk";
import { login } from "sdk/login";

const { API: baseUrl, CLIENT_ID: clientId } = process.env;
const tokens = await login({ baseUrl, clientId, scope: ["contact.read"], open: (url) => console.log(url) });
const saved = [];
const save = (made) => void saved.push(made);
const api = new Client({ baseUrl, oauth: { clientId, tokens: { ...tokens, expires_at: 0 }, save } });
const [me] = await Promise.all([api.me.get(), api.me.get(), api.contacts.search().first()]);
const other = saved[0].refresh_token !== tokens.refresh_token;
console.log(JSON.stringify([me.token.scopes, saved.length, other, saved[0].expires_at * 1000 > Date.now()]));
"""


@contextmanager
def running(folder: Path, pair: Live) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The program, and the address that it wants a browser to open."""
    (workshop(folder) / "program.mjs").write_text(PROGRAM)
    app = register(pair, "--public", scope="contact.read")
    env = {**os.environ, "API": pair.url, "CLIENT_ID": app.client_id}
    line = (node(), "program.mjs")
    with subprocess.Popen(
        line, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()


def test_a_script_signs_in_and_refreshes_its_tokens_once(pair: Live, browser: Browser, tmp_path: Path) -> None:
    with running(tmp_path, pair) as (process, link):
        answer = browser.client.get(link)
        assert answer.status_code == 303, f"{link} {answer.text}"
        answer = browser.client.get(browser.sign_in("member", answer.headers["location"]).headers["location"])
        assert "Done" in httpx.get(browser.decide(answer).headers["location"]).text
        said, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    assert json.loads(said) == [["contact.read"], 1, True, True]


@pytest.mark.parametrize(("answer", "code"), ELSEWHERE)
def test_what_comes_back_from_elsewhere_or_without_consent_gives_no_tokens(
    pair: Live, tmp_path: Path, answer: str, code: str
) -> None:
    with running(tmp_path, pair) as (process, link):
        asked = {name: value for name, (value,) in parse_qs(urlsplit(link).query).items()}
        httpx.get(asked["redirect_uri"] + answer.format(state=asked["state"], iss=pair.url))
        said, complaints = process.communicate(timeout=60)
    assert process.returncode != 0
    assert said == ""
    assert "SignInNeeded" in complaints
    assert f'code: "{code}"' in complaints.replace("'", '"')
