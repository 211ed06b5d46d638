"""The image, built by buildah from the Dockerfile on a base of Debian's, since no registry of images can be reached here.

Base and wheels are kept in CACHE: the first time takes a minute more than later ones.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.needs import from_debian

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = Path(os.environ.get("GATEWAY_IMAGE_CACHE", "/var/cache/gateway-image"))
SUITE: Final = "trixie"  # whose Python is the 3.13 of the Dockerfile
BASE: Final = "localhost/base"
IMAGE: Final = "localhost/gateway"
LOCKS: Final = ("requirements.lock", "requirements-build.lock")
PLATFORMS: Final = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "any")


def run(*line: object, **more: Any) -> str:
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(part) for part in line], capture_output=True, text=True, check=False, **more
    )
    assert done.returncode == 0, f"{line}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
    return done.stdout.strip()


def buildah(*line: object) -> str:
    """One command, in a store of our own."""
    store = ("--root", CACHE / "store", "--runroot", CACHE / "run", "--storage-driver", "overlay")
    return run("buildah", *store, *line, env=os.environ | {"BUILDAH_ISOLATION": "chroot"})


def ready() -> None:
    """Have what building needs: two programs, the base, the wheels."""
    for program in ("buildah", "mmdebstrap"):
        from_debian(program, program)
    CACHE.mkdir(mode=0o700, parents=True, exist_ok=True)
    if BASE not in buildah("images", "--format", "{{.Name}}"):
        _base()
    _wheels()


def build(tag: str, *more: str) -> str:
    """The digest of the image of this tree."""
    (CACHE / "pip.conf").write_text("[global]\nno-index = true\nfind-links = /wheels\n")
    volumes = ("--volume", f"{CACHE / 'wheels'}:/wheels:ro", "--volume", f"{CACHE / 'pip.conf'}:/etc/pip.conf:ro")
    name = f"{IMAGE}:{tag}"
    buildah("bud", "--quiet", "--pull-never", "--format", "docker", "--timestamp", 0, "--build-arg", f"BASE={BASE}",
            *volumes, *more, "--tag", name, ROOT)  # fmt: skip
    return str(inspected(tag)["FromImageDigest"])


def inspected(tag: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(buildah("inspect", "--type", "image", f"{IMAGE}:{tag}"))
    return found


@contextmanager
def mounted(tag: str) -> Iterator[Path]:
    """The files of the image."""
    container = buildah("from", "--pull-never", f"{IMAGE}:{tag}")
    try:
        yield Path(buildah("mount", container))
    finally:
        buildah("rm", container)


def _base() -> None:
    """What `python:3.13-slim` is, as far as the Dockerfile knows: Debian, `python`, and a pip that is not the distribution's."""
    root = CACHE / SUITE
    shutil.rmtree(root, ignore_errors=True)
    packages = "--include=python3,python3-venv,ca-certificates"
    run("mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", packages, SUITE, root, _mirror())
    (root / "usr/lib/python3.13/EXTERNALLY-MANAGED").unlink()
    (root / "usr/bin/python").symlink_to("python3")
    (wheel,) = (root / "usr/share/python-wheels").glob("pip-*.whl")
    pip = f"/usr/share/python-wheels/{wheel.name}"
    run("chroot", root, "python", f"{pip}/pip", "install", "--quiet", "--no-index", pip)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, root, "/")
    buildah("commit", "--quiet", "--rm", "--timestamp", 0, container, BASE)
    shutil.rmtree(root)


def _mirror() -> str:
    """Where this machine has its own packages from."""
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    return run(
        "apt-get", "indextargets", "--format", "$(REPO_URI)", f"Release: {release}", "Created-By: Packages"
    ).split()[0]


def _wheels() -> None:
    """What the lock files name, as wheels for the Python of the image, by their hashes."""
    locks = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in LOCKS)).hexdigest()
    mark = CACHE / "wheels" / locks
    if mark.exists():
        return
    shutil.rmtree(CACHE / "wheels", ignore_errors=True)
    platforms = [part for name in PLATFORMS for part in ("--platform", name)]
    wanted = [part for name in LOCKS for part in ("--requirement", ROOT / name)]
    run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
        "--python-version", "3.13", "--implementation", "cp", *platforms, "--dest", CACHE / "wheels", *wanted)  # fmt: skip
    mark.touch()
