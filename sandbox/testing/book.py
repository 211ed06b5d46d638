"""Which test tenants there are, what each is based on, and its snapshots: in a database beside their files."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sandbox.seed import EDITION
from sandbox.store import connect, transaction
from sandbox.testing.seeds import Seed

_TABLES = (
    "CREATE TABLE meta (edition TEXT NOT NULL)",
    """CREATE TABLE tenants (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, name TEXT NOT NULL, api_key TEXT UNIQUE NOT NULL,
        seed TEXT NOT NULL, records INTEGER NOT NULL, snapshot TEXT, own TEXT, ahead INTEGER NOT NULL, created_at TEXT NOT NULL
    )""",
    """CREATE TABLE snapshots (
        number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, tenant INTEGER NOT NULL, name TEXT,
        seed TEXT NOT NULL, records INTEGER NOT NULL, file TEXT, ahead INTEGER NOT NULL, created_at TEXT NOT NULL
    )""",
    "CREATE TABLE subscriptions (id TEXT PRIMARY KEY, tenant INTEGER NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL, created_at TEXT NOT NULL)",
    "CREATE INDEX subscriptions_tenant ON subscriptions (tenant)",
    "CREATE INDEX snapshots_tenant ON snapshots (tenant)",
)


@dataclass(frozen=True, slots=True)
class State:
    """What a tenant's data is: rows and clock.

    seed: what they began as · file: of the snapshot they go back to, None for the seed itself · ahead: of its clock, in ms.
    """

    seed: Seed
    file: str | None = None
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A tenant. own: the file of what it has written, None while it has written nothing since `state`."""

    number: int
    id: str
    name: str
    api_key: str
    state: State
    own: str | None
    created_at: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    id: str
    name: str | None
    state: State
    created_at: str


class Book:
    """Autocommit, but for what `together` holds."""

    def __init__(self, path: Path) -> None:
        self.connection = connect(path, 1024)
        if not self.connection.execute("SELECT 1 FROM sqlite_master").fetchall():
            with transaction(self.connection):
                for statement in _TABLES:
                    self.connection.execute(statement)
                self.connection.execute("INSERT INTO meta VALUES (?)", (EDITION,))
        elif self.connection.execute("SELECT edition FROM meta").fetchone() != (EDITION,):
            # what other tables held cannot be read any more: every tenant begins again with its seed
            with transaction(self.connection):
                self.connection.execute("DELETE FROM snapshots")
                self.connection.execute("UPDATE tenants SET snapshot = NULL, own = NULL, ahead = 0")
                self.connection.execute("UPDATE meta SET edition = ?", (EDITION,))

    def entries(self) -> Iterator[Entry]:
        sql = "SELECT number, id, name, api_key, seed, records, snapshot, ahead, own, created_at FROM tenants"
        for number, key, name, api_key, kind, records, file, ahead, own, created_at in self.connection.execute(sql):
            yield Entry(number, key, name, api_key, State(Seed(kind, records), file, ahead), own, created_at)

    def add(self, key: str, name: str, api_key: str, seed: Seed, created_at: str) -> Entry:
        made = self.connection.execute(
            "INSERT INTO tenants (id, name, api_key, seed, records, ahead, created_at) VALUES (?, ?, ?, ?, ?, 0, ?)",
            (key, name, api_key, seed.kind, seed.records, created_at),
        )
        return Entry(int(made.lastrowid or 0), key, name, api_key, State(seed), None, created_at)

    def remove(self, number: int) -> None:
        with transaction(self.connection):
            for table in ("snapshots", "subscriptions"):
                self.connection.execute(f"DELETE FROM {table} WHERE tenant = ?", (number,))  # noqa: S608  (a table's name)
            self.connection.execute("DELETE FROM tenants WHERE number = ?", (number,))

    def became(self, number: int, state: State, own: str | None = None) -> None:
        """The tenant's data is this."""
        self.connection.execute(
            "UPDATE tenants SET seed = ?, records = ?, snapshot = ?, ahead = ?, own = ? WHERE number = ?",
            (state.seed.kind, state.seed.records, state.file, state.ahead, own, number),
        )

    def keep(self, number: int, snapshot: Snapshot) -> None:
        """The snapshot is there, and the tenant is based on it."""
        state = snapshot.state
        described = (state.seed.kind, state.seed.records, state.file, state.ahead, snapshot.created_at)
        with transaction(self.connection):
            self.connection.execute(
                "INSERT INTO snapshots (id, tenant, name, seed, records, file, ahead, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (snapshot.id, number, snapshot.name, *described),
            )
            self.became(number, state)

    def snapshots(self, number: int) -> list[Snapshot]:
        """The tenant's, oldest first."""
        sql = "SELECT id, name, seed, records, file, ahead, created_at FROM snapshots WHERE tenant = ? ORDER BY number"
        return [
            Snapshot(key, name, State(Seed(kind, records), file, ahead), created_at)
            for key, name, kind, records, file, ahead, created_at in self.connection.execute(sql, (number,))
        ]

    def drop(self, number: int, key: str) -> None:
        self.connection.execute("DELETE FROM snapshots WHERE tenant = ? AND id = ?", (number, key))

    def files(self) -> Iterator[str]:
        """Those that some tenant or snapshot needs, but for the seeds'."""
        sql = "SELECT own FROM tenants UNION SELECT snapshot FROM tenants UNION SELECT file FROM snapshots"
        yield from (name for (name,) in self.connection.execute(sql) if name is not None)

    def seeds(self) -> Iterator[Seed]:
        """Those that some tenant or snapshot stands on."""
        sql = (
            "SELECT seed, records FROM tenants WHERE snapshot IS NULL AND own IS NULL"
            " UNION SELECT seed, records FROM snapshots WHERE file IS NULL"
        )
        yield from (Seed(kind, records) for kind, records in self.connection.execute(sql))
