"""Months of a year."""

from __future__ import annotations

from typing import Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare.kinds.base import ORDERED, Kind
from adapters.core.declare.text_patterns import MONTH


class Month(Kind):
    """A calendar month, `YYYY-MM`."""

    operators = ORDERED

    def core(self) -> CoreSchema:
        return core_schema.str_schema(strict=True, max_length=7, pattern=MONTH)

    def edges(self) -> tuple[Any, ...]:
        return (
            "2026-06",
            "2026-12",
            "2026-13",
            "2026-00",
            "2026-6",
            "202606",
            "2026-06\n",
            "٢٠٢٦-06",
            "2026-06-17",
            202606,
        )
