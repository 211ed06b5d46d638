"""Decimal numbers that are no amounts of money: quantities, rates, percentages."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.declare import text_patterns
from adapters.core.declare.currencies import shortest
from adapters.core.declare.kinds.base import ORDERED, Kind, Schema
from adapters.core.declare.kinds.money import positive, unsigned


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """A decimal string of at most `digits` before the point and `decimals` behind it, answered in its shortest form.

    least: `signed`, from `zero`, or only what is `positive`. most: the highest value, a power of ten, or None.
    """

    digits: int
    decimals: int
    least: Literal["signed", "zero", "positive"] = "zero"
    most: int | None = None
    operators = ORDERED
    held = Decimal

    def __post_init__(self) -> None:
        if self.most is not None and self.most != 10 ** (self.digits - 1):
            raise TypeError(f"{self.most} is not the power of ten that has {self.digits} digits")

    def core(self) -> CoreSchema:
        text = core_schema.str_schema(
            strict=True, max_length=self.digits + self.decimals + 2, pattern=text_patterns.DECIMAL
        )
        return core_schema.no_info_after_validator_function(self._read, text)

    def _read(self, value: str) -> str:
        whole, _, fraction = value.lstrip("-").partition(".")
        if len(whole) > self.digits or len(fraction) > self.decimals:
            told = f"A decimal has at most {self.digits} digits before and {self.decimals} behind the point here"
            raise PydanticCustomError("format_invalid", "{told}", {"told": told})
        if self.least == "positive":
            positive(value)
        elif self.least == "zero":
            unsigned(value)
        if self.most is not None and Decimal(value) > self.most:
            raise PydanticCustomError("out_of_range", "This must not be more than {most}", {"most": self.most})
        return value

    def described(self, schema: Schema) -> Schema:
        some = rf"(\.[0-9]{{1,{self.decimals}}})?"
        whole = f"[0-9]{{1,{self.digits}}}{some}"
        if self.most is not None:
            whole = f"({self.most}(\\.0{{1,{self.decimals}}})?|0?[0-9]{{1,{self.digits - 1}}}{some})"
        made: Schema = {"type": "string", "pattern": f"^{'-?' if self.least == 'signed' else ''}{whole}$"}
        return made | {"allOf": [{"pattern": "[1-9]"}]} if self.least == "positive" else made

    @property
    def sought(self) -> Number:
        return self if self.least == "signed" else Number(self.digits, self.decimals, "signed")

    @staticmethod
    def inward(value: str) -> Decimal:
        number = Decimal(value)
        return number or abs(number)

    outward = staticmethod(shortest)

    def edges(self) -> tuple[Any, ...]:
        most, some = "9" * self.digits, "9" * self.decimals
        return (
            *("0", "-0", "1", "-1", "0.5", "-0.5", "007", "1.", ".5", "1e2", "+1", "1\n", "١", "", 1, 1.5),
            *(most, f"9{most}", f"{most}.{some}", f"{most}.{some}9", f"0.{some}", "0.0", "-0.0", "100", "100.0"),
            *("100.0001", "099", "0100", "101"),
        )


Percent = Annotated[str, Number(3, 4, most=100)]
"""From 0 to 100."""
