"""Amounts, and the currencies they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.declare import text_patterns
from adapters.core.declare.currencies import CODES, minor, minor_digits, money, read_currency
from adapters.core.declare.kinds.base import GENERAL, ORDERED, Kind, Schema
from adapters.core.declare.kinds.source import Source


def unsigned(value: str) -> str:
    """A decimal without a sign → itself; refused otherwise."""
    if value.startswith("-"):
        raise PydanticCustomError("out_of_range", "This must not be less than 0")
    return value


def positive(value: str) -> str:
    """A decimal of more than zero → itself; refused otherwise."""
    if Decimal(value) <= 0:
        raise PydanticCustomError("not_positive", "This must be more than 0")
    return value


@dataclass(frozen=True, slots=True)
class Money(Kind):
    """A decimal string with the minor digits of the currency (ISO 4217) in the field that is named: one of the same record, or
    of the nearest around it that has such a field.

    form: how the service writes it: a JSON number of major units, the same as a `string`, or a whole number of `minor` units.
    least: `signed`, from `zero`, or only what is `positive` in a request.
    """

    currency: str = "currency"
    form: Literal["number", "string", "minor"] = "number"
    least: Literal["signed", "zero", "positive"] = "signed"
    operators = ORDERED

    @property
    def held(self) -> Any:
        return int if self.form == "minor" else Decimal

    @property
    def answers_only(self) -> bool:  # type: ignore[override]
        # How many units an amount has is its currency's word, which is not there where a single value is written.
        return self.form == "minor"

    @property
    def beside(self) -> str:  # type: ignore[override]
        return self.currency

    def core(self) -> CoreSchema:
        text = core_schema.str_schema(strict=True, max_length=17, pattern=text_patterns.AMOUNT)
        if self.least == "signed":
            return text
        return core_schema.no_info_after_validator_function(positive if self.least == "positive" else unsigned, text)

    def described(self, schema: Schema) -> Schema:
        further = {"signed": [], "zero": ["^[^-]"], "positive": ["^[^-]", "[1-9]"]}[self.least]
        return schema | ({"allOf": [{"pattern": each} for each in further]} if further else {})

    @property
    def sought(self) -> Money:
        # Nothing is found below zero where there is nothing, and asking is no fault.
        return self if self.least == "signed" else Money(self.currency, self.form)

    def inward(self, value: str) -> Any:
        amount = Decimal(value)
        # A double keeps the sign of a zero and an integer does not: the same amount would read in two ways.
        amount = amount or abs(amount)
        return f"{amount:f}" if self.form == "string" else amount

    def faulty_beside(self, held: Any, beside: Any) -> tuple[str, str] | None:
        # What a service holds has no digits of its own choosing: 10.50 is 10.5 to it.
        amount = held if isinstance(held, Decimal) else Decimal(str(held)).normalize()
        digits, exponent = minor_digits(beside), amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > digits:
            return "amount_precision", f"An amount in {beside} has at most {digits} decimals."
        return None

    def emit(self, name: str, source: Source) -> list[str]:
        turn = source.bind(self._turn, self._turn.__name__)
        return [f"row.{name} = {turn}(v, {source.beside(self.currency)})"]

    def told(self, held: Any, beside: Any = None) -> Any:
        return self._turn(msgspec.convert(held, self.held), beside)

    @property
    def _turn(self) -> Callable[[Any, str | None], str]:
        return minor if self.form == "minor" else money

    def edges(self) -> tuple[Any, ...]:
        return (
            *("1", "-1", "1234.50", "1.2345", "1.23456", "1.", ".5", "1e3", "+1", "-0", "1\n", "١", 1, 1.5),
            *("9" * 15, "9" * 16, "9" * 13 + ".99", "9" * 14 + ".99"),
        )


class CurrencyCode(Kind):
    """An ISO 4217 code."""

    operators = GENERAL

    def core(self) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            read_currency, core_schema.str_schema(strict=True, pattern=text_patterns.CURRENCY)
        )

    def described(self, schema: Schema) -> Schema:
        return {"type": "string", "enum": CODES}

    def edges(self) -> tuple[Any, ...]:
        return ("GBP", "gbp", "XAU", "ZZZ", "JPY", "GBP\n")


Amount = Annotated[str, Money()]
Currency = Annotated[str, CurrencyCode()]
