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
from typing import IO, Final

from gateway.config.runtime import Runtime

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
        """Let other commands find the parts of this instance. Holds service keys: readable by this user only.

        admin: host and port of the admin port, as it listens.
        """
        announced = _facts(self.data_dir).with_suffix(".new")
        announced.unlink(missing_ok=True)
        with os.fdopen(os.open(announced, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(json.dumps({"pid": os.getpid(), "admin": admin, "runtime": runtime.to_json()}))
        announced.rename(_facts(self.data_dir))


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
        while not _locked(lock, fcntl.LOCK_EX):
            if time.monotonic() > until:
                raise CannotStartError(
                    f"another gateway is running on the data directory {data_dir}. "
                    "Stop it first, or choose another directory with --data-dir."
                )
            time.sleep(_POLL)
        _facts(data_dir).unlink(missing_ok=True)
        try:
            yield Claim(data_dir)
        finally:
            _facts(data_dir).unlink(missing_ok=True)


def running(data_dir: Path) -> Runtime | None:
    """What the gateway on `data_dir` made of its settings, or None when none runs.

    Waits for one that is just starting, up to STARTING_UP seconds.
    """
    until = time.monotonic() + STARTING_UP
    while _is_claimed(data_dir):
        try:
            return Runtime.from_json(json.loads(_facts(data_dir).read_text())["runtime"])
        except FileNotFoundError:
            if time.monotonic() > until:
                return None
            time.sleep(_POLL)
    return None


def admin_address(data_dir: Path) -> tuple[str, int] | None:
    """Host and port where the gateway on `data_dir` said that its health can be asked.

    None when none runs there, or none that has started: whatever listens where a killed one did is another gateway.
    Raises OSError when the directory cannot be looked into.
    """
    if not _is_claimed(data_dir):
        return None
    try:
        host, port = json.loads(_facts(data_dir).read_text())["admin"]
        return str(host), int(port)
    except (FileNotFoundError, KeyError, ValueError, TypeError):
        # Another release may write other facts.
        return None


def _is_claimed(data_dir: Path) -> bool:
    try:
        with (data_dir / "lock").open() as lock:
            return not _locked(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def _locked(lock: IO[str], how: int) -> bool:
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _facts(data_dir: Path) -> Path:
    return data_dir / "running.json"
