"""Which hosts were called lately, and what came of the last attempt at each: where many fail at once by their names or their certificates, the
fault is our resolver's or our trust store's, and not theirs.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Final

WINDOW: Final = 3600.0  # seconds
_KEPT: Final = 4_096  # hosts; beyond them the ones that were called longest ago are forgotten
RESULTS: Final = ("answered", "dns", "tls", "other")


class Hosts:
    """Those that one courier has called. Each counts once, however many endpoints it has."""

    def __init__(self) -> None:
        self._last: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def note(self, host: str, status: int | None, result: str, now: float) -> None:
        """An attempt has ended: `status` of the answer, or None and how it failed, as in `Sent.result`. now: seconds of any clock."""
        told = "answered" if status is not None else result if result in RESULTS else "other"
        self._last[host] = told, now
        self._last.move_to_end(host)
        if len(self._last) > _KEPT:
            self._last.popitem(last=False)

    def counts(self, now: float) -> Mapping[str, int]:
        """Hosts that were called within `WINDOW`, by RESULTS."""
        while self._last and next(iter(self._last.values()))[1] <= now - WINDOW:
            self._last.popitem(last=False)
        found = Counter(result for result, _ in self._last.values())
        return {result: found[result] for result in RESULTS}
