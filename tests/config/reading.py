"""What the tests of the configuration share."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gateway.config import ConfigError, Fault, load

Write = Callable[[str], Path]


def faults(path: Path | None, env: Mapping[str, str] = {}, flags: Mapping[str, object] = {}) -> dict[str, Fault]:
    with pytest.raises(ConfigError) as raised:
        load(path, env, flags)
    return {fault.path: fault for fault in raised.value.faults}
