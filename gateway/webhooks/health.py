"""How an endpoint answers, and what follows: when it is left alone, warned of, and given up. Pure; moments in milliseconds.

The breaker: five failures in a row block the lane for 30 s, doubling to 15 min; then one delivery probes.
"""

from dataclasses import dataclass
from typing import Final

from gateway.stores.sql.webhook_lanes import Lane
from gateway.webhooks.schedule import DAY, SECOND

STREAK: Final = 5
BLOCK: Final = 30 * SECOND
LONGEST_BLOCK: Final = 900 * SECOND
FAILING: Final = 5 * DAY
FAILURES: Final = 10
NEVER_ANSWERED: Final = DAY
WARNINGS: Final = (DAY, 3 * DAY)
_GONE_FOR: Final = 240 * SECOND
_SLOW: Final = 10.0
_CROWDED: Final = frozenset({429, 502, 503, 504})


def succeeded(lane: Lane, now: int) -> bool:
    """The endpoint took a delivery. Whether it had been failing."""
    recovered = lane.failing_since is not None
    lane.failing_since = lane.gone_at = None
    lane.failures = lane.streak = lane.blocks = lane.warned = lane.blocked_until = 0
    lane.succeeded_at = now
    return recovered


def failed(lane: Lane, now: int, status: int | None) -> bool:
    """The endpoint did not take a delivery. Whether the lane is blocked from now on."""
    lane.failing_since = lane.failing_since or now
    lane.failed_at = now
    lane.failures += 1
    lane.gone_at = (lane.gone_at or now) if status == 410 else None
    if lane.blocked_until > now:
        return False  # what was under way when it was blocked says nothing new
    lane.streak += 1
    if not lane.blocks and lane.streak < STREAK:
        return False
    lane.blocked_until = now + min(BLOCK << min(lane.blocks, 10), LONGEST_BLOCK)
    lane.blocks += 1
    lane.streak = 0
    return True


def given_up(lane: Lane, now: int) -> str | None:
    """Why the endpoint is disabled: `gone` or `failing`; None while it is not."""
    if lane.gone_at is not None and now - lane.gone_at >= _GONE_FOR:
        return "gone"
    if lane.failing_since is None or lane.failed_at is None:
        return None
    lasting = lane.failed_at - lane.failing_since
    if lane.succeeded_at is None:
        return "failing" if lasting >= NEVER_ANSWERED else None
    return "failing" if lasting >= FAILING and lane.failures >= FAILURES else None


def warning(lane: Lane, now: int) -> bool:
    """Whether the owner is to be told now that the endpoint fails; each day of `WARNINGS` once."""
    if lane.failing_since is None or lane.warned >= len(WARNINGS):
        return False
    if now - lane.failing_since < WARNINGS[lane.warned]:
        return False
    lane.warned += 1
    return True


@dataclass(slots=True)
class Pace:
    """How much is in flight to one endpoint at once, and how often it is called. Seconds of a monotonic clock.

    After a failure it begins with one and doubles with each second in which answers come; trouble halves it.
    """

    cap: int
    interval: float
    limit: float
    raised_at: float = 0.0
    next_at: float = 0.0

    @staticmethod
    def of(lane: Lane, most: int, rate: int | None) -> "Pace":
        """`most`, `rate`: what the owner asked for. Who never answered is called once a second, one at a time."""
        if lane.succeeded_at is None:
            return Pace(1, 1.0, 1.0)
        return Pace(most, 1 / rate if rate else 0.0, 1.0 if lane.failing_since is not None else float(most))

    def room(self, in_flight: int, replays: int, now: float, *, replay: bool) -> bool:
        """Whether one more may be sent now. Replays take half of the places at most."""
        if now < self.next_at or in_flight >= int(self.limit):
            return False
        return not replay or replays < max(1, int(self.limit) // 2)

    def sent(self, now: float) -> None:
        """One was sent."""
        if self.interval:
            self.next_at = max(self.next_at, now) + self.interval

    def answered(self, seconds: float, status: int | None, now: float) -> None:
        """An attempt came to its end, `seconds` after it was sent."""
        if status in _CROWDED or seconds > _SLOW:
            self.limit = max(1.0, self.limit / 2)
            self.raised_at = now
        elif status is not None and 200 <= status < 300 and self.limit < self.cap and now >= self.raised_at + 1:
            self.limit = min(float(self.cap), self.limit * 2)
            self.raised_at = now
