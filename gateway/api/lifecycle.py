"""What is told of a contract that is on its way out, and when it is gone."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from email.utils import format_datetime

from gateway.config.policies import Lifecycle


def notice(cycle: Lifecycle) -> list[tuple[bytes, bytes]]:
    """Deprecation (RFC 9745), Sunset (RFC 8594) and where to read more."""
    headers = []
    deprecated, sunset, link = cycle.deprecated, cycle.sunset, cycle.link
    if deprecated is not None:
        since = datetime(deprecated.year, deprecated.month, deprecated.day, tzinfo=UTC)
        headers.append((b"deprecation", b"@%d" % since.timestamp()))
    if sunset is not None:
        at = datetime(sunset.year, sunset.month, sunset.day, tzinfo=UTC)
        headers.append((b"sunset", format_datetime(at, usegmt=True).encode("ascii")))
    if link is not None:
        headers.append((b"link", f'<{link}>; rel="deprecation"; type="text/html"'.encode("ascii")))
    return headers


def retired(cycle: Lifecycle | None, ahead: float = 0.0) -> bool:
    """Whether a contract's sunset has come, by a clock that is so many seconds ahead."""
    return cycle is not None and cycle.sunset is not None and today(ahead) >= cycle.sunset


def today(ahead: float = 0.0) -> date:
    """The day in UTC, by a clock that is so many seconds ahead."""
    return datetime.fromtimestamp(time.time() + ahead, UTC).date()
