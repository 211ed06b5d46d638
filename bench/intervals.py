"""How far a median of ratios is to be trusted."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Median(NamedTuple):
    """Of what was found, and between which two the true one lies with 95 %."""

    value: float
    low: float
    high: float

    def told(self, digits: int = 3) -> list[float]:
        """For a result."""
        return [round(each, digits) for each in self]


def median(found: Sequence[float]) -> Median:
    """By order statistics: whatever their distribution is."""
    ordered = sorted(found)
    away = max(0, math.floor(len(ordered) / 2 - 0.98 * math.sqrt(len(ordered))))
    return Median(statistics.median(ordered), ordered[away], ordered[len(ordered) - 1 - away])


def ratio(mine: Sequence[float], others: Sequence[float]) -> Median:
    """Of neighbours in time, of which the machine's moods meet both alike."""
    return median([each / other for each, other in zip(mine, others, strict=True)])
