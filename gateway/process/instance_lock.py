"""One gateway a data directory: the lock that says so, and the facts that other commands need about the running one."""

import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.config.runtime import Runtime
from gateway.process.running import facts_file, is_claimed, locked
from gateway.stores.private_files import keep_from_others

STARTING_UP: Final = 20.0
_POLL: Final = 0.05
_LOOKING: Final = 0.5  # seconds in which whoever looks for a running gateway has let go of the lock again


def instance_name(public_port: int) -> str:
    """What this gateway is called in log lines: one name each for several on one machine, and for one on each of several."""
    return f"{socket.gethostname()}:{public_port}"


class CannotStartError(Exception):
    """A reason not to start, as one line that says what to do about it. `code` is the exit status."""

    def __init__(self, line: str, code: int = 5) -> None:
        # What a driver says may come in several lines.
        super().__init__(" ".join(line.split()))
        self.code = code


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run on a data directory."""

    data_dir: Path

    def publish(self, runtime: Runtime, admin: tuple[str, int]) -> None:
        """Let other commands find the parts of this instance: `runtime` without what the configuration tells them itself.

        No secret of the deployment's is in it; the key of an embedded sandbox is.

        admin: host and port of the admin port, as it listens.
        """
        announced = facts_file(self.data_dir).with_suffix(".new")
        announced.unlink(missing_ok=True)
        with os.fdopen(os.open(announced, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps({"pid": os.getpid(), "admin": admin, "runtime": runtime.to_json()}))
        announced.rename(facts_file(self.data_dir))


def keep_private() -> None:
    """Whatever this process and its children make from now on can be read by this user only: databases and what lies beside.

    For the beginning of a program: a process has one mask.
    """
    os.umask(0o077)


def prepare(data_dir: Path) -> None:
    """Make the directory (this user only) and see that it can be written; CannotStartError otherwise."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = data_dir / f".writable-{os.getpid()}"
        probe.touch(mode=0o600)
        probe.unlink()
    except OSError as error:
        raise CannotStartError(
            f"cannot write to the data directory {data_dir}: {error.strerror}. "
            "Give this user the directory, or choose another with --data-dir.",
            code=2,
        ) from error


@contextmanager
def claimed(data_dir: Path) -> Iterator[Claim]:
    """Hold the data directory for this process. The kernel drops the lock with the process, however it ends."""
    prepare(data_dir)
    with (data_dir / "lock").open("a") as lock:
        until = time.monotonic() + _LOOKING
        while not locked(lock, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise CannotStartError(
                    f"another gateway is running on the data directory {data_dir}. "
                    "Stop it first, or choose another directory with --data-dir."
                )
            time.sleep(_POLL)
        facts_file(data_dir).unlink(missing_ok=True)
        for kept in (*data_dir.glob("*.db*"), *data_dir.glob("keyring.json")):
            keep_from_others(kept)
        try:
            yield Claim(data_dir)
        finally:
            facts_file(data_dir).unlink(missing_ok=True)


def running(data_dir: Path) -> Runtime | None:
    """What the gateway on `data_dir` made of its settings, or None when none runs.

    Waits for one that is just starting, up to STARTING_UP seconds.
    """
    until = time.monotonic() + STARTING_UP
    while is_claimed(data_dir):
        try:
            return Runtime.from_json(json.loads(facts_file(data_dir).read_text())["runtime"])
        except FileNotFoundError:
            if time.monotonic() > until:
                return None
            time.sleep(_POLL)
    return None
