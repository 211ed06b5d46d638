"""Deterministic data: the same rows, ids, keys and passwords each time."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

from sandbox import schema
from sandbox.directory import ROLES
from sandbox.entities import ENTITIES
from sandbox.seed_rows import SeedTenant, rows
from sandbox.store import Store, connect, transaction

# raise when tables or seeded data change: a database of another edition is seeded anew
EDITION = "2"
_FURTHER_TENANTS_CONTACTS = 2000
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_TENANTS = (("meridian", "Meridian Trading"), ("juniper", "Juniper Works"), ("quietco", "Quiet & Co"))
_EMPTY = "quietco"
_PEOPLE = ("Olu Adeyemi", "Ana Ruiz", "Max Weber", "Mina Park", "Vera Holm")


def prepare(path: Path, contacts: int) -> sqlite3.Connection:
    """Opens the database at `path` and seeds it when it is new or of another edition."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    if _edition(connection) != EDITION:
        seed(connection, contacts)
    return connection


def open_seeded(path: Path) -> sqlite3.Connection | None:
    """Opens a database that has been seeded before; None when there is none."""
    if not path.is_file():
        return None
    connection = connect(path)
    if _edition(connection) == EDITION:
        return connection
    connection.close()
    return None


def _edition(connection: sqlite3.Connection) -> str | None:
    try:
        found = connection.execute("SELECT value FROM meta WHERE name = 'edition'").fetchone()
    except sqlite3.OperationalError:
        return None
    return found[0] if found is not None else None


def meta(connection: sqlite3.Connection, name: str) -> str:
    value: str = connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
    return value


def seed(connection: sqlite3.Connection, contacts: int, service_key: str | None = None) -> None:
    """Replaces everything. One transaction: a process that dies here leaves the database as it was."""
    with transaction(connection):
        for (table,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall():
            connection.execute(f"DROP TABLE {table}")
        for statement in schema.BASE_TABLES:
            connection.execute(statement)
        for entity in ENTITIES:
            for statement in schema.tables(entity):
                connection.execute(statement)
        store = Store(connection)
        for number, (handle, name) in enumerate(_TENANTS, start=1):
            _tenant(store, number, handle, name, contacts)
        for entity in ENTITIES:
            for statement in schema.indexes(entity):
                connection.execute(statement)
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("ANALYZE")
        entries = {
            "edition": EDITION,
            "contacts": str(contacts),
            "service_key": service_key or f"svc_{secrets.token_hex(24)}",
        }
        connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", entries.items())


def _tenant(store: Store, number: int, handle: str, name: str, contacts: int) -> None:
    random = Random(f"sandbox:{handle}")
    tenant_id = _cuid(random)
    api_key = f"sk_{handle}_{random.randbytes(20).hex()}"
    store.connection.execute("INSERT INTO tenants VALUES (?, ?, ?, ?)", (number, tenant_id, name, api_key))
    users = list(_users(random, number, handle))
    store.connection.executemany(
        "INSERT INTO users (id, tenant, email, name, password, role, active) VALUES (?, ?, ?, ?, ?, ?, 1)", users
    )
    if number > 1:
        contacts = min(contacts, _FURTHER_TENANTS_CONTACTS)
    tenant = SeedTenant(tenant_id, {user[0]: user[5] for user in users}, 0 if handle == _EMPTY else contacts, random)
    for entity, made in rows(tenant):
        store.insert(entity, number, made)


def _users(random: Random, number: int, handle: str) -> Iterator[tuple[Any, ...]]:
    for role, person in zip(ROLES, _PEOPLE, strict=True):
        password = f"{role}-{random.randbytes(4).hex()}"
        yield _cuid(random), number, f"{role}@{handle}.example", person, password, role


def _cuid(random: Random) -> str:
    return "clx" + "".join(random.choices(_BASE36, k=22))


class Pristine:
    """Puts the seeded data back. The first time costs a seeding into memory, later times a copy of its pages."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._copy: sqlite3.Connection | None = None

    def restore(self, afterwards: Callable[[], None]) -> None:
        if self._copy is None:
            self._copy = sqlite3.connect(":memory:", isolation_level=None)
            seed(self._copy, int(meta(self._connection, "contacts")), meta(self._connection, "service_key"))
        self._copy.backup(self._connection)
        afterwards()
