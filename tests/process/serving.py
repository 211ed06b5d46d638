"""A real gateway as a child process, on a data directory and on ports of its own."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from gateway.keys import keyring_file
from gateway.process import child
from tests.process import warm
from tests.process.warm import Warm

ROOT = Path(__file__).resolve().parents[2]
VERSION = "2026-09-01"


def environment(**extra: str) -> dict[str, str]:
    """Ours, without what would configure the gateway, and with ports that are free."""
    inherited = {name: value for name, value in child.environment().items() if not name.startswith("GATEWAY_")}
    return {**inherited, "GATEWAY_PORT": "0", "GATEWAY_ADMIN_PORT": "0", "GATEWAY_WEBHOOKS__COURIERS": "0", **extra}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "gateway", *arguments]


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def crowding() -> float:
    """How much longer than alone a process takes: with more work than processors, each waits its turn."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def ask(port: int, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Version": VERSION}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Served:
    """A started gateway."""

    def __init__(self, home: Path, *arguments: str, **env: str) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.data_dir = home / "data"
        self.out = home / "stdout"
        self.err = home / "stderr"
        _set_aside(self.out, self.err)
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = self._begun(
                ("serve", *arguments, "--data-dir", str(self.data_dir)), environment(**env), out, err
            )

    def _begun(
        self, arguments: tuple[str, ...], env: dict[str, str], out: IO[bytes], err: IO[bytes]
    ) -> "Warm | subprocess.Popen[bytes]":
        return Warm(("gateway", *arguments), cwd=self.home, env=env, stdout=out, stderr=err)

    def wait_started(self) -> "Served":
        started = self.wait_for("started")
        self.port, self.admin_port = int(started["port"]), int(started["admin_port"])
        until = time.monotonic() + 5
        while not (found := re.search(r"Bearer (\S+)'", self.err.read_text())):
            assert time.monotonic() < until, self.err.read_text()
            time.sleep(0.005)
        self.token = found[1]
        return self

    def events(self) -> list[dict[str, Any]]:
        # A request's line leaves a turn of the worker's loop after its answer.
        time.sleep(0.05)
        return [json.loads(line) for line in self.out.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def wait_for(self, event: str, count: int = 1, seconds: float = 90.0) -> dict[str, Any]:
        until = time.monotonic() + seconds
        while True:
            found = [line for line in self.events() if line["event"] == event]
            if len(found) >= count:
                return found[count - 1]
            ended = self.process.poll() is not None
            assert not ended and time.monotonic() < until, self.err.read_text() + self.out.read_text()
            time.sleep(0.01)

    def reload(self) -> Any:
        """Have the configuration read anew, as `gateway reload` does without a process of its own → what became of it."""
        file, until = self.data_dir / "reload.json", time.monotonic() + 60
        number = json.loads(file.read_text())["number"]
        self.process.send_signal(signal.SIGHUP)
        while (told := json.loads(file.read_text()))["number"] == number or told["state"] == "reloading":
            assert time.monotonic() < until, self.out.read_text()[-2000:]
            time.sleep(0.02)
        return told

    def ask(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        return ask(self.port, method, path, body, token or self.token)

    def admin(self, path: str) -> Answer:
        return ask(self.admin_port, "GET", path)

    def facts(self) -> Any:
        return json.loads(json.loads((self.data_dir / "running.json").read_text())["runtime"])

    def run(self, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
        return run(self.home, *arguments, stdin=stdin)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


class Cold(Served):
    """One that is started as operators do, and loads its code: for tests that are about that."""

    def _begun(
        self, arguments: tuple[str, ...], env: dict[str, str], out: IO[bytes], err: IO[bytes]
    ) -> "Warm | subprocess.Popen[bytes]":
        return subprocess.Popen(command(*arguments), cwd=self.home, env=env, stdout=out, stderr=err)


def _set_aside(*streams: Path) -> None:
    """What a gateway on the same home said before stays beside it: why it ended may be in it."""
    for each in streams:
        if each.exists():
            each.rename(each.with_suffix(f".{len([*each.parent.glob(f'{each.name}.*')])}"))


def founded(home: Path) -> Path:
    """The data directory below `home` as of a gateway that has not served anybody yet."""
    data_dir = home / "data"
    data_dir.mkdir()
    keyring_file.create(data_dir / "keyring.json")
    return data_dir


def run(home: Path, *arguments: str, stdin: str | None = None) -> "subprocess.CompletedProcess[str]":
    """A `gateway` command on the data directory below `home`."""
    program = ("gateway", *arguments, "--data-dir", str(home / "data"))
    return warm.run(program, cwd=home, env=environment(), stdin=stdin)


def is_one_line(refused: "subprocess.CompletedProcess[str]", says: str, code: int) -> None:
    """A command that ended with `code` and one line on stderr, which holds `says`."""
    assert refused.returncode == code, refused.stderr
    assert says in refused.stderr
    assert refused.stderr.count("\n") == 1, refused.stderr


@contextmanager
def served(home: Path, *arguments: str, **env: str) -> Iterator[Served]:
    with until_stopped(Served(home, *arguments, **env)) as gateway:
        yield gateway


@contextmanager
def until_stopped(gateway: Served) -> Iterator[Served]:
    try:
        yield gateway.wait_started()
    finally:
        gateway.stop()


def family(pid: int) -> list[int]:
    """All descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [pid]
    for each in found:
        found.extend(child for child, parent in parents.items() if parent == each)
    return found[1:]


def running(pid: int, module: str) -> list[int]:
    """Those descendants of a process that run `module`."""
    found = []
    for each in family(pid):
        # Some are gone before they are looked at.
        with suppress(OSError):
            if module.encode() in (Path(f"/proc/{each}") / "cmdline").read_bytes() and alive(each):
                found.append(each)
    return found


def alive(pid: int) -> bool:
    try:
        return (Path(f"/proc/{pid}") / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pids: list[int], seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while left := [pid for pid in pids if alive(pid)]:
        assert time.monotonic() < until, f"still alive: {left}"
        time.sleep(0.01)
