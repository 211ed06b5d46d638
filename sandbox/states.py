"""State machines: which step leads where, and what a row in a state still takes."""

from collections.abc import Mapping
from typing import Any

from sandbox.answers import invalid, state_invalid
from sandbox.scene import Row


class States:
    """steps: from each state, those that a request may ask for."""

    def __init__(self, field: str, steps: Mapping[str, tuple[str, ...]]) -> None:
        self._field, self._steps = field, steps

    def step(self, before: Row, body: Mapping[str, Any]) -> str | None:
        """The state that the body asks for; None when it asks for none, or for the one there is."""
        wanted, current = body.get(self._field), before[self._field]
        if wanted is None or wanted == current:
            return None
        if not isinstance(wanted, str) or wanted not in self._steps:
            raise invalid({self._field: ["must be one of " + ", ".join(self._steps)]})
        if wanted not in self._steps[current]:
            raise state_invalid(current)
        return wanted


def only(row: Row, before: Row, state: str, changeable: tuple[str, ...] = ()) -> None:
    """Refuses changes to anything but these fields."""
    if any(row[name] != before[name] for name in row if name not in changeable):
        raise state_invalid(state)
