"""Where one test tenant lives: on a file that it shares until it writes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sandbox.directory import Directory, Tenant
from sandbox.store import Store
from sandbox.subscriptions import Subscriptions
from sandbox.testing import clocks
from sandbox.testing.book import Book, Entry, State
from sandbox.testing.files import Files


class TestHome:
    """See `Home`. state: what the data is, or went out from · own: the file of what was written since, if anything was."""

    __test__ = False  # a name that pytest would take for a test

    def __init__(self, entry: Entry, book: Book, files: Files) -> None:
        self.entry = entry
        self.state, self._own = entry.state, entry.own
        self.subscriptions = Subscriptions(book.connection, entry.number)
        self._book, self._files = book, files
        self._opened: tuple[Store, Directory, Tenant] | None = None
        self._turn = asyncio.Lock()

    @property
    def store(self) -> Store:
        return self._open()[0]

    @property
    def directory(self) -> Directory:
        return self._open()[1]

    @property
    def tenant(self) -> Tenant:
        return self._open()[2]

    def _open(self) -> tuple[Store, Directory, Tenant]:
        if self._opened is None:
            name = self._own or self.base
            connection = self._files.own(name) if self._own is not None else self._files.shared(name)
            directory = Directory(connection, self.entry.id)
            (seeded,) = directory.by_id.values()
            tenant = Tenant(seeded.number, self.entry.id, self.entry.name, self.entry.api_key, seeded.workspace)
            self._opened = Store(connection, self.entry.id), directory, tenant
        return self._opened

    @property
    def base(self) -> str:
        """The file that the tenant shares while it has none of its own."""
        return self.state.file or self._files.remake(self.state.seed)

    def close(self) -> None:
        """Lets go of the file; it is opened again when it is asked for."""
        self._opened = None

    def writable(self) -> Store:
        if self._own is None:
            own = self._files.copied(self.base)
            self._book.became(self.entry.number, self.state, own)
            self._own, self._opened = own, None
        return self.store

    def now(self) -> int:
        return clocks.real() + self.state.ahead

    def set_ahead(self, ahead: int) -> None:
        """Sets the clock."""
        self.state = State(self.state.seed, self.state.file, ahead)
        self._book.became(self.entry.number, self.state, self._own)

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        async with self._turn:
            yield

    def become(self, state: State) -> None:
        """From now on the data is this (whoever asks holds it)."""
        self._book.became(self.entry.number, state)
        self._moved(state)

    def frozen(self) -> State:
        """The data as it is, which nothing changes from now on (whoever asks holds it, and tells the book)."""
        if self._own is None:
            return self.state
        self._files.freeze(self.store.connection)
        return State(self.state.seed, self._own, self.state.ahead)

    def based_on(self, state: State) -> None:
        """The book knows already that the data is this."""
        self._moved(state)

    def _moved(self, state: State) -> None:
        self.state, self._own, self._opened = state, None, None
