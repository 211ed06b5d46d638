"""How couriers share lanes: whoever holds more of them than the others hands some on.

Events wake the courier that receives them, which takes their lanes at once, however many: that is the quick way while there is
little to do. Where there is much, lanes are held for long, and a second courier would find none.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.webhooks.held import Held

EVERY: Final = 1.0  # seconds between two looks; a lane that was taken later than that is not handed on
LEFT: Final = 2.0  # seconds for which what was handed on is left to the others
REFUSED: Final = 30.0  # seconds for which nothing is handed on after nobody took it


class Shares:
    """Of one courier. Moments in seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._look_at = 0.0
        self._handed: dict[str, float] = {}

    def looks(self, now: float) -> bool:
        """Whether it is to be asked how many lanes are this courier's share."""
        return now >= self._look_at

    def left(self, now: float) -> list[str]:
        """Lanes that the others may have first."""
        return [endpoint_id for endpoint_id, until in self._handed.items() if until > now]

    def note(self, share: int, held: Mapping[str, Held], now: float) -> None:
        """So many lanes are its share: those beyond end when what is under way on them does."""
        self._look_at = now + EVERY
        busy = [each for each in held.values() if not each.dry and each.since <= now - EVERY]
        surplus = len(held) - share - sum(each.handed_on for each in busy)
        for each in busy:
            if surplus > 0 and not each.handed_on:
                each.handed_on = True
                each.drop()
                surplus -= 1

    def gone(self, endpoint_id: str, now: float) -> None:
        """A lane was given back that was handed on."""
        self._handed[endpoint_id] = now + LEFT

    def leased(self, endpoint_ids: Iterable[str], now: float) -> None:
        """The courier has taken these: of what was handed on, because nobody else did."""
        again = [each for each in endpoint_ids if self._handed.get(each, 0.0) > now - EVERY]
        self._handed = {
            each: until for each, until in self._handed.items() if until > now - EVERY and each not in again
        }
        if again:
            self._look_at = now + REFUSED
