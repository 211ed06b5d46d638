"""Every sample for the shell is pasted into one and does what it shows, but for the ids of other people's records in it."""

from __future__ import annotations

import os
import subprocess
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from gateway.reference.calls import CURL, call_of
from tests.live import NEWEST, Live
from tests.oauth import provision
from tests.openapi.generated import GENERATED
from tests.openapi.test_examples import BEFORE, beneath, known, made, real, resolved
from tests.openapi.trials import attempted

__all__ = ["known"]  # a fixture
DOCUMENT = GENERATED[NEWEST]
ALL = [
    (method, path)
    for path, methods in DOCUMENT["paths"].items()
    for method in methods
    # There is no test mode here; tests/sandboxes/test_examples.py sends the bodies of its samples.
    if not path.startswith("/v1/test/")
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the shell runs: curl tells the status, and nothing of its progress."""
    for command, package in (("curl", "curl"), ("uuidgen", "uuid-runtime")):
        provision.command(command, package)
    folder = tmp_path_factory.mktemp("shell")
    (folder / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n%{http_code}"\n')
    return folder


def filled(live: Live, ids: dict[str, str], parameters: list[dict[str, Any]], path: str) -> str:
    """The path with ids of records that are there."""
    collection = path.partition("/{")[0]
    for parameter in parameters:
        if parameter["in"] == "path":
            name = parameter["name"]
            if name == "id":
                value = made(live, NEWEST, collection, ids)
                if before := BEFORE.get(path):
                    live.call("POST", f"{collection}/{value}/{before}").raise_for_status()
            else:
                value = beneath(live, path, name) or str(parameter["example"])
            path = path.replace("{" + name + "}", value)
    return path


@pytest.mark.parametrize(("method", "path"), ALL, ids=[" ".join(each) for each in ALL])
def test_the_sample_does_what_it_shows(live: Live, known: dict[str, str], home: Path, method: str, path: str) -> None:
    item = DOCUMENT["paths"][path][method]
    parameters = [resolved(DOCUMENT, each) for each in item["parameters"]]
    call = call_of(DOCUMENT, path, method, item)
    sample = CURL.write(call)
    assert sample is not None
    shown = call.origin + call.address.partition("?")[0]
    assert shown in sample
    body = sample.partition(shown)
    pasted = body[0] + live.url + filled(live, known, parameters, path) + real(body[2], known)
    if isinstance(call.body, str):
        (home / f"{call.group}.csv").write_text(real(call.body, known))
    environment = {**os.environ, "TOKEN": live.a.tokens["owner"], "HOME": str(home), "CURL_HOME": str(home)}
    with attempted(live) if path.endswith("/test") else nullcontext():
        line = ["sh", "-c", pasted]
        done = subprocess.run(line, env=environment, cwd=home, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    success = next(status for status in item["responses"] if status.startswith("2"))
    assert done.stdout.rpartition("\n")[2] == success, done.stdout
