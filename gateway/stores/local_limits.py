"""Limits without the store: each worker grants its share, so that the sum stays near what was declared.

The same arithmetic as ``scripts/admit.lua``, in memory and by this machine's clock. Only the subjects seen last are kept;
one dropped for want of room starts afresh. What was counted outlives the return of the store: one that comes and goes must
not grant every share anew each time.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

from gateway.stores.policies import Policy, Verdict

_SUBJECTS_KEPT: Final = 20_000

# As in the script: units promised at once, and µs.
_SHARE: Final = 8
_FARTHEST: Final = 60_000_000
_RETURNS: Final = 2_000_000


class LocalLimits:
    """``replicas``: how many workers share each limit. ``clock``: seconds, monotonic."""

    def __init__(self, replicas: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._replicas = max(1, replicas)
        self._clock = clock
        self._meters: OrderedDict[bytes, _Bucket | _Window] = OrderedDict()

    def admit(self, subjects: Sequence[tuple[bytes, Policy]], *, spreading: bool = False, units: int = 1) -> Verdict:
        """Takes the units of every policy, or of none when one has too few left.

        ``spreading``: each of those who are refused is told a moment of its own (see the script).
        """
        now = int(self._clock() * 1e6)
        meters = [self._meter(key, policy) for key, policy in subjects]
        waits = [meter.wait(now, units) for meter in meters]
        shadows = [policy.shadow for _, policy in subjects]
        allowed = not any(wait for wait, shadow in zip(waits, shadows, strict=True) if not shadow)
        if allowed:
            for meter, wait in zip(meters, waits, strict=True):
                if not wait:
                    meter.take(now, units)
        elif spreading:
            waits = [
                meter.promise(now, units) if wait and not shadow else wait
                for meter, wait, shadow in zip(meters, waits, shadows, strict=True)
            ]
        states: list[int] = []
        for meter, wait in zip(meters, waits, strict=True):
            states += (meter.left(now), meter.whole(now), wait)
        policies = [policy for _, policy in subjects]
        present = int(time.time() * 1e6)
        return Verdict(policies, states, allowed=allowed, generation=None, microseconds=present, local=True)

    def share(self, policy: Policy) -> int:
        """What a worker has of the policy's units."""
        return max(1, policy.capacity // self._replicas)

    def give_back(self, key: bytes) -> None:
        """Undoes one unit that was taken."""
        if key in self._meters:
            self._meters[key].give_back()

    def _meter(self, key: bytes, policy: Policy) -> "_Bucket | _Window":
        meter = self._meters.pop(key, None)
        if meter is None:
            share = self.share(policy)
            if policy.slices:
                meter = _Window(share, policy.step, policy.slices)
            else:
                meter = _Bucket(share, policy.step * self._replicas)
        self._meters[key] = meter
        if len(self._meters) > _SUBJECTS_KEPT:
            self._meters.popitem(last=False)
        return meter


class _Promises:
    """Until when those who were refused have been told to wait, and since when they have been coming."""

    __slots__ = ("since", "until")

    def __init__(self) -> None:
        self.until = -_RETURNS
        self.since = 0

    def share(self, now: int) -> int:
        """How many units to promise to the next."""
        if self.until + _RETURNS <= now:
            self.since = now
        return 1 if now - self.since < _RETURNS // 2 else _SHARE


class _Bucket:
    __slots__ = ("_capacity", "_full", "_promises", "_step")

    def __init__(self, capacity: int, step: int) -> None:
        self._promises = _Promises()
        self._capacity = capacity
        self._step = step
        self._full = 0

    def wait(self, now: int, units: int) -> int:
        return max(0, self._full - now - (self._capacity - min(units, self._capacity)) * self._step)

    def take(self, now: int, units: int) -> None:
        self._full = max(self._full, now) + min(units, self._capacity) * self._step

    def promise(self, now: int, units: int) -> int:
        first = now + self.wait(now, units)
        slot = max(self._promises.until, first - self._step) + self._promises.share(now) * self._step
        self._promises.until = first if slot > max(first, now + _FARTHEST) else slot
        return self._promises.until - now

    def give_back(self) -> None:
        self._full -= self._step

    def left(self, now: int) -> int:
        return (self._capacity * self._step - self.whole(now)) // self._step

    def whole(self, now: int) -> int:
        return max(0, self._full - now)


class _Window:
    __slots__ = ("_capacity", "_counts", "_promised", "_promises", "_slices", "_step")

    def __init__(self, capacity: int, step: int, slices: int) -> None:
        self._capacity = capacity
        self._step = step
        self._slices = slices
        self._counts: dict[int, int] = {}  # slice → units, oldest first
        self._promises = _Promises()
        self._promised = 0  # units that have not come free yet

    def wait(self, now: int, units: int) -> int:
        self._forget(now)
        return self._free(sum(self._counts.values()) + min(units, self._capacity) - self._capacity, now)

    def promise(self, now: int, units: int) -> int:
        used, share, first = sum(self._counts.values()), self._promises.share(now), self.wait(now, units)
        self._promised += share
        needed = used - self._capacity + min(units, self._capacity) - 1 + self._promised
        wait = self._free(needed, now)
        if needed > used or wait > max(first, _FARTHEST):
            self._promised, wait = share, first
        self._promises.until = now + wait
        return wait

    def _free(self, units: int, now: int) -> int:
        """µs until so many units have come free, or until all have."""
        wait = 0
        for slice_, count in self._counts.items():
            if units <= 0:
                break
            units -= count
            wait = self._leaves(slice_, now)
        return wait

    def take(self, now: int, units: int) -> None:
        current = now // self._step
        self._counts[current] = self._counts.get(current, 0) + min(units, self._capacity)

    def give_back(self) -> None:
        newest = next((slice_ for slice_ in reversed(self._counts) if self._counts[slice_]), None)
        if newest is not None:
            self._counts[newest] -= 1

    def left(self, now: int) -> int:
        self._forget(now)
        return self._capacity - sum(self._counts.values())

    def whole(self, now: int) -> int:
        self._forget(now)
        return self._leaves(max(self._counts), now) if self._counts else 0

    def _leaves(self, slice_: int, now: int) -> int:
        return (slice_ + self._slices + 1) * self._step - now

    def _forget(self, now: int) -> None:
        oldest = now // self._step - self._slices
        for slice_ in [slice_ for slice_ in self._counts if slice_ < oldest]:
            self._promised = max(0, self._promised - self._counts.pop(slice_))
