"""The last record that a walk gave out: how a position carries it, and where it lies among others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.core.calls import Window


class Anchors:
    """Writes records of one struct type into positions, as `[sort value, id]`, and reads them back."""

    __slots__ = ("_types",)

    def __init__(self, row: type[msgspec.Struct]) -> None:
        self._types = {field.name: field.type for field in msgspec.structs.fields(row)}

    def write(self, row: Any, order_by: str) -> list[Any]:
        """The record's sort value and id; JSON holds both exactly."""
        return [msgspec.to_builtins(getattr(row, order_by)), row.id]

    def value(self, written: Any, order_by: str) -> Any:
        """A written sort value → as the struct has it: amounts are decimals again."""
        return msgspec.convert(written, self._types[order_by])


@dataclass(frozen=True, slots=True)
class Anchor:
    """A record's place in the service's order: null lowest, text by code point, ties by id in the same direction."""

    value: Any
    id: str | int

    def boundary(self, rows: list[Any], window: Window) -> int:
        """How many of the rows, which are in the window's order, are not beyond this one."""
        held = ((getattr(row, window.order_by), row.id) for row in rows)
        keys = [(value is not None, value, internal_id) for value, internal_id in held]
        own = (self.value is not None, self.value, self.id)
        if own in keys:
            return keys.index(own) + 1
        return sum(key > own if window.descending else key < own for key in keys)
