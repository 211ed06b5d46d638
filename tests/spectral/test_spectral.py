"""The documents under Spectral's rules and those of the OWASP API Security Top 10: no error, by a ruleset that says what is off and why.

It is given the reduced document, and by `make documents` the whole one: its rules look at one place each, and every kind of place is in
the reduced one (tests/openapi/test_reduced.py). The few that compare places have tests of their own for the whole: names of operations
(test_documents.py), components without use (test_served.py), words and examples (test_reduced.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.oauth.provision import command
from tests.openapi.generated import GENERATED
from tests.openapi.reduced import reduced

HERE = Path(__file__).parent
PINS = ("package.json", "package-lock.json")
RULESET = HERE / "ruleset.yaml"


@pytest.fixture(scope="module")
def packages() -> Path:
    """The folder with the packages, in the user's cache: there whole or not at all."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gateway-spectral"
    folder = cache / digest
    if not folder.exists():
        draft = cache / f"{digest}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name in PINS:
            shutil.copy(HERE / name, draft)
        command("node", "nodejs", "npm")
        line = (command("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        subprocess.run(line, cwd=draft, capture_output=True, check=True, timeout=400)
        draft.rename(folder)
    return folder


@pytest.mark.timeout(900)
def test_spectral_finds_no_error_in_the_newest_contract(packages: Path, tmp_path: Path) -> None:
    # The ruleset names packages, which are looked for beside it.
    shutil.copy(RULESET, packages)
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(reduced(GENERATED[max(GENERATED)])))
    line = (packages / "node_modules/.bin/spectral", "lint", document, "--ruleset", packages / RULESET.name)
    done = subprocess.run(
        [*map(str, line), "--fail-severity", "error", "--display-only-failures"],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_each_rule_that_is_off_has_its_reason_above_it() -> None:
    lines = RULESET.read_text().splitlines()
    off = [place for place, line in enumerate(lines) if line.endswith(': "off"')]
    assert len(off) == len(yaml.safe_load(RULESET.read_text())["rules"])
    for place in off:
        above = next(line for line in reversed(lines[:place]) if not line.endswith(': "off"'))
        assert above.startswith("  # "), lines[place]
