"""Node, the tools for packages, and a folder with the package of the newest contract installed as `sdk`."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
from functools import cache
from pathlib import Path

from gateway.reference.documents import committed
from gateway.reference.libraries import described
from sdk.model import Contract
from sdk.typescript.package import archive
from tests.oauth.provision import command

HERE = Path(__file__).parent
NEWEST = "2026-09-01"
PINS = ("package.json", "package-lock.json")


@cache
def contract() -> Contract:
    """The newest contract."""
    return described(committed()[NEWEST])


@cache
def packed() -> bytes:
    """Its package."""
    return archive(contract(), "sdk")


def node() -> str:
    """Node."""
    return command("node", "nodejs", "npm")


@cache
def tools() -> Path:
    """The folder with the tools, in the user's cache: there whole or not at all."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in PINS)).hexdigest()[:16]
    cached = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gateway-sdk-typescript"
    folder = cached / digest
    if not folder.exists():
        node()
        draft = cached / f"{digest}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        for name in PINS:
            shutil.copy(HERE / name, draft)
        run(command("npm", "npm"), "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=draft)
        draft.rename(folder)
    return folder


def workshop(folder: Path, package: bytes | None = None) -> Path:
    """`folder` as a project that has installed the package, or another one."""
    with tarfile.open(fileobj=io.BytesIO(package or packed()), mode="r:gz") as tar:
        tar.extraction_filter = getattr(tarfile, "data_filter", None)  # not there before Python 3.11.4
        tar.extractall(folder / "node_modules")
    (folder / "node_modules/package").rename(folder / "node_modules/sdk")
    (folder / "package.json").write_text('{"type": "module", "private": true}')
    return folder


def run(*line: str | Path, cwd: Path, given: str = "", **env: str) -> str:
    """What the program prints; its failure is told with all it said."""
    texts = [str(each) for each in line]
    done = subprocess.run(
        texts, cwd=cwd, input=given, env=os.environ | env, capture_output=True, text=True, check=False, timeout=380
    )
    assert done.returncode == 0, f"{texts}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
