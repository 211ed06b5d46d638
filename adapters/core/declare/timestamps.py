"""How the contract writes moments and days (RFC 3339)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from pydantic_core import PydanticCustomError

RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
MOST_LETTERS = 1024
"""Of a date-time: RFC 3339 sets its fraction no limit (§ 5.6), and a document wants one."""
_FINER = re.compile(r"\.[0-9]{6}0*[1-9]")


def utc(moment: datetime) -> str:
    """A datetime → RFC 3339 in UTC to the millisecond, fraction only when it is not zero."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds")[:-6]
    return text.removesuffix(".000") + "Z"


def read_instant(value: str) -> str:
    """RFC 3339 text with any offset → the same moment as the contract writes it, cut to the millisecond."""
    return utc(_moment(value))


def read_bound(value: str) -> str:
    """The same for what moments are compared with: to the microsecond, and never moved onto a millisecond or past one.

    Services hold milliseconds, so all that lies between two of them compares alike.
    """
    moment = _moment(value)
    if moment.microsecond % 1000 == 0:
        if not _FINER.search(value):
            return utc(moment)
        moment = moment.replace(microsecond=moment.microsecond + 1)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


def _moment(value: str) -> datetime:
    try:
        if not RFC3339.fullmatch(value):
            raise ValueError(value)
        if value[17:19] == "60":
            return _leap(value)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "datetime_invalid", "Not an RFC 3339 date-time such as 2026-06-17T14:30:00Z"
        ) from None


def _leap(value: str) -> datetime:
    """A leap second, which ends the last day of a month in UTC (RFC 3339 § 5.7) → the second after it, as POSIX counts."""
    before = datetime.fromisoformat(f"{value[:17]}59{value[19:]}".upper()).astimezone(UTC)
    after = before + timedelta(seconds=1)
    if (after.day, after.hour, after.minute, after.second) != (1, 0, 0, 0):
        raise ValueError(value)
    return after


_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def day(text: str) -> date:
    """`YYYY-MM-DD` → the day; ValueError for any other of the ways that ISO 8601 has to write one."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)


def read_day(value: str) -> str:
    """`YYYY-MM-DD` → itself, when there is such a day."""
    try:
        return day(value).isoformat()
    except ValueError:
        raise PydanticCustomError("date_invalid", "Not a date such as 2026-06-17") from None
