"""Deterministic data: the same rows, ids, keys and passwords each time."""

import secrets
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from random import Random
from typing import Any

from sandbox import ledger, prebuilt, schema, seeds
from sandbox.directory import ROLES
from sandbox.entities import ENTITIES
from sandbox.scene import Workspace
from sandbox.seed_rows import SeedTenant, rows
from sandbox.seeds.firm import Firm
from sandbox.seeds.scene import Counter
from sandbox.store import Store, connect, transaction

# raise when tables or seeded data change: a database of another edition is seeded anew
EDITION = "4"
KEPT_UP_TO = 5000  # contacts; a database with more is made anew each time
_FURTHER_TENANTS_CONTACTS = 2000
_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_EMPTY = "quietco"
_SINCE = "2025-01-01T00:00:00.000Z"
_REFERRED = 500
_PEOPLE = ("Olu Adeyemi", "Ana Ruiz", "Max Weber", "Mina Park", "Vera Holm")


@dataclass(frozen=True, slots=True)
class Setting:
    """scale: what an amount of rupees is divided by in the firm's own currency · share: see Firm."""

    handle: str
    name: str
    workspace: Workspace
    scale: int
    share: float = 1


_TENANTS = (
    Setting("meridian", "Meridian Trading", Workspace("INR", 18, "2025-03-31", negative_stock=False), 1),
    Setting("juniper", "Juniper Works", Workspace("USD", 10, "2025-06-30", negative_stock=True), 12),
    Setting("quietco", "Quiet & Co", Workspace("EUR", 20, "2024-12-31", negative_stock=False), 12),
)


def prepare(path: Path, contacts: int) -> sqlite3.Connection:
    """Opens the database at `path` and seeds it when it is new or of another edition."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    if _edition(connection) != EDITION:
        fill(connection, contacts)
        key = f"svc_{secrets.token_hex(24)}"
        connection.execute("UPDATE meta SET value = ? WHERE name = 'service_key'", (key,))
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


def fill(connection: sqlite3.Connection, contacts: int) -> None:
    """Replaces all that is in the database by what is seeded."""
    kept = str(contacts) if contacts <= KEPT_UP_TO else None
    prebuilt.fill(connection, kept, lambda made: seed(made, contacts))


def seed(connection: sqlite3.Connection, contacts: int) -> None:
    """Fills an empty database."""
    living = (min(contacts, _FURTHER_TENANTS_CONTACTS) if number else contacts for number in range(len(_TENANTS)))
    found = [(one, 0 if one.handle == _EMPTY else count) for one, count in zip(_TENANTS, living, strict=True)]
    seed_tenants(connection, found, contacts)


def seed_tenants(connection: sqlite3.Connection, found: Sequence[tuple[Setting, int]], contacts: int) -> None:
    """Fills an empty database with these tenants, each with so many contacts."""
    with transaction(connection):
        for statement in schema.BASE_TABLES:
            connection.execute(statement)
        for entity in ENTITIES:
            for statement in schema.tables(entity):
                connection.execute(statement)
        store = Store(connection)
        counter = Counter()
        for number, (setting, living) in enumerate(found, start=1):
            _tenant(store, number, setting, counter, living)
        connection.execute("INSERT INTO sequences VALUES ('keys', ?)", (counter.value,))
        for entity in ENTITIES:
            for statement in schema.indexes(entity):
                connection.execute(statement)
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("ANALYZE")
        entries = {"edition": EDITION, "contacts": str(contacts), "service_key": ""}
        connection.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", entries.items())


def _tenant(store: Store, number: int, setting: Setting, counter: Counter, contacts: int) -> None:
    random = Random(f"sandbox:{setting.handle}")
    tenant_id = _cuid(random)
    api_key = f"sk_{setting.handle}_{random.randbytes(20).hex()}"
    workspace = setting.workspace
    store.connection.execute(
        "INSERT INTO tenants VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, tenant_id, setting.name, api_key, *astuple(workspace)),
    )
    users = list(_users(random, number, setting.handle))
    store.connection.executemany(
        "INSERT INTO users (id, tenant, email, name, password, role, active, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)",
        [(*user, _SINCE, _SINCE) for user in users],
    )
    roles = {user[0]: user[5] for user in users}
    tenant = SeedTenant(tenant_id, workspace, random, counter, users=roles, contacts=contacts)
    for entity, made in rows(tenant):
        store.insert(entity, number, made)
        tenant.keep(entity, made)
    firm = Firm(
        tenant_id,
        workspace,
        Random(f"sandbox:{setting.handle}:firm"),
        counter,
        handle=setting.handle,
        users=[{"id": user[0], "email": user[2], "name": user[3]} for user in users],
        contacts=tenant.rows("contact")[:_REFERRED],
        companies=tenant.rows("company")[:_REFERRED],
        deals=tenant.rows("deal")[:_REFERRED],
        scale=setting.scale,
        share=setting.share,
    )
    for entity, made in seeds.rows(firm):
        store.insert(entity, number, made)
        ledger.write(store, number, seeds.booked(firm, entity, made))
    named = ((f"{number}:{name}", value) for name, value in firm.sequences().items())
    store.connection.executemany("INSERT INTO sequences VALUES (?, ?)", named)


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
            fill(self._copy, int(meta(self._connection, "contacts")))
            key = meta(self._connection, "service_key")
            self._copy.execute("UPDATE meta SET value = ? WHERE name = 'service_key'", (key,))
        self._copy.backup(self._connection)
        afterwards()
