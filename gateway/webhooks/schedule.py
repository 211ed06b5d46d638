"""When a delivery is tried again, and when no more: pure arithmetic. Moments in milliseconds, as lanes keep them.

The times between attempts are those that Standard Webhooks advises. An attempt is something that was sent: waiting for a
breaker, for a name, for a record or for a budget counts as none.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

SECOND: Final = 1_000
HOUR: Final = 3_600 * SECOND
DAY: Final = 24 * HOUR

DELAYS: Final = tuple(seconds * SECOND for seconds in (0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""Before each attempt, in the mean; each ± 20 %, so that what failed together is not tried together again."""

OLDEST: Final = 96 * HOUR
"""Since the delivery was made. Nothing is sent later."""

_LONGEST_PAUSE: Final = 24 * HOUR
_GONE: Final = 300 * SECOND
_SPREAD: Final = 0.2


def again(
    now: int, made_at: int, attempts: int, chance: float, *, not_before: int = 0, gone: bool = False
) -> int | None:
    """When a delivery is tried next after `attempts` (1 or more) that failed; None when no more.

    `chance`: 0 to 1. `not_before`: a pause in milliseconds that the endpoint asked for. `gone`: it answered 410.
    """
    if attempts >= len(DELAYS):
        return None
    delay = max(DELAYS[attempts], _GONE if gone else 0)
    due = now + max(round(delay * (1 - _SPREAD + 2 * _SPREAD * chance)), not_before)
    return due if due <= made_at + OLDEST else None


def retry_after(headers: Mapping[bytes, bytes], now: float) -> int:
    """The pause that an answer asks for (RFC 9110 §10.2.3), in milliseconds, at most a day; 0 for none, or one that makes no sense.

    `now`: seconds since 1970.
    """
    text = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if text.isascii() and text.isdigit():
        # Long before the number is made: a thousand digits are a thousand digits.
        return min(int(text[:12]) * SECOND, _LONGEST_PAUSE) if len(text) <= 12 else _LONGEST_PAUSE
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0
    seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.fromtimestamp(now, UTC)
    return max(0, min(round(seconds.total_seconds() * SECOND), _LONGEST_PAUSE))
