"""How far our clock is from those of the receivers: signatures hold a time, and receivers refuse what is minutes away.

Each host counts once, whatever it says, and the median of them all: one that is wrong moves nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Final

_EVERY: Final = 60.0  # seconds between two looks at the same host
_HOSTS: Final = 256
_FEWEST: Final = 3  # hosts, below which nothing is told
_HALF: Final = 0.5  # seconds: a Date (RFC 9110 §6.6.1) is cut to whole ones


class Skew:
    """The hosts that answered lately."""

    def __init__(self) -> None:
        self._hosts: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def note(self, host: str, date: bytes | None, now: float) -> float | None:
        """What a host said of the time in a 2xx answer → seconds by which we are ahead, where that is known anew.

        now: ours, in seconds since 1970.
        """
        known = self._hosts.get(host)
        if date is None or (known is not None and now - known[0] < _EVERY):
            return None
        try:
            theirs = parsedate_to_datetime(date.decode("latin-1")).timestamp()
        except (ValueError, TypeError, OverflowError):
            return None
        self._hosts[host] = now, now - theirs - _HALF
        self._hosts.move_to_end(host)
        if len(self._hosts) > _HOSTS:
            self._hosts.popitem(last=False)
        if len(self._hosts) < _FEWEST:
            return None
        return median(skew for _, skew in self._hosts.values())
