"""Timestamps with milliseconds and plain dates, as the services write them."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_instant(value: Any) -> float:
    """RFC 3339 with any offset and fraction → milliseconds since 1970 (whole when the text is)."""
    if not isinstance(value, str) or not _INSTANT.fullmatch(value):
        raise ValueError("must be a timestamp such as 2026-04-28T10:30:00.000Z")
    try:
        microseconds = (datetime.fromisoformat(value.upper()) - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        raise ValueError("must be a timestamp that exists") from None
    whole, rest = divmod(microseconds, 1000)
    return whole + rest / 1000 if rest else whole


@lru_cache(maxsize=32_768)
def stored_milliseconds(text: str) -> int:
    """The reverse of render_instant."""
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)


@lru_cache(maxsize=32_768)
def render_instant(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    try:
        moment = _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("must be a timestamp that exists") from None
    return f"{moment.isoformat()[:19]}.{rest:03d}Z"


def parse_date(value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2026-04-28")
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ValueError("must be a date that exists") from None


def shifted(day: str, days: int) -> str:
    """The date so many days later; ValueError beyond the calendar."""
    try:
        return (date.fromisoformat(day) + timedelta(days)).isoformat()
    except OverflowError:
        raise ValueError("must be a date that exists") from None


def days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days
