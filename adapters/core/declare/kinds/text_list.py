"""Lists of short texts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.csv.cells import SEPARATOR, undone
from adapters.core.declare import text_patterns
from adapters.core.declare.invisible import sought
from adapters.core.declare.kinds.base import LISTED, Kind, Schema
from adapters.core.declare.kinds.text import PHONE, Text

LABEL = Text(100, 1, text_patterns.LABEL, example="vip")


@dataclass(frozen=True, slots=True)
class TextList(Kind):
    """A list of at most `most` short texts, in order."""

    element: Text = LABEL
    most: int = 50
    least: int = 0
    operators = LISTED
    held = list[str]

    def core(self) -> CoreSchema:
        return core_schema.list_schema(
            self.element.core(), strict=True, min_length=self.least or None, max_length=self.most
        )

    @property
    def sought(self) -> Text:
        """An item to look for or to take away: a service may hold some that would not be taken today."""
        settle = sought if self.element.settle else None
        return Text(self.element.most, 1, example=self.element.example, settle=settle)

    def places(self) -> Iterator[tuple[str, str]]:
        for position in range(self.most):
            yield f".{position}", f"/{position}"

    def strict(self) -> Schema:
        return Kind.strict(self) | {"items": self.element.strict()}

    def loose(self) -> Schema:
        return {"type": "array", "items": self.element.loose()}

    def from_cell(self, cell: str) -> Any:
        return [undone(item) for each in cell.split(SEPARATOR) if (item := each.strip())]

    def from_held_cell(self, cell: str) -> Any:
        return [item for item in cell.split(SEPARATOR) if item]

    def operand_example(self, example: Any) -> Any:
        return example[0] if isinstance(example, list) else example

    def edges(self) -> tuple[Any, ...]:
        some = self.element.example
        return (
            *([], [some], ["a\nb"], [""], [None], [1], ["x" * (self.element.most + 1)], some),
            *([some] * count for count in (self.least - 1, self.least, self.most, self.most + 1) if count > 0),
            *([each] for each in self.element.edges()),
        )


Phones = Annotated[list[str], TextList(PHONE, most=20)]
Words = Annotated[list[str], TextList()]
