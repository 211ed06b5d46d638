"""Texts: one line of them, or many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic_core import CoreSchema, core_schema

from adapters.core.declare import text_patterns
from adapters.core.declare.invisible import plain, sought, visible
from adapters.core.declare.kinds.base import TEXTUAL, Kind, Schema, derived


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """One line of text of `least` to `most` characters, optionally matching `pattern` (Rust regex: linear time).

    settle: what the pattern lets through → what is kept of it and looked for; it may refuse the rest.
    """

    most: int = 255
    least: int = 0
    pattern: str = text_patterns.LINE
    format: str | None = None
    example: str = "text"
    settle: Callable[[str], str] | None = None
    caseless: bool = False
    operators = TEXTUAL
    blank_is_value = True

    def core(self) -> CoreSchema:
        schema = core_schema.str_schema(
            strict=True, min_length=self.least or None, max_length=self.most, pattern=self.pattern
        )
        return core_schema.no_info_after_validator_function(self.settle, schema) if self.settle else schema

    def fragment(self) -> CoreSchema:
        # A part of an address or a number need not look like a whole one.
        schema = core_schema.str_schema(strict=True, min_length=1, max_length=self.most, pattern=text_patterns.LINE)
        return core_schema.no_info_after_validator_function(sought, schema) if self.settle else schema

    def strict(self) -> Schema:
        # The pattern says it exactly; what a reader's library takes for an address may be less, or more.
        return derived(self)

    def loose(self) -> Schema:
        return {"type": "string"}

    def described(self, schema: Schema) -> Schema:
        return schema | {"format": self.format} if self.format else schema

    @property
    def free(self) -> bool:  # type: ignore[override]
        return self.pattern in (text_patterns.LINE, text_patterns.NAME) and self.format is None

    def edges(self) -> tuple[Any, ...]:
        lengths = [length for length in (self.least - 1, self.least, self.most, self.most + 1) if length >= 0]
        return (*("x" * length for length in lengths), "😀" * self.most, *text_patterns.EDGES)


@dataclass(frozen=True, slots=True)
class Prose(Kind):
    """Long text with line breaks: found by `search_text`, never by a filter."""

    most: int = 50_000
    least: int = 0
    free = True

    def core(self) -> CoreSchema:
        return core_schema.str_schema(
            strict=True, min_length=self.least or None, max_length=self.most, pattern=text_patterns.PROSE
        )

    def edges(self) -> tuple[Any, ...]:
        return ("x" * self.most, "x" * (self.most + 1), "a\nb", "a\tb", "a\r\nb", "a\x00", "a\x7f")


EMAIL = Text(254, 3, text_patterns.EMAIL, "email", example="ada@example.com", settle=visible, caseless=True)
PHONE = Text(40, 3, text_patterns.PHONE, settle=plain)

Line = Annotated[str, Text(255)]
Name = Annotated[str, Text(255, 1, text_patterns.NAME)]
Email = Annotated[str, EMAIL]
Phone = Annotated[str, PHONE]
Url = Annotated[str, Text(2048, 8, text_patterns.URL, "uri")]
LongText = Annotated[str, Prose()]
