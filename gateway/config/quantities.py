"""Durations and sizes with their unit, because `timeout: 30` has cost too many people an evening."""

import re
from typing import Annotated

from pydantic import BeforeValidator

from gateway.config.faults import refuse

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
LONGEST = 3_650 * 86_400.0
"""Seconds. Ten years: what is added to today's date, or counted in milliseconds by a store, must stay within theirs."""
PATIENCE = 86_400.0
"""Seconds. A day: databases and sockets count a wait in milliseconds of 31 bits."""

_SIZE = re.compile(r"(\d+)(B|KB|MB|GB|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}


def seconds(text: object) -> float:
    """`"1.5s"` → 1.5, `"90d"` → 7776000.0. Refuses less than 1ms, more than LONGEST, a number without a unit, and anything else."""
    match = _DURATION.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise refuse("is not a duration", "Write a number and a unit: 250ms, 30s, 5m, 24h or 90d.")
    value = float(match[1]) * _SECONDS[match[2]]
    if not 0.001 <= value <= LONGEST:
        raise refuse("is out of range", "Write a duration from 1ms to 3650d.")
    return value


def waiting(text: object) -> float:
    """As `seconds`, for how long something is waited for: at most PATIENCE."""
    value = seconds(text)
    if value > PATIENCE:
        raise refuse("is longer than anybody waits", "Write a duration of at most 24h.")
    return value


def pausing(text: object) -> float:
    """As `waiting`, but for what need not be waited for: `"0s"` → 0.0."""
    return 0.0 if text == "0s" else waiting(text)


def size(text: object) -> int:
    """`"1MiB"` → 1048576, `"50MB"` → 50000000 (bytes). Refuses zero, a number without a unit, and anything else."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise refuse("is not a size", "Write a number and a unit: 512KiB, 1MiB, 50MB or 1GiB.")
    value = int(match[1]) * _BYTES[match[2]]
    if value <= 0:
        raise refuse("must be more than nothing", "Write a positive size such as 1MiB.")
    return value


Duration = Annotated[float, BeforeValidator(seconds)]
Timeout = Annotated[float, BeforeValidator(waiting)]
Pause = Annotated[float, BeforeValidator(pausing)]
Size = Annotated[int, BeforeValidator(size)]
