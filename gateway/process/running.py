"""Whether a gateway runs on a data directory, and where its health can be asked. The standard library only.

A container engine asks every few seconds (`gateway healthy`), each time in a new process: whatever is imported here is paid
for as often. So the answer of the admin port is read from a plain socket as well.
"""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

UNHEALTHY = 1  # what container engines expect of a health check; they keep 2 to themselves
_PATIENCE = 2.0  # seconds
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def is_claimed(data_dir: Path) -> bool:
    """Whether a gateway holds the lock of the directory."""
    try:
        with (data_dir / "lock").open() as lock:
            return not locked(lock, fcntl.LOCK_SH)
    except FileNotFoundError:
        return False


def locked(lock: IO[str], how: int) -> bool:
    """Whether the lock could be had, at once."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def facts_file(data_dir: Path) -> Path:
    """Where the running gateway says where it is."""
    return data_dir / "running.json"


def reload_file(data_dir: Path) -> Path:
    """Where the running gateway says what became of its last reload."""
    return data_dir / "reload.json"


def supervisor(data_dir: Path) -> int | None:
    """The process id of the gateway on `data_dir`; None when none runs there, or none that has started."""
    if not is_claimed(data_dir):
        return None
    try:
        return int(json.loads(facts_file(data_dir).read_text())["pid"])
    except (FileNotFoundError, KeyError, ValueError, TypeError):
        return None


def admin_address(data_dir: Path) -> tuple[str, int] | None:
    """Host and port where the gateway on `data_dir` said that its health can be asked.

    None when none runs there, or none that has started: whatever listens where a killed one did is another gateway.
    Raises OSError when the directory cannot be looked into.
    """
    if not is_claimed(data_dir):
        return None
    try:
        host, port = json.loads(facts_file(data_dir).read_text())["admin"]
        return str(host), int(port)
    except (FileNotFoundError, KeyError, ValueError, TypeError):
        # Another release may write other facts.
        return None


def unhealthy(directory: Path) -> str | None:
    """What is wrong with the gateway on the directory, in one line; None when it answers."""
    try:
        address = admin_address(directory)
    except OSError as error:
        return f"cannot look into the data directory: {error}"
    if address is None:
        return f"no gateway has started on {directory}"
    host, port = address
    try:
        status = _status(reached(host), port)
    except (OSError, ValueError, IndexError) as error:
        return f"the admin port {port} on {host} does not answer: {str(error) or type(error).__name__}"
    return None if status == 200 else f"the admin port {port} on {host} answers {status}"


def reached(host: str) -> str:
    """By which address whoever listens on `host` is asked from here."""
    return _EVERYWHERE.get(host, host)


def _status(host: str, port: int) -> int:
    with socket.create_connection((host, port), _PATIENCE) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return int(connection.makefile("rb").readline(1000).split()[1])


def told(arguments: Sequence[str], env: Mapping[str, str]) -> Path | None:
    """The data directory of `gateway healthy` where nothing has to be read to know it; None where a file may name it."""
    match [*arguments]:
        case ["--data-dir", directory] if directory:
            return Path(directory).absolute()
        case [] if env.get("GATEWAY_DATA_DIR") and not env["GATEWAY_DATA_DIR"].startswith(("[", "{", "'", '"')):
            return Path(env["GATEWAY_DATA_DIR"]).absolute()
    return None


def main() -> bool:
    """Whether this process was `gateway healthy`, which has been answered then by its exit status and a line."""
    directory = told(sys.argv[2:], os.environ) if sys.argv[1:2] == ["healthy"] else None
    if directory is None:
        return False
    if fault := unhealthy(directory):
        sys.exit(f"gateway: {fault}")  # which is UNHEALTHY, and on stderr
    return True
