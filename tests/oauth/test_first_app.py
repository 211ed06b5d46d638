"""The README's first app, run as it stands there."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import httpx

from tests.live import Live
from tests.oauth.acting import Browser, register
from tests.process.serving import ROOT


def test_the_first_app_of_the_readme_gets_a_token_and_uses_it(pair: Live, browser: Browser, tmp_path: Path) -> None:
    (program,) = re.findall(r"^```python\n(.*?)^```$", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    app = register(pair, "--public", scope="contact.read")
    script = tmp_path / "first_app.py"
    script.write_text(program)
    env = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1", "API": pair.url, "CLIENT_ID": app.client_id}
    with subprocess.Popen(
        [sys.executable, script], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
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
