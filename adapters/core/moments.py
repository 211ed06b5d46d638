"""How the contract writes moments and days (RFC 3339)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import LiteralString

from pydantic_core import PydanticCustomError

_WRITTEN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.%s)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
RFC3339 = re.compile(_WRITTEN % "[0-9]{1,9}")
RFC3339_MICROSECONDS = re.compile(_WRITTEN % "[0-9]{1,6}0{0,3}")


def utc(moment: datetime) -> str:
    """A datetime → RFC 3339 in UTC to the millisecond, fraction only when it is not zero."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds")[:-6]
    return text.removesuffix(".000") + "Z"


def read_instant(value: str) -> str:
    """RFC 3339 text with any offset → the same moment as the contract writes it, cut to the millisecond."""
    return utc(_moment(value, RFC3339, "Not an RFC 3339 date-time such as 2026-06-17T14:30:00Z"))


def read_bound(value: str) -> str:
    """The same for what moments are compared with, to the microsecond: cut, it would let through what lies before it."""
    told = "Not an RFC 3339 date-time such as 2026-06-17T14:30:00Z, to the microsecond at most"
    moment = _moment(value, RFC3339_MICROSECONDS, told)
    return utc(moment) if moment.microsecond % 1000 == 0 else moment.isoformat(timespec="microseconds")[:-6] + "Z"


def _moment(value: str, form: re.Pattern[str], told: LiteralString) -> datetime:
    try:
        if not form.fullmatch(value):
            raise ValueError(value)
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("datetime_invalid", told) from None


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
