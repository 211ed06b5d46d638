"""The kinds of value a public field can hold.

A kind is the metadata of an `Annotated` type, and says everything that follows from it: what a request may send
(its pydantic core schema, strict), what the service holds (a msgspec type), how a value crosses in each direction,
and which filter operators make sense for it (contract.md, "Search").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.declare import text_patterns
from adapters.core.declare.currencies import CODES, read_currency
from adapters.core.declare.ids import IdType
from adapters.core.declare.kind_base import GENERAL, LISTED, ORDERED, TEXTUAL, Kind
from adapters.core.declare.timestamps import MOST_LETTERS, RFC3339, read_bound, read_day, read_instant, utc


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """One line of text of `least` to `most` characters, optionally matching `pattern` (Rust regex: linear time)."""

    most: int = 255
    least: int = 0
    pattern: str = text_patterns.LINE
    format: str | None = None
    example: str = "text"
    operators = TEXTUAL

    def core(self) -> CoreSchema:
        return core_schema.str_schema(
            strict=True, min_length=self.least or None, max_length=self.most, pattern=self.pattern
        )

    def fragment(self) -> CoreSchema:
        # A part of an address or a number need not look like a whole one.
        return core_schema.str_schema(strict=True, min_length=1, max_length=self.most, pattern=text_patterns.LINE)

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema | {"format": self.format} if self.format else schema


@dataclass(frozen=True, slots=True)
class Prose(Kind):
    """Long text with line breaks: found by `search_text`, never by a filter."""

    most: int = 50_000
    least: int = 0

    def core(self) -> CoreSchema:
        return core_schema.str_schema(
            strict=True, min_length=self.least or None, max_length=self.most, pattern=text_patterns.PROSE
        )


class Instant(Kind):
    """A moment: any RFC 3339 offset and fraction in, UTC out, fraction only when it is not zero. Services hold milliseconds."""

    operators = ORDERED
    note = "Kept to the millisecond: further digits are cut off, and a leap second is kept as the one after it."
    read = staticmethod(read_instant)

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            self.read, core_schema.str_schema(strict=True, max_length=MOST_LETTERS)
        )

    @property
    def sought(self) -> Kind:
        return Bound()

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "maxLength": MOST_LETTERS, "pattern": f"^{RFC3339.pattern}$"}

    @staticmethod
    def inward(value: str) -> str:
        head, _, fraction = value[:-1].partition(".")
        return f"{head}.{fraction:0<3}Z"

    @staticmethod
    def outward(value: str) -> str:
        if len(value) == 24 and value[19] == "." and value[23] == "Z":
            return value[:19] + "Z" if value[20:23] == "000" else value
        return utc(datetime.fromisoformat(value))


class Bound(Instant):
    """A moment that others are compared with."""

    read = staticmethod(read_bound)


class Day(Kind):
    """A date without a time, `YYYY-MM-DD`."""

    operators = ORDERED

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_day, core_schema.str_schema(strict=True, max_length=10)
        )

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}

    @staticmethod
    def outward(value: str) -> str:
        return read_day(value[:10])


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number between `least` and `most`."""

    least: int = 0
    most: int = 2**53 - 1
    operators = ORDERED
    held = int

    def core(self) -> CoreSchema:
        return core_schema.int_schema(strict=True, ge=self.least, le=self.most)


class Flag(Kind):
    """True or false."""

    operators = GENERAL
    held = bool

    def core(self) -> CoreSchema:
        return core_schema.bool_schema(strict=True)


@dataclass(frozen=True, slots=True)
class Choice(Kind):
    """One of a few words. `held_as` maps public words to the service's values where these differ."""

    words: tuple[str, ...]
    held_as: Mapping[str, Any] | None = None
    operators = GENERAL

    def core(self) -> CoreSchema:
        return core_schema.literal_schema(list(self.words))

    @property
    def held(self) -> Any:
        return type(next(iter(self.held_as.values()))) if self.held_as else str

    @property
    def inward(self) -> Callable[[Any], Any] | None:  # type: ignore[override]
        return self.held_as.__getitem__ if self.held_as else None

    @property
    def outward(self) -> Callable[[Any], Any] | None:  # type: ignore[override]
        return {value: word for word, value in self.held_as.items()}.__getitem__ if self.held_as else None


@dataclass(frozen=True, slots=True)
class Reference(Kind):
    """A type-prefixed identifier of the given type."""

    of: IdType
    operators = GENERAL

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._read, core_schema.str_schema(strict=True))

    def _read(self, value: str) -> str:
        if self.of.decode(value) is None:
            raise PydanticCustomError(
                "id_invalid",
                "Not the id of a {noun}: it begins with {prefix}",
                {"noun": self.of.noun, "prefix": self.of.prefix},
            )
        return value

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "pattern": self.of.pattern}

    @property
    def inward(self) -> Callable[[Any], Any]:  # type: ignore[override]
        return self.of.decode

    @property
    def outward(self) -> Callable[[Any], Any]:  # type: ignore[override]
        return self.of.encode


@dataclass(frozen=True, slots=True)
class Money(Kind):
    """A decimal string with the minor digits of the currency in the sibling field `currency` (ISO 4217)."""

    currency: str = "currency"
    operators = ORDERED
    held = Decimal

    def core(self) -> CoreSchema:
        return core_schema.str_schema(strict=True, max_length=17, pattern=text_patterns.AMOUNT)

    @staticmethod
    def inward(value: str) -> Decimal:
        amount = Decimal(value)
        # A double keeps the sign of a zero and an integer does not: the same amount would read in two ways.
        return amount or abs(amount)


class CurrencyCode(Kind):
    """An ISO 4217 code."""

    operators = GENERAL

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_currency, core_schema.str_schema(strict=True, pattern=text_patterns.CURRENCY)
        )

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "enum": CODES}


@dataclass(frozen=True, slots=True)
class TextList(Kind):
    """A list of at most `most` short texts, in order."""

    element: Text = Text(100, 1, text_patterns.LABEL, example="vip")
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
        return Text(self.element.most, 1, example=self.element.example)


PHONE = Text(40, 3, text_patterns.PHONE)

Line = Annotated[str, Text(255)]
Name = Annotated[str, Text(255, 1)]
Email = Annotated[str, Text(254, 3, text_patterns.EMAIL, "email")]
Phone = Annotated[str, PHONE]
Phones = Annotated[list[str], TextList(PHONE, most=20)]
Url = Annotated[str, Text(2048, 8, text_patterns.URL, "uri")]
LongText = Annotated[str, Prose()]
Moment = Annotated[str, Instant()]
Date = Annotated[str, Day()]
Amount = Annotated[str, Money()]
Currency = Annotated[str, CurrencyCode()]
Whole = Annotated[int, Integer()]
Boolean = Annotated[bool, Flag()]
Words = Annotated[list[str], TextList()]
