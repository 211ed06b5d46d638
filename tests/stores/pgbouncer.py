"""A real PgBouncer in transaction mode in front of a PostgreSQL, from Debian's package, which is installed when it is missing."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from bench.needs import from_debian, program_path


@contextmanager
def pooled(url: str, *, connections: int = 2) -> Iterator[str]:
    """Yields the URL of the same database through a PgBouncer that has `connections` to it, with its own defaults else."""
    from_debian("pgbouncer", "pgbouncer")
    parts = urlsplit(url)
    (folder,) = parse_qs(parts.query)["host"]
    home = Path(tempfile.mkdtemp(prefix="bouncer", dir="/tmp"))
    user = pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
    (home / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={folder} user={parts.username}\n"
        f"[pgbouncer]\nlisten_addr =\nunix_socket_dir = {home}\nlisten_port = 6432\nauth_type = any\n"
        f"pool_mode = transaction\ndefault_pool_size = {connections}\n"
    )
    if user is not None:
        home.chmod(0o755)
        (home / "pgbouncer.ini").chmod(0o644)
        os.chown(home, user, -1)
    with (home / "log").open("wb") as log:
        bouncer = subprocess.Popen(
            [program_path("pgbouncer"), home / "pgbouncer.ini"], stdout=log, stderr=log, user=user, cwd="/"
        )
    try:
        found = f"postgresql://{parts.username}@{parts.path}?host={home}&port=6432"
        _wait(found, bouncer, home / "log")
        yield found
    finally:
        bouncer.kill()
        bouncer.wait()
        shutil.rmtree(home)


def _wait(url: str, bouncer: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and bouncer.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.02)
    raise RuntimeError(f"PgBouncer did not start: {log.read_text()}")
