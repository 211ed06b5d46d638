"""TypeScript's client against a real gateway before a real sandbox."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.live import Live
from tests.oauth.provision import command
from tests.sdk.typescript.toolchain import HERE, node, run, workshop

README = (Path(__file__).parents[3] / "README.md").read_text()
(FIRST,) = re.findall(r"^```js\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workshop(tmp_path_factory.mktemp("project"))


def test_an_integration_does_its_work(project: Path, live: Live) -> None:
    shutil.copy(HERE / "live.mjs", project)
    reader = live.token(live.a, "owner", "contact.read")
    said = run(node(), "live.mjs", cwd=project, API=live.url, TOKEN=live.a.tokens["owner"], READER=reader)
    assert json.loads(said) == {
        "replayed": [201, True, True],
        "names": ["Ada", "n1", "n2", "n3"],
        "pages": [2, 2],
        "members": ["first_name", "id"],
        "read": True,
        "batch": [1, 1],
        "changed": "Analyst",
        "tags": ["vip"],
        "notes": [True],
        "pinned": True,
        "exported": [True, True],
        "imported": {"rows": 1, "imported": 0, "dry_run": True, "ids": None},
        "streamed": 1,
        "wrong": [True, ["/emial", "/first_name"], 32],
        "gone": True,
        "refused": [True, ["contact.write"]],
        "limits": ["tenant", "token"],
        "me": "personal",
    }


@pytest.mark.timeout(180)
def test_from_nothing_to_a_first_record_takes_a_minute_and_five_lines(tmp_path: Path, live: Live) -> None:
    assert len([line for line in FIRST.splitlines() if line]) <= 5
    told = live.client.get("/sdk/", headers={"Accept": "application/json"}).json()["typescript"]
    archive = told["url"].rpartition("/")[2]
    assert f"npm install $API/sdk/{archive}" in README
    began = time.monotonic()
    run(command("npm", "npm"), "install", f"{live.url}/sdk/{archive}", "--no-audit", "--no-fund", cwd=tmp_path)
    (tmp_path / "first.mjs").write_text(FIRST)
    said = run(node(), "first.mjs", cwd=tmp_path, API=live.url, TOKEN=live.a.tokens["owner"])
    assert time.monotonic() - began <= 60
    assert "id: 'con_" in said
