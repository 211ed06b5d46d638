"""The time that lanes are kept by, in a process that asks the database for it a few times a second."""

import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """The database's time, as of the last turn and going on from there, in milliseconds."""

    ahead: float = field(default_factory=lambda: (time.time() - time.monotonic()) * 1000)

    def __call__(self) -> int:
        return int(time.monotonic() * 1000 + self.ahead)

    def set(self, now: int) -> None:
        """The database has said what it is now."""
        self.ahead = now - time.monotonic() * 1000
