"""The guide of the Python library: its programs, in their order, are one program, which runs and suits mypy --strict."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.live import Live
from tests.sdk import made

GUIDE = Path(__file__).parents[2] / "openapi/guides/15-python-sdk.md"
pytestmark = pytest.mark.timeout(240)


def program() -> str:
    blocks = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 6
    return "".join(blocks).replace("{{ module }}", made.NAME)


def test_what_the_guide_shows_runs(tmp_path: Path, live: Live) -> None:
    (tmp_path / "program.py").write_text(program())
    env = os.environ | {
        "PYTHONPATH": str(made.folder()),
        "TOKEN": live.a.tokens["owner"],
        "ACME_BASE_URL": live.url,
    }
    line = [sys.executable, "program.py"]
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "/first_name" in done.stdout, "the create that fails says where"
    assert "req_" in done.stdout
    assert (tmp_path / "contacts.csv").read_text().startswith("id,")


def test_what_the_guide_shows_suits_a_strict_type_checker(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(program())
    env = os.environ | {"MYPYPATH": str(made.folder())}
    line = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.10", "program.py"]
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
