"""What is limited, and the verdict on one request."""

import math
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal, NamedTuple

import msgspec

SLICES: Final = 20


@dataclass(frozen=True, slots=True)
class Policy:
    """``quota`` requests in any ``window`` (seconds) for each subject: a ``token``, a ``tenant`` or a client ``address``.

    With ``burst`` a token bucket of that size, refilled at quota ÷ window; without, a sliding window that no interval
    of ``window`` seconds ever exceeds (counted in slices: it may give a used unit back up to 1/20 window late).

    A ``shadow`` gives units as any other, but refuses nobody: who finds none goes on without.
    """

    name: str
    quota: int
    window: float
    burst: int | None = None
    _: KW_ONLY
    per: Literal["token", "tenant", "address"]
    shadow: bool = False

    def __post_init__(self) -> None:
        if self.quota < 1 or self.window < 0.001 or (self.burst is not None and self.burst < 1):
            raise ValueError(
                f"rate limit {self.name}: quota and burst must be at least 1, window at least a millisecond"
            )

    @property
    def capacity(self) -> int:
        """The most units that can be left: ``burst`` or ``quota``."""
        return self.quota if self.burst is None else self.burst

    @property
    def span(self) -> int:
        """In how many seconds ``capacity`` units come back, rounded up: what ``capacity`` is told together with."""
        return math.ceil(self.window) if self.burst is None else math.ceil(self.burst * self.window / self.quota)

    @property
    def slices(self) -> int:
        """Into how many slices the window is cut; 0 for a bucket."""
        return SLICES if self.burst is None else 0

    @property
    def step(self) -> int:
        """Microseconds of one slice, or between two units of a bucket: rounded up, so never more generous than declared."""
        return math.ceil(round(self.window * 1e6) / (self.slices or self.quota))


class Reading(NamedTuple):
    """The state of one policy after the verdict."""

    policy: Policy
    remaining: int
    """Units left, after this request if it was admitted."""
    reset: float
    """Seconds until ``policy.capacity`` units are left again, if nothing more is sent."""
    retry_after: float
    """Seconds until this policy can give a unit: 0 unless it is one of those that refused."""


class Verdict(msgspec.Struct):
    """The decision on one request, as the store told it; what most requests do not look at is made when asked for.

    `generation`: what is kept at the token's live key, None when nothing is, or the store is lost; `states`: for each of
    `policies` in order, the units left and the microseconds until it is whole and until it can give a unit;
    `microseconds` since the epoch, by the clock of whoever decided; `local`: the store is lost, and this worker decided
    alone, with its share of the limits. Made for every request, and so a msgspec struct: in a third of the time.
    """

    policies: Sequence[Policy]
    states: Sequence[int]
    allowed: bool
    generation: int | None
    microseconds: int
    local: bool

    @property
    def now(self) -> float:
        """Epoch seconds of the decision."""
        return self.microseconds / 1e6

    @property
    def readings(self) -> tuple[Reading, ...]:
        """The state of each policy, in seconds."""
        each = zip(self.policies, self.states[0::3], self.states[1::3], self.states[2::3], strict=True)
        return tuple(Reading(policy, left, whole / 1e6, wait / 1e6) for policy, left, whole, wait in each)

    @property
    def refusing(self) -> tuple[Reading, ...]:
        """The state of those policies that refused."""
        return tuple(each for each in self.readings if each.retry_after > 0 and not each.policy.shadow)

    @property
    def shadowed(self) -> tuple[str, ...]:
        """The names of those policies that would have refused what was admitted, were they no shadows."""
        if not self.allowed or not any(policy.shadow for policy in self.policies):
            return ()
        return tuple([each.policy.name for each in self.readings if each.policy.shadow and each.retry_after > 0])
