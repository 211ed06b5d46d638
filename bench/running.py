"""Processes under measurement: started on one core, watched for CPU and memory, ended together."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

CORES = sorted(os.sched_getaffinity(0))
UNDER_TEST, AROUND = CORES[0], CORES[-1]
"""The core of the system under test, and that of everything around it: stub, store, load generator."""


class Process:
    """A child on one core; what it prints goes to `log`, or nowhere."""

    def __init__(
        self,
        line: Sequence[str],
        core: int,
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.log = log
        with (log or Path(os.devnull)).open("wb") as out:
            self._child = subprocess.Popen(
                ["taskset", "-c", str(core), *line],
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=out,
                start_new_session=True,
            )
        self.pid = self._child.pid

    def wait_for(self, port: int, seconds: float = 30.0) -> None:
        """Until it listens on the port."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self._child.poll() is not None:
                break
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return
            time.sleep(0.05)
        said = self.log.read_text()[-2000:] if self.log else ""
        raise RuntimeError(f"{self._child.args!r} does not answer on port {port}: {said}")

    def stop(self) -> None:
        if self._child.poll() is None:
            self._child.send_signal(signal.SIGTERM)
            try:
                self._child.wait(20)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        found: int = probe.getsockname()[1]
        return found


def children(pid: int) -> list[int]:
    """All descendants."""
    found = [pid]
    for each in found:
        with suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found[1:]


def command(pid: int) -> str:
    """The command line; empty of a process that has ended."""
    with suppress(OSError):
        return _command(pid)
    return ""


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


def threads(pid: int) -> list[int]:
    """The kernel's numbers of a process's threads."""
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def pin(pid: int, *cores: int) -> None:
    """Move a process with all its threads."""
    for thread in threads(pid):
        os.sched_setaffinity(thread, cores)


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that the processes' living threads have used, to the nanosecond."""
    total = 0
    for pid in pids:
        with suppress(OSError):  # one that has ended
            for task in Path(f"/proc/{pid}/task").iterdir():
                with suppress(OSError):
                    total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def user_and_kernel(pid: int) -> tuple[int, int]:
    """CPU of a process in the kernel's ticks: its own code's, and the kernel's on its behalf."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]), int(fields[12])


def resident_mb(pids: Sequence[int]) -> float:
    """Resident memory of the processes together, in MB (10⁶ bytes)."""
    total = 0
    for pid in pids:
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        total += int(found[1]) if found else 0
    return round(total * 1024 / 1e6, 1)


def open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def fetch(
    port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, dict[str, str], bytes]:
    """One request: status, headers (lower-cased names), body."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}", data=body or None, headers=dict(headers), method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()
