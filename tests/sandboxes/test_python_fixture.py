"""The fixture of the Python library: a sandbox for each test, found by pytest itself and removed afterwards."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandboxes.apart import Apart, apart
from tests.sdk import made

# Three servers are started for it, which takes its time where others work on the same processors.
pytestmark = pytest.mark.timeout(300)
PROGRAM = """\
def test_a_contact_can_be_found(sandbox):
    made = sandbox.contacts.create(first_name="Ada")
    assert sandbox.contacts.get(made.id).first_name == "Ada"
    print("token", sandbox._transport.token)


def test_nothing_of_another_test_is_there(sandbox):
    assert sandbox.contacts.search(search_text="Ada").to_list() == []
    print("token", sandbox._transport.token)
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with apart(tmp_path_factory.mktemp("apart")) as made_apart:
        yield made_apart


def test_each_test_has_a_sandbox_of_its_own_which_is_removed_afterwards(both: Apart, tmp_path: Path) -> None:
    live, token = both.live, both.of_a
    (tmp_path / "test_mine.py").write_text(PROGRAM)
    env = os.environ | {"PYTHONPATH": str(made.folder()), "ACME_TOKEN": token, "ACME_BASE_URL": live.url}
    line = [sys.executable, "-m", "pytest", "-q", "-s", "-p", f"{made.NAME}.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    tokens = {line.rpartition("token ")[2].strip(".") for line in done.stdout.splitlines() if "token " in line}
    assert len(tokens) == 2
    assert {live.call("GET", "/v1/me", token=each).status_code for each in tokens} == {401}


def test_test_mode_is_not_for_a_token_that_opens_what_is_real() -> None:
    library = made.library()
    with library.Client("gw_pat_live") as client:
        try:
            found: object = client.test
        except ValueError as error:
            found = str(error)
    assert found == "this needs a test token: the token of this client opens what is real"
