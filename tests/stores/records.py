"""Records that the SQL tests store, processes that they start beside themselves, and what SQL is asked."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event

from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.tokens import Token

NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
TENANT = Tenant("clx1", "Ünïcode & Söhne", "sealed", NOW)
TOKEN = Token(
    id="a" * 24,
    tenant_id="clx1",
    user_id="clxu",
    user_email="u@example.com",
    name="CI",
    kind="personal",
    hash=b"\x00" * 31 + b"a",
    hash_key_id="00000001",
    display_prefix="gw_pat_abcd",
    scopes=("contact.read", "deal.all"),
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
    family="a" * 24,
)


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    """Lets the process go on, once it is ready."""
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def successor_of(old: Token, mark: str) -> Token:
    return replace(old, id=mark * 24, hash=mark.encode() * 32, replaces=old.id, created_at=NOW + timedelta(hours=1))


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every SQL statement of this process, from any engine."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
