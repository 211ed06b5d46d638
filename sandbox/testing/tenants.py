"""The test tenants: made, reset, kept as they are and put back, removed. None of it moves a row: see files.py."""

import secrets
from collections import OrderedDict
from pathlib import Path

from sandbox.answers import Refused, not_found
from sandbox.directory import Directory
from sandbox.moments import render_instant
from sandbox.testing import clocks
from sandbox.testing.book import Book, Snapshot, State
from sandbox.testing.files import Files
from sandbox.testing.home import TestHome
from sandbox.testing.seeds import Seed

MOST_SNAPSHOTS = 20
_MOST_OPEN = 200  # three descriptors each


class TestTenants:
    """by_id, by_key: their homes by business id and by API key."""

    __test__ = False  # a name that pytest would take for a test

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._files = Files(folder)
        self._book = Book(folder / "tenants.sqlite")
        homes = [TestHome(entry, self._book, self._files) for entry in self._book.entries()]
        self._by_id = {home.entry.id: home for home in homes}
        self._by_key = {home.entry.api_key: home for home in homes}
        self._open: OrderedDict[str, TestHome] = OrderedDict()
        self._sweep()

    def by_id(self, tenant_id: str) -> TestHome | None:
        return self._used(self._by_id.get(tenant_id))

    def by_key(self, api_key: str) -> TestHome | None:
        return self._used(self._by_key.get(api_key))

    def _used(self, home: TestHome | None) -> TestHome | None:
        """Only those that were used last are kept open."""
        if home is not None:
            self._open[home.entry.id] = home
            self._open.move_to_end(home.entry.id)
            if len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)[1].close()
        return home

    def named(self, tenant_id: str) -> TestHome:
        """Refused with 404 when there is none."""
        home = self.by_id(tenant_id)
        if home is None:
            raise not_found()
        return home

    def all(self) -> list[TestHome]:
        return sorted(self._by_id.values(), key=lambda home: home.entry.number)

    async def create(self, tenant_id: str, name: str, api_key: str | None, seed: Seed, seeded: Directory) -> TestHome:
        """A tenant of this id and key, which no other may have; `seeded` are those that are no test tenants."""
        await self._files.seeded(seed)
        api_key = api_key or f"sk_test_{secrets.token_hex(24)}"
        taken = (tenant_id in self._by_id, tenant_id in seeded.by_id, api_key in self._by_key, api_key in seeded.by_key)
        if any(taken):
            raise Refused(409, "tenant_exists", "There is a tenant of this id, or with this key.")
        made_at = render_instant(clocks.real())
        entry = self._book.add(tenant_id, name, api_key, seed, made_at)
        home = TestHome(entry, self._book, self._files)
        self._by_id[entry.id] = self._by_key[entry.api_key] = home
        return home

    async def remove(self, home: TestHome) -> None:
        async with home.held():
            self._book.remove(home.entry.number)
            self._by_id.pop(home.entry.id, None)
            self._by_key.pop(home.entry.api_key, None)
            self._open.pop(home.entry.id, None)
            home.close()
            self._sweep()

    async def reset(self, home: TestHome, seed: Seed) -> None:
        """Back to a seed, and to the real time."""
        await self._files.seeded(seed)
        async with home.held():
            home.become(State(seed))
            self._sweep()

    async def keep(self, home: TestHome, name: str | None) -> Snapshot:
        """A snapshot of the data and the clock. Refused when there are as many as there may be."""
        async with home.held():
            if len(self._book.snapshots(home.entry.number)) >= MOST_SNAPSHOTS:
                raise Refused(409, "snapshots_full", f"There are {MOST_SNAPSHOTS} snapshots already: delete one.")
            state = home.frozen()
            key = f"snap_{secrets.token_hex(8)}"
            snapshot = Snapshot(key, name, state, render_instant(clocks.real()))
            self._book.keep(home.entry.number, snapshot)
            home.based_on(state)
        return snapshot

    def snapshots(self, home: TestHome) -> list[Snapshot]:
        return self._book.snapshots(home.entry.number)

    async def restore(self, home: TestHome, key: str) -> None:
        async with home.held():
            home.become(self._snapshot(home, key).state)
            self._sweep()

    async def drop(self, home: TestHome, key: str) -> None:
        async with home.held():
            self._snapshot(home, key)
            self._book.drop(home.entry.number, key)
            self._sweep()

    def _snapshot(self, home: TestHome, key: str) -> Snapshot:
        found = next((one for one in self.snapshots(home) if one.id == key), None)
        if found is None:
            raise not_found()
        return found

    def _sweep(self) -> None:
        self._files.keep_only([*self._book.files(), *map(self._files.name_of, self._book.seeds())])
