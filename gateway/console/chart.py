"""A chart of stacked bars, one for each day, as numbers that a template turns into SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from gateway.console import formatting

OUTCOMES: Final = (
    ("ok", "Answered"),
    ("refused", "Refused"),
    ("limited", "Rate limited (429)"),
    ("failed", "Failed"),
)
WIDTH: Final = 720
HEIGHT: Final = 180

_GAP: Final = 0.28  # of the room of a bar


@dataclass(frozen=True, slots=True)
class Day:
    """The requests of one day by outcome, in the order of `OUTCOMES`."""

    at: date
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.counts)


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle, in the units of the chart's view box."""

    outcome: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Bar:
    """One day. `said` is what a pointer that rests on it is told."""

    x: float
    width: float
    parts: tuple[Part, ...]
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`top` is the number at the upper edge."""

    bars: tuple[Bar, ...]
    top: int
    first: str
    last: str


def drawn(days: Sequence[Day]) -> Chart:
    """The chart of these days, oldest first; at least one."""
    top = _round(max(day.total for day in days))
    room = WIDTH / len(days)
    bars = tuple(_bar(day, room * nth + room * _GAP / 2, room * (1 - _GAP), top) for nth, day in enumerate(days))
    return Chart(bars, top, _short(days[0].at), _short(days[-1].at))


def _bar(day: Day, x: float, width: float, top: int) -> Bar:
    parts, y = [], float(HEIGHT)
    for (outcome, _), count in zip(OUTCOMES, day.counts, strict=True):
        if count:
            # A single failure among thousands must still be seen.
            height = max(2.0, HEIGHT * count / top)
            y = max(0.0, y - height)
            parts.append(Part(outcome, round(y, 2), round(height, 2)))
    told = [f"{formatting.number(n)} {name.lower()}" for (_, name), n in zip(OUTCOMES, day.counts, strict=True) if n]
    return Bar(round(x, 2), round(width, 2), tuple(parts), f"{_short(day.at)}: {', '.join(told) or 'no requests'}")


def _round(most: int) -> int:
    """The next number of the form 1, 2 or 5 times a power of ten, at least 10."""
    power = 10
    while True:
        for step in (1, 2, 5):
            if most <= step * power:
                return step * power
        power *= 10


def _short(at: date) -> str:
    return f"{at.day} {at:%b}"
