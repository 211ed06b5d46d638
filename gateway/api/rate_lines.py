"""What an answer says of the limits: header lines, and the refusal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from math import ceil

import msgspec

from gateway.observe import metrics
from gateway.problems import RateLimited, throttled
from gateway.stores.policies import Policy, Verdict
from gateway.stores.sql.usage import Mark

_POLICY = re.compile(rb'"([^"]+)";q=(\d+);w=(\d+)')
_STATE = re.compile(rb'"([^"]+)";r=(\d+);t=(\d+)')
_CUSTOMARY = re.compile(rb"x-ratelimit-limit: \d+\r\nx-ratelimit-remaining: \d+\r\nx-ratelimit-reset: \d+\r\n")
_CUSTOMARY_LINES = b"x-ratelimit-limit: %d\r\nx-ratelimit-remaining: %d\r\nx-ratelimit-reset: %d\r\n"


def read(lines: bytes) -> list[dict[str, str | int]]:
    """What the lines of an answer say, for those who see no headers: of each limit its name, `limit` and `window` (seconds), what is
    `remaining`, and in how many seconds the next unit `resets_in`.
    """
    states = {name: (left, wait) for name, left, wait in _STATE.findall(lines)}
    return [
        {
            "name": name.decode(),
            "limit": int(limit),
            "window": int(window),
            "remaining": int(states[name][0]),
            "resets_in": int(states[name][1]),
        }
        for name, limit, window in _POLICY.findall(lines)
        if name in states
    ]


@cache
def lines_of(policies: tuple[Policy, ...]) -> Callable[[Verdict], bytes]:
    """The header lines of a verdict on these policies. Of shadows clients are told nothing."""
    enforced = [nth for nth, policy in enumerate(policies) if not policy.shadow]
    if len(enforced) == len(policies):
        return RateLines(policies)
    if not enforced:
        return lambda _: b""
    lines = RateLines([policies[nth] for nth in enforced])

    def told(verdict: Verdict) -> bytes:
        states = [state for nth in enforced for state in verdict.states[3 * nth : 3 * nth + 3]]
        return lines(msgspec.structs.replace(verdict, states=states))

    return told


class RateLines:
    """The three customary headers, of the tightest policy, and the IETF pair (draft-ietf-httpapi-ratelimit-headers).

    All speak of what is counted: a bucket of 100 that refills 10 a second is 100 in 10 seconds, of which so many are left.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        declared = ", ".join([f'"{policy.name}";q={policy.capacity};w={policy.span}' for policy in policies])
        state = ", ".join([f'"{policy.name}";r=%d;t=%d' for policy in policies])
        self._limits = [policy.capacity for policy in policies]
        self._spans = [policy.span for policy in policies]
        self._lines = (
            _CUSTOMARY_LINES.decode("ascii") + f"ratelimit-policy: {declared}\r\nratelimit: {state}\r\n"
        ).encode("ascii")

    def __call__(self, verdict: Verdict) -> bytes:
        """The lines of an answer that this verdict let through, or did not."""
        remaining, waits = verdict.states[0::3], verdict.states[1::3]
        least = min(remaining)
        tightest = remaining.index(least)
        # Whole seconds, rounded up: in integers, so that no reset is told too early.
        numbers = [self._limits[tightest], least, -(-(verdict.microseconds + waits[tightest]) // 1_000_000)]
        # A window gives a unit back up to a twentieth of its length late, and nobody reads "in 63 seconds" of one of 60.
        for left, wait, span in zip(remaining, waits, self._spans, strict=True):
            numbers += (left, min(span, -(-wait // 1_000_000)))
        return self._lines % tuple(numbers)


def renewed(lines: bytes, verdict: Verdict) -> bytes:
    """The lines of an answer after a later decision, on some of its limits: what is told is what is left at the end."""
    after = {each.policy.name.encode("ascii"): each for each in verdict.readings if not each.policy.shadow}
    lefts = {name: after[name].remaining if name in after else int(left) for name, left, _ in _STATE.findall(lines)}
    if lefts.keys().isdisjoint(after):
        return lines
    tightest = min(lefts, key=lefts.__getitem__)

    def state(match: re.Match[bytes]) -> bytes:
        reading = after.get(match[1])
        if reading is None:
            return match[0]
        return b'"%b";r=%d;t=%d' % (match[1], reading.remaining, min(reading.policy.span, ceil(reading.reset)))

    lines = _STATE.sub(state, lines)
    if tightest not in after:
        return lines
    least = after[tightest]
    numbers = (least.policy.capacity, least.remaining, ceil(verdict.now + least.reset))
    return _CUSTOMARY.sub(_CUSTOMARY_LINES % numbers, lines)


def shadowed(verdict: Verdict) -> tuple[Mark, ...]:
    """The limits in shadow that would have refused, which are counted."""
    names = verdict.shadowed
    for name in names:
        metrics.rate_limit_shadowed(name)
    return tuple([("shadow", name) for name in names])


def exceeded(verdict: Verdict) -> RateLimited:
    """The refusal of this verdict, which is counted."""
    refusing = verdict.refusing or verdict.readings
    for reading in refusing:
        metrics.rate_limited(reading.policy.name)
    first = refusing[0].policy
    at_once = "" if first.burst is None else f", {first.burst} at once"
    return throttled(
        max(reading.retry_after for reading in refusing),
        [reading.policy.name for reading in refusing],
        f"Too many requests: at most {first.quota} in {first.window:.0f} seconds{at_once}.",
        first.capacity,
    )
