"""All operations of test mode."""

from __future__ import annotations

from collections.abc import Sequence

from adapters.core.operation import Operation
from gateway.sandboxes import data, declared, emitting, faults, looking


def operations(dates: Sequence[str]) -> list[Operation]:
    """In the contracts of these dates."""
    return [each for room in (declared, data, faults, looking, emitting) for each in room.operations(dates)]
