"""Waiting for what shall come to be, instead of for as long as it may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def within(seconds: float, holds: Callable[[], bool]) -> None:
    """Returns as soon as it holds; what is asked `seconds` after this was called, or later, must hold."""
    until = time.monotonic() + seconds
    while True:
        late = time.monotonic() >= until
        if holds():
            return
        assert not late, f"not within {seconds} s"
        time.sleep(0.02)


def at_rest(pid: int, *, seconds: float = 30.0, still: float = 0.25) -> None:
    """Returns when a process has computed nothing for `still` seconds."""
    until = time.monotonic() + seconds
    spent, since = _spent(pid), time.monotonic()
    while time.monotonic() < since + still:
        assert time.monotonic() < until, f"{pid} has not come to rest within {seconds} s"
        time.sleep(0.02)
        if (now := _spent(pid)) != spent:
            spent, since = now, time.monotonic()


def _spent(pid: int) -> list[str]:
    """User and system time of a process, in clock ticks."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
