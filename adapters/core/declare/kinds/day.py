"""Dates without a time."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import ORDERED, Kind, Schema
from adapters.core.declare.timestamps import read_day


class Day(Kind):
    """A date without a time, `YYYY-MM-DD`."""

    operators = ORDERED

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_day, core_schema.str_schema(strict=True, max_length=10)
        )

    def described(self, schema: Schema) -> Schema:
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}

    @staticmethod
    def outward(value: str) -> str:
        return read_day(value[:10])

    def comparable(self, held: Any) -> Any:
        return held[:10]

    def edges(self) -> tuple[Any, ...]:
        return (
            "2026-06-17",
            "2026-06-17\n",
            "2026-6-17",
            "2026-02-30",
            "٢٠٢٦-06-17",
            "20260617",
            "2026-06-17T00:00:00Z",
        )


Date = Annotated[str, Day()]
