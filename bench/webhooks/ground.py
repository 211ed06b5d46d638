"""What couriers are measured on: databases, the internal services and the receivers, all on the outer core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psycopg

from bench import needs, stub
from bench.running import AROUND, children, fetch, pin
from gateway.stores.sql.migrate import migrate
from tests.certificates import make_authority
from tests.stores.postgres import Postgres, running_server

ENDPOINTS: Final = 50
DATABASES: Final = ("postgresql", "postgresql, no fsync", "sqlite")


def address(number: int) -> str:
    """Each endpoint has an address of its own, and so is a host of its own."""
    return f"127.0.1.{number + 1}"


@dataclass
class Receivers:
    """The process that all endpoints are. `pid`: of it; `port`: plain, `secure`: TLS 1.3 with `ca_file`."""

    pid: int
    port: int
    secure: int
    ca_file: str

    def count(self) -> int:
        """How many deliveries there were."""
        found: int = self._asked("/count")
        return found

    def seen(self) -> list[tuple[str, str, float]]:
        """Id, path and moment (monotonic, ms) of those since it was asked last."""
        return [(each[0], each[1], each[2]) for each in self._asked("/seen")]

    def release(self) -> None:
        """Answer those that hang."""
        self._asked("/release")

    def wait_for(self, count: int, seconds: float = 300.0) -> float:
        """Returns the moment (`perf_counter`) at which so many had come, to 10 ms. TimeoutError when they do not."""
        until = time.monotonic() + seconds
        while self.count() < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{self.count()} of {count} deliveries have come")
            time.sleep(0.01)
        return time.perf_counter()

    def _asked(self, path: str) -> Any:
        return json.loads(fetch(self.port, "GET", path, {})[2])


@dataclass
class Ground:
    """`servers`: PostgreSQL by name in `DATABASES`, started when one is asked for."""

    home: Path
    stack: ExitStack
    stub_port: int
    receivers: Receivers
    servers: dict[str, Postgres] = field(default_factory=dict)
    _made: int = 0

    def folder(self, name: str) -> Path:
        """An empty folder."""
        self._made += 1
        path = self.home / f"{self._made}-{name.partition(',')[0]}"
        path.mkdir(parents=True)
        return path

    def database(self, kind: str, *, laid_out: bool = True) -> str:
        """The URL of a new database of a kind in `DATABASES`, with the gateway's tables unless not `laid_out`."""
        if kind == "sqlite":
            url = f"sqlite:///{self.folder('sqlite') / 'bench.db'}"
        else:
            server = self._server(kind)
            self._made += 1
            with psycopg.connect(server.url, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE bench{self._made}".encode())
            url = server.url.replace("/postgres?", f"/bench{self._made}?")
        if laid_out:
            migrate(url)
        return url

    def database_pids(self) -> list[int]:
        """Every process of the PostgreSQL servers."""
        return [pid for server in self.servers.values() for pid in (server.process.pid, *children(server.process.pid))]

    def _server(self, kind: str) -> Postgres:
        if kind not in self.servers:
            server = self.stack.enter_context(running_server(durable=kind != "postgresql, no fsync"))
            for pid in (server.process.pid, *children(server.process.pid)):
                pin(pid, AROUND)
            self.servers[kind] = server
        return self.servers[kind]


@contextmanager
def ground() -> Iterator[Ground]:
    """All of it, for as long as the context lasts."""
    needs.load_generator()
    needs.nginx()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as folder, ExitStack() as stack:
        home = Path(folder)
        home.chmod(0o755)
        service, port = stub.start(home / "stub")
        stack.callback(service.stop)
        # What waits in the disk's line from before is not ours to wait for.
        os.sync()
        yield Ground(home, stack, port, stack.enter_context(_receivers(home)))


@contextmanager
def _receivers(home: Path) -> Iterator[Receivers]:
    authority = make_authority(home)
    pem = authority.identity(*map(address, range(ENDPOINTS)))
    line = ["taskset", "-c", str(AROUND), sys.executable, "-m", "bench.webhooks.receiver", str(pem)]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    try:
        assert process.stdout is not None
        ports: Sequence[int] = json.loads(process.stdout.readline())
        yield Receivers(process.pid, ports[0], ports[1], authority.file)
    finally:
        process.kill()
        process.wait()
