"""Whole numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import ORDERED, Kind

_WHOLE = re.compile(r"-?[0-9]{1,19}")


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number between `least` and `most`."""

    least: int = 0
    most: int = 2**53 - 1
    operators = ORDERED
    held = int

    def core(self) -> CoreSchema:
        return core_schema.int_schema(strict=True, ge=self.least, le=self.most)

    def from_cell(self, cell: str) -> Any:
        return int(cell) if _WHOLE.fullmatch(cell) else cell

    def edges(self) -> tuple[Any, ...]:
        return (self.least - 1, self.least, self.most, self.most + 1, 0, 1, -1, 25.0, 1.5, True, "1", 1e300)


Whole = Annotated[int, Integer()]
