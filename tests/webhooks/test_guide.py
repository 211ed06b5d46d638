"""What the guide shows is run as it stands: receivers in two languages, with the official libraries."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.webhooks import signing
from tests.oauth.provision import command

ROOT = Path(__file__).parents[2]
JS = Path(__file__).with_name("js")
SECRET = os.urandom(32)
Program = Callable[[dict[str, str], Path], subprocess.CompletedProcess[str]]
BODY = json.dumps({"id": "evt_1", "type": "deal.won", "data": {"name": "Zürich"}}, ensure_ascii=False)


def shown(language: str) -> str:
    """The program of the guide."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", (ROOT / "openapi/guides/9-webhooks.md").read_text(), re.DOTALL)
    return str(found)


def signed(*secrets: bytes) -> dict[str, str]:
    lines = signing.StandardSigner().sign(secrets, "evt_1", int(time.time()), BODY.encode()).decode()
    return dict(line.split(": ", 1) for line in lines.removesuffix("\r\n").split("\r\n"))


def python(headers: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    program = folder / "received.py"
    program.write_text(
        f"{shown('python')}\nimport json, sys\nsecret, headers, body = json.load(sys.stdin)\n"
        "print(json.dumps(received(secret, headers, body.encode())))\n"
    )
    return ran([sys.executable, str(program)], headers, folder)


def javascript(headers: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "received.mjs").write_text(shown("javascript"))
    (folder / "run.mjs").write_text(
        'import { received } from "./received.mjs";\nimport { readFileSync } from "node:fs";\n'
        "const [secret, headers, body] = JSON.parse(readFileSync(0));\n"
        "console.log(JSON.stringify(received(secret, headers, body)));\n"
    )
    node = command("node", "nodejs", "npm")
    if not (JS / "node_modules/.package-lock.json").exists():
        install = [command("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(install, cwd=JS, check=True, capture_output=True, timeout=120)
    (folder / "node_modules").symlink_to(JS / "node_modules")
    return ran([node, "run.mjs"], headers, folder)


def ran(line: list[str], headers: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    given = json.dumps([signing.shown(SECRET), headers, BODY])
    return subprocess.run(line, cwd=folder, input=given, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("program", [python, javascript])
@pytest.mark.parametrize("secrets", [(SECRET,), (os.urandom(32), SECRET)], ids=["one secret", "two secrets"])
def test_case_41_the_receiver_of_the_guide_takes_what_is_ours(
    program: Program, secrets: tuple[bytes, ...], tmp_path: Path
) -> None:
    done = program(signed(*secrets), tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(BODY)


@pytest.mark.parametrize("program", [python, javascript])
def test_the_receiver_of_the_guide_refuses_what_is_not(program: Program, tmp_path: Path) -> None:
    done = program(signed(os.urandom(32)), tmp_path)
    assert done.returncode != 0
    assert "WebhookVerificationError" in done.stderr
