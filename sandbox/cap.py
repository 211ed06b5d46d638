"""The cap on a workspace: so many requests in any 60 seconds."""

import math
import time
from collections import deque

from sandbox.answers import Header, Refused

_WINDOW = 60.0


class Cap:
    """A limit of 0 means none."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken: dict[str, deque[float]] = {}

    def take(self, tenant_id: str) -> tuple[tuple[Header, ...], Refused | None]:
        """The rate headers of the answer, and the refusal when the cap is reached (which takes nothing)."""
        if not self._limit:
            return (), None
        now = time.monotonic()
        taken = self._taken.setdefault(tenant_id, deque())
        while taken and taken[0] <= now - _WINDOW:
            taken.popleft()
        refusal = None
        if len(taken) >= self._limit:
            refusal = Refused(429, "rate_limited", f"More than {self._limit} requests in a minute.")
        else:
            taken.append(now)
        wait = taken[0] + _WINDOW - now
        headers = [
            (b"x-ratelimit-limit", b"%d" % self._limit),
            (b"x-ratelimit-remaining", b"%d" % (self._limit - len(taken))),
            (b"x-ratelimit-reset", b"%d" % math.ceil(time.time() + wait)),
        ]
        if refusal is not None:
            headers.append((b"retry-after", b"%d" % max(1, math.ceil(wait))))
        return tuple(headers), refusal

    def clear(self) -> None:
        self._taken.clear()
