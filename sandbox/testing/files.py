"""The databases of test tenants as files: those that are shared never change, and who writes has a copy of his own.

A shared file is a seed, made once, or a snapshot. It is read through one connection by all who are based on it, and costs
a tenant nothing; the first write copies it. So making, resetting and restoring a tenant move no row.
"""

import asyncio
import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path

from sandbox import prebuilt
from sandbox.store import connect
from sandbox.testing.seeds import Seed

_UNUSED_SEEDS_KEPT = 8
_CACHE_KIB = 1024
_SEED = "seed-"


class Files:
    """Those in one folder, which only this user can read. Names are without the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._edition = prebuilt.edition("")[:12]
        self._shared: dict[str, sqlite3.Connection] = {}
        self._making = asyncio.Lock()

    def place(self, name: str) -> Path:
        return self._folder / name

    def name_of(self, seed: Seed) -> str:
        """Of the seed's file, as this code makes it."""
        return f"{_SEED}{seed.name}-{self._edition}.db"

    async def seeded(self, seed: Seed) -> str:
        """The file of the seed, which the first to ask for it waits for: about a second."""
        name = self.name_of(seed)
        if not self.place(name).is_file():
            async with self._making:
                if not self.place(name).is_file():
                    await asyncio.to_thread(self._make, seed, name)
        # of the seeds that nobody stands on, those used last are kept
        self.place(name).touch()
        return name

    def remake(self, seed: Seed) -> str:
        """The same at once: for a tenant whose seed's file went with an older edition of the code."""
        name = self.name_of(seed)
        if not self.place(name).is_file():
            self._make(seed, name)
        return name

    def _make(self, seed: Seed, name: str) -> None:
        part = self.place(f"{secrets.token_hex(8)}.part")
        try:
            with closing(sqlite3.connect(part, isolation_level=None)) as connection:
                part.chmod(0o600)
                prebuilt.fill(connection, f"test-{seed.name}", seed.fill)
            part.replace(self.place(name))
        finally:
            part.unlink(missing_ok=True)

    def shared(self, name: str) -> sqlite3.Connection:
        """The connection by which everybody reads the file."""
        found = self._shared.get(name)
        if found is None:
            # immutable: no locks, no look at the disk, and the pages are those of the system's own cache
            address = f"file:{self.place(name)}?mode=ro&immutable=1"
            found = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
            found.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            found.execute("PRAGMA mmap_size = 1073741824")
            self._shared[name] = found
        return found

    def copied(self, name: str) -> str:
        """A file of the tenant's own with the same rows."""
        own = f"{secrets.token_hex(8)}.db"
        source = os.open(self.place(name), os.O_RDONLY)
        try:
            target = os.open(self.place(own), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                left = os.fstat(source).st_size
                # shares the blocks where the file system can
                while left > 0:
                    left -= os.copy_file_range(source, target, left)
            finally:
                os.close(target)
        finally:
            os.close(source)
        return own

    def own(self, name: str) -> sqlite3.Connection:
        """A connection to write by. What the machine loses by a fall is lost: nothing waits for the disk."""
        connection = connect(self.place(name), _CACHE_KIB)
        connection.execute("PRAGMA synchronous = OFF")
        return connection

    def freeze(self, connection: sqlite3.Connection) -> None:
        """Gathers everything into the file itself: from then on it may be shared, and must not change."""
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def keep_only(self, used: Iterable[str]) -> None:
        """Removes every file that nobody is based on, but for the few seeds that were used last."""
        wanted = set(used)
        idle = [one for one in self._folder.glob("*.db") if one.name not in wanted]
        seeds = sorted((one for one in idle if one.name.startswith(_SEED)), key=lambda one: one.stat().st_mtime)
        for one in {*idle} - {*seeds[-_UNUSED_SEEDS_KEPT:]}:
            # an export may still read it: what is open stays readable to those who have it open
            self._shared.pop(one.name, None)
            for path in (one, one.with_name(f"{one.name}-wal"), one.with_name(f"{one.name}-shm")):
                with suppress(FileNotFoundError):
                    path.unlink()
