"""Where a tenant lives: its rows, its users, its subscribers, its clock."""

import time
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from sandbox.directory import Directory, Tenant
from sandbox.store import Store
from sandbox.subscriptions import Subscriptions


class Home(Protocol):
    """What a call needs of its tenant. `store` and `directory` are asked for anew each time: both change with the data."""

    @property
    def tenant(self) -> Tenant: ...
    @property
    def subscriptions(self) -> Subscriptions: ...
    @property
    def store(self) -> Store:
        """To read from."""
        ...

    @property
    def directory(self) -> Directory: ...

    def writable(self) -> Store:
        """The same rows, to be written to. Ask before the first row is read that the write depends on."""
        ...

    def now(self) -> int:
        """Milliseconds since 1970, by the tenant's clock."""
        ...

    def held(self) -> AbstractAsyncContextManager[None]:
        """While it is held the data is neither replaced nor kept as a snapshot: for what takes more than one step of the loop."""
        ...


@dataclass(frozen=True, slots=True)
class SharedHome:
    """That of a seeded tenant: all of them share one database."""

    tenant: Tenant
    store: Store
    directory: Directory

    @property
    def subscriptions(self) -> Subscriptions:
        return Subscriptions(self.store.connection, self.tenant.number)

    def writable(self) -> Store:
        return self.store

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def held(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()
