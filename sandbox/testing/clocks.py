"""The clock of a test tenant: so far ahead of the real one, and going on like it. It is never set back."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.answers import invalid
from sandbox.moments import parse_instant, stored_milliseconds

_LATEST = stored_milliseconds("2199-12-31T23:59:59.999+00:00")
_DURATION = re.compile(
    r"P(?=.)(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})W)?(?:(\d{1,7})D)?"
    r"(?:T(?=.)(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,10})S)?)?"
)


def real() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def ahead(body: Mapping[str, Any], before: int) -> int:
    """How far ahead, in ms, a clock is that was `before` and is set as the body says. Refused names the member that is wrong."""
    present = real() + before
    if ("now" in body) == ("advance" in body):
        raise invalid({"": ["must have now or advance, and one of them only"]})
    member = "now" if "now" in body else "advance"
    try:
        wanted = int(parse_instant(body["now"])) if member == "now" else _later(present, body["advance"])
    except ValueError as complaint:
        raise invalid({member: [str(complaint)]}) from None
    if wanted < present:
        raise invalid({member: ["must not be before the clock's present time"]})
    if wanted > _LATEST:
        raise invalid({member: ["must not lead beyond the year 2199"]})
    return before + wanted - present


def _later(moment: int, duration: Any) -> int:
    """The moment after an ISO 8601 duration; of a month's last days those that the other month has."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if found is None:
        raise ValueError("must be a duration such as P30D, P1M or PT36H")
    years, months, weeks, days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    whole, rest = divmod(moment, 1000)
    try:
        start = datetime.fromtimestamp(whole, UTC)
        counted = start.year * 12 + start.month - 1 + years * 12 + months
        year, month = divmod(counted, 12)
        last = (datetime(year + (month == 11), (month + 1) % 12 + 1, 1, tzinfo=UTC) - timedelta(days=1)).day
        moved = start.replace(year=year, month=month + 1, day=min(start.day, last))
        moved += timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except (ValueError, OverflowError):
        raise ValueError("must not lead beyond the year 2199") from None
    return int(moved.timestamp()) * 1000 + rest
