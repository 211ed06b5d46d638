"""A gateway with live services here and the sandbox program of test mode there: two real servers, each of which tells what it was sent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from gateway.process import child
from tests.live import NEWEST, Live, live


class Apart:
    """live: the pair that tests know; testing: where the program of test mode is; owner: a live token of the owner of tenant a;
    of_a, of_b: tokens of a sandbox of each tenant.
    """

    def __init__(self, running: Live, testing: str) -> None:
        self.live = running
        self.testing = httpx.Client(base_url=testing, timeout=30)
        self.owner = running.a.tokens["owner"]
        # The command takes a second; what further sandboxes need is made from inside these.
        self.of_a: str = self.made("--tenant", running.a.name)["token"]
        self.of_b: str = self.made("--tenant", running.b.name)["token"]

    def made(self, *arguments: str) -> dict[str, Any]:
        """`gateway test create --json`."""
        return self.live.run("test", "create", *arguments)

    def another(self, token: str = "", **body: Any) -> dict[str, Any]:
        """The sandbox that `POST /v1/test/sandboxes` makes, of tenant a unless `token` is of another's."""
        answer = self.live.call("POST", "/v1/test/sandboxes", body, token=token or self.of_a)
        assert answer.status_code == 201, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def counted(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What the live services and the program of test mode were sent so far, by path; the control is never counted."""
        return self.live.sandbox.get("/_control/counts").json(), self.testing.get("/_control/counts").json()

    def ask(self, method: str, path: str, token: str, body: Any = None) -> httpx.Response:
        """One request under the newest contract."""
        return self.live.call(method, path, body, token=token, version=NEWEST)


@contextmanager
def apart(home: Path, **config: Any) -> Iterator[Apart]:
    """Start all of it."""
    keys = {"SANDBOX_SERVICE_KEY": "service-key-of-test-mode", "SANDBOX_CONTROL_KEY": "control-key-of-test-mode"}
    files = {}
    for name, key in zip(("service_key", "control_key"), keys.values(), strict=True):
        (home / name).write_text(key)
        files[name] = {"file": str(home / name)}
    line = child.module("sandbox", "serve", "--db", str(home / "testing.db"), "--cap", "0")
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=child.environment(**keys)) as process:
        try:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{json.loads(process.stdout.readline())['port']}"
            with live(
                home / "live", test={"sandbox_url": url, "per_owner": 60, **files, **config.pop("test", {})}, **config
            ) as running:
                yield Apart(running, url)
        finally:
            process.terminate()
