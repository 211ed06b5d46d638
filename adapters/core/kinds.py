"""The kinds of value a public field can hold.

A kind is the metadata of an `Annotated` type, and says everything that follows from it: what a request may send
(its pydantic core schema, strict), what the service holds (a msgspec type), how a value crosses in each direction,
and which filter operators make sense for it (contract.md, "Search").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any

from iso4217 import Currency as Iso4217
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.ids import IdType

GENERAL = ("eq", "neq", "in", "not_in", "is_empty", "is_not_empty")
TEXTUAL = (*GENERAL, "contains", "not_contains", "starts_with", "ends_with")
ORDERED = (*GENERAL, "gt", "gte", "lt", "lte", "between")
LISTED = ("contains_any", "contains_all", "contains_none", "is_empty", "is_not_empty")

# Control characters never belong in a value: they forge log lines and headers further down.
_LINE = r"^[^\x00-\x1f\x7f]*$"
_PROSE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


class Kind:
    """Base of all kinds. The defaults are those of a plain, unfilterable value."""

    operators: tuple[str, ...] = ()
    held: Any = str  # the msgspec type of the service's value
    inward: Callable[[Any], Any] | None = None  # validated public value → service's value
    outward: Callable[[Any], Any] | None = None  # service's value → public value

    def core(self) -> CoreSchema:
        """The strict schema of a public value."""
        raise TypeError(f"{type(self).__name__} has no schema of its own")

    def operand(self) -> CoreSchema:
        """The schema of a filter's value: the element's for lists, else that of the field."""
        return self.core()

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON schema, as pydantic derived it from `core`, completed."""
        return schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.core()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.described(handler(schema))


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """One line of text of `least` to `most` characters, optionally matching `pattern` (Rust regex: linear time)."""

    most: int = 255
    least: int = 0
    pattern: str = _LINE
    format: str | None = None
    example: str = "text"
    operators = TEXTUAL

    def core(self) -> CoreSchema:
        return core_schema.str_schema(
            strict=True, min_length=self.least or None, max_length=self.most, pattern=self.pattern
        )

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema | {"format": self.format} if self.format else schema


@dataclass(frozen=True, slots=True)
class Prose(Kind):
    """Long text with line breaks: found by `search_text`, never by a filter."""

    most: int = 50_000
    least: int = 0

    def core(self) -> CoreSchema:
        return core_schema.str_schema(strict=True, min_length=self.least or None, max_length=self.most, pattern=_PROSE)


class Instant(Kind):
    """A moment: any RFC 3339 offset in, UTC out, fraction only when it is not zero. Services hold milliseconds."""

    operators = ORDERED

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_instant, core_schema.str_schema(strict=True, max_length=40)
        )

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    @staticmethod
    def inward(value: str) -> str:
        head, _, fraction = value[:-1].partition(".")
        return f"{head}.{fraction:0<3}Z"

    @staticmethod
    def outward(value: str) -> str:
        if len(value) == 24 and value[19] == "." and value[23] == "Z":
            return value[:19] + "Z" if value[20:23] == "000" else value[:23].rstrip("0") + "Z"
        return utc(datetime.fromisoformat(value))


class Day(Kind):
    """A date without a time, `YYYY-MM-DD`."""

    operators = ORDERED

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_day, core_schema.str_schema(strict=True, max_length=10)
        )

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    @staticmethod
    def outward(value: str) -> str:
        return value[:10]


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
    inward = Decimal

    def core(self) -> CoreSchema:
        return core_schema.str_schema(strict=True, max_length=24, pattern=r"^-?[0-9]{1,15}(\.[0-9]{1,4})?$")


class CurrencyCode(Kind):
    """An ISO 4217 code."""

    operators = GENERAL

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_currency, core_schema.str_schema(strict=True, pattern="^[A-Z]{3}$")
        )


