"""What the browser and JavaScript tests need from the system, installed when it is missing."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path

from bench import needs

SCRIPTS = Path(__file__).with_name("js")


@cache
def command(name: str, *packages: str) -> str:
    """The path of a command; Debian's `packages` are installed when there is none."""
    if shutil.which(name) is None:
        needs.debian_packages(*packages)
    found = shutil.which(name)
    assert found is not None, f"{name} is not there after installing {packages}"
    return found


def chromium() -> str:
    """Debian's Chromium, with a font to write in."""
    return command("chromium", "chromium", "fonts-dejavu-core")


def node() -> str:
    """Node, with the packages of `js/package-lock.json`."""
    found = command("node", "nodejs", "npm")
    lock = SCRIPTS / "package-lock.json"
    done = SCRIPTS / "node_modules/.package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        _run(command("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund")
    return found


def _run(*line: str) -> None:
    subprocess.run(line, cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=600)
