"""Calendar arithmetic of reports: columns of a span, and the spans and days that it is compared with."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {"month": 1, "quarter": 3, "year": 12}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to `last`, both inclusive."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1

    @property
    def months(self) -> int:
        """How many whole months it is; 0 when it is not of whole months."""
        if self.first.day != 1 or not _ends_month(self.last):
            return 0
        return _number(self.last) - _number(self.first) + 1


def parts(span: Span, interval: str) -> list[Span]:
    """The calendar months, quarters or years of the span, clipped to it."""
    size, found, first = MONTHS[interval], [], span.first
    while first <= span.last:
        begun = _number(first) // size * size
        last = min(_last_of(begun + size - 1), span.last)
        found.append(Span(first, last))
        if last == date.max:
            break
        first = last + _DAY
    return found


def before(span: Span) -> Span:
    """As many days directly before; of whole months, as many whole months. OverflowError or ValueError where there are none."""
    last = span.first - _DAY
    months = span.months
    return Span(earlier(span.first, months) if months else span.first - timedelta(days=span.days), last)


def a_year_before(span: Span) -> Span:
    """The same days of the year before; whole months stay whole. ValueError where there are none."""
    last = earlier_end(span.last, 12) if span.months else earlier(span.last, 12)
    return Span(earlier(span.first, 12), last)


def earlier(day: date, months: int) -> date:
    """The same day so many months before, or the last one of that month if it is shorter. ValueError where there is none."""
    at = _number(day) - months
    end = _last_of(at)
    return end.replace(day=min(day.day, end.day))


def earlier_end(day: date, months: int) -> date:
    """The same, but from the end of a month to the end of a month."""
    return _last_of(_number(day) - months) if _ends_month(day) else earlier(day, months)


def months_of(first: str, last: str) -> list[str]:
    """Every `YYYY-MM` from one to the other, both inclusive."""
    return [f"{at // 12:04d}-{at % 12 + 1:02d}" for at in range(_of(first), _of(last) + 1)]


def later(month: str, months: int) -> str:
    """The `YYYY-MM` so many months later, or earlier for a negative number."""
    at = _of(month) + months
    return f"{at // 12:04d}-{at % 12 + 1:02d}"


def _of(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1


def _number(day: date) -> int:
    return day.year * 12 + day.month - 1


def _last_of(number: int) -> date:
    year, month = divmod(number, 12)
    return date(year, month + 1, calendar.monthrange(year, month + 1)[1])


def _ends_month(day: date) -> bool:
    return day == _last_of(_number(day))
