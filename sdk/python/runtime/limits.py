"""What a client may still ask, from the headers of the last answer (draft-ietf-httpapi-ratelimit-headers)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ITEM = re.compile(r'"([^"]+)"((?:\s*;\s*[a-z]+=\d+)*)')
_PARAMETER = re.compile(r"([a-z]+)=(\d+)")


@dataclass(frozen=True)
class Limit:
    """One limit: `limit` requests at once, whole again after `window` seconds; `remaining` are left, and it is whole again in
    `reset` seconds.
    """

    limit: int
    window: int
    remaining: int
    reset: int

    @property
    def spacing(self) -> float:
        """After how many seconds one more request is allowed."""
        return self.window / self.limit if self.limit else 0.0


def read(headers: Mapping[str, str]) -> dict[str, Limit]:
    """The limits by name; empty where the headers tell of none. What cannot be read is left out."""
    policies, left = _items(headers.get("ratelimit-policy", "")), _items(headers.get("ratelimit", ""))
    return {
        name: Limit(policies[name]["q"], policies[name]["w"], now["r"], now.get("t", 0))
        for name, now in left.items()
        if {"q", "w"} <= policies.get(name, {}).keys() and "r" in now
    }


def _items(header: str) -> dict[str, dict[str, int]]:
    return {
        name: {key: int(value) for key, value in _PARAMETER.findall(parameters)}
        for name, parameters in _ITEM.findall(header)
    }


class Pace:
    """When the next request may be sent, so that it is not refused. Callers at the same time get a slot each."""

    def __init__(self) -> None:
        self.limits: dict[str, Limit] = {}
        self._free = 0.0

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Take what an answer says. now: seconds of a clock that does not jump."""
        found = read(headers)
        if not found:
            return
        self.limits = found
        used_up = [limit.spacing for limit in found.values() if limit.remaining == 0]
        if used_up:
            self._free = max(self._free, now + max(used_up))

    def wait(self, now: float) -> float:
        """How many seconds to wait before a request; its slot is then taken."""
        if self._free <= now:
            return 0.0
        waiting = self._free - now
        used_up = [limit.spacing for limit in self.limits.values() if limit.remaining == 0]
        self._free += max(used_up, default=0.0)
        return waiting
