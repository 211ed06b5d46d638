"""The README, done as a new user does it: the first block in one shell, all the others in another."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.process.serving import ROOT

README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```bash\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
END = "\x1e"


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What each block but the first printed."""
    checkout = _checkout(tmp_path_factory.mktemp("readme"))
    # What make was told when it ran these tests (ARGS, its flags) is not meant for the make of the README.
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GATEWAY_", "MAKE", "MFLAGS"))}
    env.pop("ARGS", None)
    env |= {"GATEWAY_PORT": _free_port(), "GATEWAY_ADMIN_PORT": "0", "GATEWAY_WEBHOOKS__INGEST__PORT": "0"}
    env["PYTHONPATH"] = str(ROOT)
    with (checkout / "out").open("wb") as out, (checkout / "err").open("wb") as err:
        # A session of its own, so that Ctrl-C can be pressed in it.
        first = subprocess.Popen(
            ["bash", "-c", BLOCKS[0]], cwd=checkout, env=env, stdout=out, stderr=err, start_new_session=True
        )
    try:
        until = time.monotonic() + 60
        while "curl" not in (checkout / "err").read_text():
            assert first.poll() is None and time.monotonic() < until, (checkout / "err").read_text()
            time.sleep(0.05)
        script = "set -euo pipefail\n" + "".join(f"{block}\nprintf '{END}'\n" for block in BLOCKS[1:])
        done = subprocess.run(
            ["bash", "-c", script], cwd=checkout, env=env, capture_output=True, text=True, check=False, timeout=90
        )
        assert done.returncode == 0, f"{done.stderr}\nafter\n{done.stdout}"
        yield done.stdout.split(END)[:-1]
    finally:
        os.killpg(first.pid, signal.SIGINT)
        first.wait(30)


def _checkout(home: Path) -> Path:
    """This checkout with what is installed already, and without the data of anybody."""
    for path in ROOT.iterdir():
        if path.name not in {".venv", ".git", "data"}:
            (home / path.name).symlink_to(path)
    (home / ".venv").mkdir()
    (home / ".venv/bin").symlink_to(Path(sys.prefix) / "bin")
    (home / ".venv/.installed").touch()
    return home


def _free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def answer(answers: list[str], *parts: str) -> str:
    """What the only block with these parts printed."""
    (number,) = [number for number, block in enumerate(BLOCKS[1:]) if all(part in block for part in parts)]
    return answers[number]


def document(answers: list[str], *parts: str) -> Any:
    return json.loads(answer(answers, *parts))


def test_every_block_says_something(answers: list[str]) -> None:
    assert BLOCKS[0] == "make run\n"
    assert len(answers) == len(BLOCKS) - 1
    assert [block for block, said in zip(BLOCKS[1:], answers, strict=True) if not said.strip()] == []


def test_what_the_readme_shows_under_a_command_is_what_comes_out(answers: list[str]) -> None:
    shown = re.findall(r"^```bash\n((?:(?!```).*\n)*)```\n```json\n((?:(?!```).*\n)*)```$", README, re.MULTILINE)
    assert len(shown) == 3
    for block, text in shown:
        assert _outline(json.loads(text)) == _outline(json.loads(answers[BLOCKS.index(block) - 1]))


def _outline(value: Any) -> Any:
    """The names in a document and the kinds of their values."""
    if isinstance(value, dict):
        # What a workspace keeps in fields of its own differs from record to record.
        return {name: _outline(each) for name, each in value.items() if name != "custom"}
    return [_outline(each) for each in value[:1]] if isinstance(value, list) else type(value).__name__


def test_the_first_request_tells_who_one_is(answers: list[str]) -> None:
    me = document(answers, "/v1/me")["data"]
    assert me["mode"] == "test" and me["user"]["role"] == "owner"
    assert {"contact.read", "contact.write"} == set(me["token"]["scopes"])


def test_the_search_finds_what_it_asks_for(answers: list[str]) -> None:
    found = document(answers, "lead_score")
    assert len(found["data"]) == 1 and found["meta"]["cursor"]["has_more"]
    assert all(contact["lead_score"] >= 50 for contact in found["data"])


def test_the_contact_is_made_and_found_in_the_older_contract(answers: list[str]) -> None:
    made = document(answers, "Idempotency-Key")["data"]
    assert made["phones"] == ["+442079460000"]
    (older,) = [each for each in document(answers, "Version: 2026-06-01")["data"] if each["id"] == made["id"]]
    assert older["phone"] == "+442079460000" and "phones" not in older


def test_the_configuration_is_found_sound_and_the_services_are_asked(answers: list[str]) -> None:
    said = answer(answers, "gateway check")
    assert "no fault found" in said
    assert "contacts.search" in said and "operations: {}" in said
