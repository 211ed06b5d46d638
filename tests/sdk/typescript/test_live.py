"""TypeScript's client against a real gateway before a real sandbox."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import pytest

from tests.live import Live
from tests.oauth.provision import command
from tests.sdk.typescript.toolchain import HERE, node, packed, run, workshop

FIRST = """\
import { Client } from "sdk";
const { API: baseUrl, TOKEN: token } = process.env;
const api = new Client({ token, baseUrl });
console.log(JSON.stringify(await api.contacts.search().first()));
"""


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


def test_from_the_archive_to_the_first_record_in_a_minute_and_five_lines(tmp_path: Path, live: Live) -> None:
    assert len(FIRST.splitlines()) <= 5
    (tmp_path / "sdk.tgz").write_bytes(packed())
    began = time.monotonic()
    # It depends on nothing, so there is nothing to ask a registry for.
    run(command("npm", "npm"), "install", "./sdk.tgz", "--offline", "--no-audit", "--no-fund", cwd=tmp_path)
    (tmp_path / "first.mjs").write_text(FIRST)
    said = run(node(), "first.mjs", cwd=tmp_path, API=live.url, TOKEN=live.a.tokens["owner"])
    assert time.monotonic() - began <= 60
    assert json.loads(said)["id"].startswith("con_")
