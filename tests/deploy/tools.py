"""kubectl, validators and the maker of SBOMs, installed when they are missing into a folder of the user's cache that is named for the pins."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def installed() -> Path:
    """The folder of their commands."""
    pins = HERE / "requirements.txt"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gateway-deploy"
    folder = cache / hashlib.sha256(pins.read_bytes()).hexdigest()[:16]
    if not folder.exists():
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        # A folder is there whole or not at all: what was broken off is a draft.
        subprocess.run([sys.executable, "-m", "venv", draft], check=True)
        install: list[str | Path] = [
            draft / "bin/python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--require-hashes",
            "--no-deps",
            "-r",
            pins,
        ]
        subprocess.run(install, check=True)
        draft.rename(folder)
    return folder / "bin"


def run(program: str, *arguments: object) -> str:
    """What it says; its failure is told with all it said."""
    # By the interpreter beside it: the first line of a script names the folder that it was installed to.
    tool = installed() / program
    line = [tool] if tool.read_bytes()[:2] != b"#!" else [installed() / "python", tool]
    done = subprocess.run([*line, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{program} {arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
