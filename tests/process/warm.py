"""`python -m gateway …` and `python -m sandbox …`, forked from a process that has loaded their code: a start of seconds takes tenths.

What is forked has arguments, environment, folder and streams of its own, and differs from a program that was started in nothing
but where its code, and what is compiled of the built-in declarations, came from, and in that it writes documents when somebody
asks for them and not beforehand. Tests that are about starting start for themselves.
"""

from __future__ import annotations

import json
import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Final

from gateway import config
from gateway.process import child, preloader, publication
from gateway.process.embedded import sandbox as embedded
from gateway.process.preloader import Program

_ROOT: Final = Path(__file__).resolve().parents[2]
_BEGIN: Final = embedded._begin
_LOADED: Final = (
    "gateway.process.startup",
    "gateway.process.worker",
    "gateway.process.courier",
    "gateway.process.publisher",
    "gateway.cli.context",
    "gateway.cli.serve",
    "gateway.cli.tokens",
    "gateway.cli.tenants",
    "gateway.cli.clients",
    "gateway.cli.webhooks",
    "sandbox.__main__",
    "sandbox.serve",
    "alembic.command",  # each new data directory is migrated
)


class Warm:
    """A process that was forked so, as subprocess.Popen has one."""

    def __init__(
        self,
        program: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str],
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> None:
        """`program`: "gateway" or "sandbox", and its arguments. What is not given is not there: nothing is inherited."""
        self.args = [*program]
        self.returncode: int | None = None
        told = json.dumps({"program": self.args, "cwd": str(cwd), "env": dict(env)})
        with open(os.devnull, "r+b") as nothing:  # noqa: PTH123 - a device
            streams = [each if each is not None else nothing for each in (stdin, stdout, stderr)]
            numbers = [each if isinstance(each, int) else each.fileno() for each in streams]
            self.pid = _asked(told, numbers)

    def poll(self) -> int | None:
        """Its status, None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            handle = os.pidfd_open(self.pid)
            try:
                if not select.select([handle], [], [], timeout)[0]:
                    raise subprocess.TimeoutExpired(self.args, timeout or 0)
            finally:
                os.close(handle)
            self.returncode = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    program: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """As subprocess.run with text and both streams captured; `stdin` is empty when it is None."""
    with _file() as given, _file() as out, _file() as err:
        given.write((stdin or "").encode())
        given.seek(0)
        running = Warm(program, cwd=cwd, env=env, stdin=given, stdout=out, stderr=err)
        try:
            status = running.wait(timeout)
        finally:
            running.kill()
        texts = []
        for each in (out, err):
            each.seek(0)
            texts.append(each.read().decode())
    return subprocess.CompletedProcess(running.args, status, *texts)


def _file() -> IO[bytes]:
    return os.fdopen(os.memfd_create("stream"), "w+b")


@cache
def _line(owner: int) -> socket.socket:
    """The line to the process that has everything loaded, one for each process of tests (`owner`)."""
    child.adopt()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            child.module("tests.process.warm", str(owner), str(theirs.fileno())),
            cwd=_ROOT,
            env=child.environment(),
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
        )
    return ours


def _asked(told: str, descriptors: Sequence[int]) -> int:
    line = _line(os.getpid())
    program = Program("tests.process.warm", [told], {}, (0, 1, 2))
    socket.send_fds(line, [pickle.dumps(program)], descriptors)
    pid = int(line.recv(32) or b"0")
    if pid <= 0:
        _line.cache_clear()
        raise OSError(-pid, "nothing could be forked")
    return pid


def main(arguments: Sequence[str]) -> int:
    """What is forked: it becomes the program."""
    told = json.loads(arguments[0])
    os.chdir(told["cwd"])
    os.environ.clear()
    os.environ.update(told["env"])
    # What the program would have had from the start.
    sys.path[:0] = [each for each in told["env"].get("PYTHONPATH", "").split(os.pathsep) if each not in sys.path]
    embedded._begin = _begun
    return _run(told["program"])


def _run(program: Sequence[str]) -> int:
    name, *rest = program
    sys.argv = [name, *rest]
    child.rename(" ".join(sys.argv))
    status: int | None = import_module(f"{name}.__main__").main(*([rest] if name == "sandbox" else []))
    return status or 0


def _begun(data_dir: Path, options: Sequence[str], port: int, control_key: str) -> embedded.Begun:
    """The sandbox beside a gateway, forked from that like all the others: as long as it has one thread and no event loop."""
    if threading.active_count() > 1:
        return _BEGIN(data_dir, options, port, control_key)
    hearing, telling = os.pipe()
    gateway = os.getpid()
    pid = os.fork()
    if pid:
        os.close(telling)
        return embedded.Begun(pid, hearing, control_key)
    status = 1
    try:
        child.hold(gateway)
        os.setsid()
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(telling, 1)
        child.keep_only((0, 1, 2))
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.environ["SANDBOX_CONTROL_KEY"] = control_key
        status = _run(("sandbox", "serve", "--db", str(embedded.database(data_dir)), "--port", str(port), *options))
    except SystemExit as ending:
        status = int(ending.code or 0)
    finally:
        sys.stdout.flush()
        os._exit(status)


if __name__ == "__main__":
    for module in _LOADED:
        import_module(module)
    preloader.load(config.load(None, {}, {}))
    # Two seconds' work for each gateway that lives longer than five, and few are asked for a page.
    publication.QUIET = 3600.0
    preloader.serve(socket.socket(fileno=int(sys.argv[2])), int(sys.argv[1]))
