"""One outage of a store or service, told in two lines: why and where when it is lost, how long it lasted when it is back."""

import time
from collections.abc import Callable
from typing import Final

from gateway.observe import logs

HELD: Final = 1.0
"""Seconds without a failure after which a part counts as back: one that comes and goes is one outage."""


class Outage:
    """`what`: `store` or `service`; `name`: which; `where`: its host or file, never with user or password.

    `clock`: seconds, monotonic.
    """

    def __init__(self, what: str, name: str, where: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._what = what
        self._names = {what: name, "host": where}
        self._clock = clock
        self._since: float | None = None
        self._failed = 0.0
        self._unwritten = False

    @property
    def over(self) -> bool:
        """Whether nothing is known to be wrong."""
        return self._since is None

    def failed(self, reason: str, *, writing: bool = False) -> None:
        """It failed, for `reason`, which holds no secret: the first time a line is written. `writing`: at what was to be written."""
        self._failed = self._clock()
        self._unwritten = writing
        if self._since is None:
            self._since = self._failed
            logs.event(f"{self._what} lost", "warning", **self._names, reason=reason)

    def worked(self, *, writing: bool = True) -> None:
        """It answered as it should: the end of an outage once that has held. What is read says nothing of what could not be written."""
        if self._since is None or (self._unwritten and not writing):
            return
        now = self._clock()
        if now - self._failed >= HELD:
            lasted, self._since = now - self._since, None
            logs.event(f"{self._what} back", **self._names, seconds=round(lasted, 1))
