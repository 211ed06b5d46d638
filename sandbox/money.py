"""Amounts: exact decimals inside, rounded half up to the digits of their currency (ISO 4217), numbers in JSON."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from iso4217 import Currency

_DIGITS: dict[str, int] = {one.code: one.exponent for one in Currency if one.exponent is not None}
_QUANTA = {code: Decimal(1).scaleb(-digits) for code, digits in _DIGITS.items()}
CODES = re.compile("|".join(_DIGITS))
Number = int | float


def exact(number: Number | str) -> Decimal:
    """The decimal that a JSON number (or a decimal string) spells."""
    return Decimal(number) if isinstance(number, int | str) else Decimal(repr(number))


def number(amount: Decimal) -> Number:
    """The amount as a JSON number, without a fraction that is zero."""
    whole = int(amount)
    return whole if whole == amount else float(amount)


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(_QUANTA[currency], ROUND_HALF_UP)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount has no more digits than its currency."""
    return amount == rounded(amount, currency)


def minor(amount: Decimal, currency: str) -> int:
    """In the smallest unit of the currency, half up."""
    return int(rounded(amount, currency).scaleb(_DIGITS[currency]))


def major(units: int, currency: str) -> Decimal:
    return Decimal(units).scaleb(-_DIGITS[currency])


def spelled(amount: Decimal, currency: str) -> str:
    """As a decimal string with all the digits of the currency."""
    return f"{rounded(amount, currency):f}"


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))
