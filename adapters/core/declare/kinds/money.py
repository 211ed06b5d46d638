"""Amounts, and the currencies they are in."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from pydantic_core import CoreSchema, core_schema

from adapters.core.declare import text_patterns
from adapters.core.declare.currencies import CODES, minor_digits, money, read_currency
from adapters.core.declare.kinds.base import GENERAL, ORDERED, Kind, Schema
from adapters.core.declare.kinds.source import Source


@dataclass(frozen=True, slots=True)
class Money(Kind):
    """A decimal string with the minor digits of the currency (ISO 4217) in the field that is named: one of the same record, or
    of the nearest around it that has such a field.
    """

    currency: str = "currency"
    operators = ORDERED
    held = Decimal

    @property
    def beside(self) -> str:  # type: ignore[override]
        return self.currency

    def core(self) -> CoreSchema:
        return core_schema.str_schema(strict=True, max_length=17, pattern=text_patterns.AMOUNT)

    @staticmethod
    def inward(value: str) -> Decimal:
        amount = Decimal(value)
        # A double keeps the sign of a zero and an integer does not: the same amount would read in two ways.
        return amount or abs(amount)

    def faulty_beside(self, held: Any, beside: Any) -> tuple[str, str] | None:
        # What a service holds has no digits of its own choosing: 10.50 is 10.5 to it.
        amount = held if isinstance(held, Decimal) else Decimal(str(held)).normalize()
        digits, exponent = minor_digits(beside), amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > digits:
            return "too_precise", f"An amount in {beside} has at most {digits} decimals."
        return None

    def emit(self, name: str, source: Source) -> list[str]:
        return [f"row.{name} = {source.bind(money, 'money')}(v, {source.beside(self.currency)})"]

    def told(self, held: Any, beside: Any = None) -> Any:
        return money(msgspec.convert(held, Decimal), beside)

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
