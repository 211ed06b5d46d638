"""Truth values."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import GENERAL, Kind


class Flag(Kind):
    """True or false."""

    operators = GENERAL
    held = bool

    def core(self) -> CoreSchema:
        return core_schema.bool_schema(strict=True)

    def from_cell(self, cell: str) -> Any:
        return {"true": True, "false": False}.get(cell.lower(), cell)

    def edges(self) -> tuple[Any, ...]:
        return (True, False, 0, 1, "true", None)


Boolean = Annotated[bool, Flag()]
