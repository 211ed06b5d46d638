"""What generators and their clients need, installed when it is missing and kept for the next run.

Packages go to a folder of the user's cache that is named for what is in it: a run with the same pins installs nothing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench import needs
from tests.oauth.provision import command

HERE = Path(__file__).parent
PINS = ("package.json", "package-lock.json", "requirements.txt")
GO, JAVA = Path("/usr/share/gocode"), Path("/usr/share/java")
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")
"""What java does less of for a program that is soon over: less than half of its CPU."""
HASTY = ("-gcflags=made=-N -l", "-ldflags=-s -w")
"""The same for go: what was made is checked as ever, and compiled as it stands."""


class Toolchain:
    """node: the folder of node_modules; python: the interpreter with requirements.txt; jar: openapi-generator."""

    def __init__(self, folder: Path) -> None:
        self.node = folder / "node"
        self.python = folder / "python/bin/python"
        self.classpath = [JAVA / "httpmime.jar", JAVA / "httpcore.jar"]

    @property
    def jar(self) -> Path:
        return next(self.python.parents[1].glob("lib/*/site-packages/openapi_generator_cli/openapi-generator.jar"))

    def script(self, name: str) -> str:
        """A command of an npm package."""
        return str(self.node / "node_modules/.bin" / name)


def installed() -> Toolchain:
    """Everything, in this order: what is slow beside what is slow. Raises CalledProcessError with what the installer said."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gateway-generators"
    folder = cache / digest
    if not folder.exists():
        # A folder is there whole or not at all: a run that is broken off leaves a draft that the next one replaces.
        draft = cache / f"{digest}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "node").mkdir(parents=True)
        with ThreadPoolExecutor(2) as pool:
            done = [pool.submit(_node, draft / "node"), pool.submit(_python, draft / "python")]
        for each in done:
            each.result()
        draft.rename(folder)
    _debian()
    return Toolchain(folder)


def run(*line: str | Path, cwd: Path, **env: str) -> str:
    """What the program prints; its failure is told with all it said."""
    texts = [str(each) for each in line]
    done = subprocess.run(
        texts, cwd=cwd, env=os.environ | env, capture_output=True, text=True, check=False, timeout=220
    )
    assert done.returncode == 0, f"{texts}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def _node(folder: Path) -> None:
    for name in PINS[:2]:
        shutil.copy(HERE / name, folder)
    command("node", "nodejs", "npm")
    run(command("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)


def _python(folder: Path) -> None:
    run(sys.executable, "-m", "venv", folder, cwd=HERE)
    pins = ("--disable-pip-version-check", "--quiet", "--no-deps", "-r", HERE / PINS[2])
    run(folder / "bin/python", "-m", "pip", "install", *pins, cwd=HERE)


def _debian() -> None:
    commands = {"javac": "default-jdk-headless", "go": "golang-go"}
    files = {
        JAVA / "httpmime.jar": "libhttpmime-java",
        GO / "src/golang.org/x/oauth2": "golang-golang-x-oauth2-dev",
        GO / "src/gopkg.in/validator.v2": "golang-gopkg-validator.v2-dev",
    }
    missing = [package for name, package in commands.items() if shutil.which(name) is None]
    missing += [package for path, package in files.items() if not path.exists()]
    if missing:
        needs.debian_packages(*missing)