@dataclass(frozen=True, slots=True)
class TextList(Kind):
    """A list of at most `most` short texts, in order."""

    element: Text = Text(100, 1, example="vip")
    most: int = 50
    least: int = 0
    operators = LISTED
    held = list[str]

    def core(self) -> CoreSchema:
        return core_schema.list_schema(
            self.element.core(), strict=True, min_length=self.least or None, max_length=self.most
        )

    def operand(self) -> CoreSchema:
        return self.element.core()


class Custom(Kind):
    """An object of the workspace's own fields: names to JSON values."""

    held = dict[str, Any]

    def core(self) -> CoreSchema:
        name = core_schema.no_info_after_validator_function(
            _read_custom_name, core_schema.str_schema(strict=True, pattern=r"^[A-Za-z0-9_.\- ]{1,64}$")
        )
        return core_schema.dict_schema(name, core_schema.any_schema(), strict=True, max_length=100)

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {"type": "object", "additionalProperties": True, "maxProperties": 100}


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def utc(moment: datetime) -> str:
    """A datetime → RFC 3339 in UTC to the millisecond, fraction only when it is not zero."""
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds")[:-6]
    return (text.removesuffix(".000") if text.endswith(".000") else text.rstrip("0")) + "Z"


def read_instant(value: str) -> str:
    """RFC 3339 text with any offset → the same moment as the contract writes it."""
    try:
        if not _RFC3339.fullmatch(value):
            raise ValueError(value)
        return utc(datetime.fromisoformat(value.upper()))
    except (ValueError, OverflowError):
        raise PydanticCustomError(
            "datetime_invalid", "Not an RFC 3339 date-time such as 2026-06-17T14:30:00Z"
        ) from None


def read_day(value: str) -> str:
    """`YYYY-MM-DD` → itself, when there is such a day."""
    try:
        if len(value) != 10:
            raise ValueError(value)
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise PydanticCustomError("date_invalid", "Not a date such as 2026-06-17") from None


def read_currency(code: str) -> str:
    """An ISO 4217 code that has minor units → itself."""
    if code not in _MINOR_DIGITS:
        raise PydanticCustomError("currency_unknown", "Not an ISO 4217 currency code such as EUR")
    return code


def _read_custom_name(name: str) -> str:
    if name == "__proto__":
        raise PydanticCustomError("name_invalid", "Not a name for a custom field")
    return name


_MINOR_DIGITS: dict[str, int] = {c.code: c.exponent for c in Iso4217 if c.exponent is not None}
_QUANTA = {code: Decimal(1).scaleb(-digits) for code, digits in _MINOR_DIGITS.items()}


def minor_digits(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return _MINOR_DIGITS[currency]


def money(amount: Decimal, currency: str | None) -> str:
    """The service's number → a decimal string with its currency's minor digits; unknown currencies keep theirs."""
    quantum = _QUANTA.get(currency or "")
    return f"{amount.quantize(quantum) if quantum is not None else amount:f}"


PHONE = Text(40, 3, r"^[0-9A-Za-z+().,/#*\- ]+$")
_EMAIL = (
    r"^[^\s@\x00-\x1f\x7f<>()\[\],;:\\\"]{1,64}"
    r"@[^\s@.\x00-\x1f\x7f]{1,63}(\.[^\s@.\x00-\x1f\x7f]{1,63}){1,8}$"
)

Line = Annotated[str, Text(255)]
Name = Annotated[str, Text(255, 1)]
Email = Annotated[str, Text(254, 3, _EMAIL, "email")]
Phone = Annotated[str, PHONE]
Phones = Annotated[list[str], TextList(PHONE, most=20)]
Url = Annotated[str, Text(2048, 8, r"^https?://[^\s\x00-\x1f\x7f]+$", "uri")]
LongText = Annotated[str, Prose()]
Moment = Annotated[str, Instant()]
Date = Annotated[str, Day()]
Amount = Annotated[str, Money()]
Currency = Annotated[str, CurrencyCode()]
Whole = Annotated[int, Integer()]
Boolean = Annotated[bool, Flag()]
Words = Annotated[list[str], TextList()]
CustomFields = Annotated[dict[str, Any], Custom()]
