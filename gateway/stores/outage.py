"""One outage of a store, told in two lines: why and where when it is lost, how long it lasted when it is back."""

import time
from collections.abc import Callable
from typing import Final

from gateway.observe import logs

HELD: Final = 1.0
"""Seconds without a failure after which a store counts as back: one that comes and goes is one outage."""


class Outage:
    """`store`: `redis` or `sql`; `where`: its host or file, never with user or password. `clock`: seconds, monotonic."""

    def __init__(self, store: str, where: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._where = where
        self._clock = clock
        self._since: float | None = None
        self._failed = 0.0

    @property
    def over(self) -> bool:
        """Whether nothing is known to be wrong with the store."""
        return self._since is None

    def failed(self, reason: str) -> None:
        """The store failed, for `reason`, which is a StoreUnavailable's: the first time a line is written."""
        self._failed = self._clock()
        if self._since is None:
            self._since = self._failed
            logs.event("store lost", "warning", store=self._store, host=self._where, reason=reason)

    def worked(self) -> None:
        """The store answered as it should: the end of an outage once that has held."""
        if self._since is None:
            return
        now = self._clock()
        if now - self._failed >= HELD:
            lasted, self._since = now - self._since, None
            logs.event("store back", store=self._store, host=self._where, seconds=round(lasted, 1))
