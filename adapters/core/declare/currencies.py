"""Currencies (ISO 4217) and amounts as the contract writes them (contract.md, "Money")."""

from __future__ import annotations

from decimal import Decimal

from iso4217 import Currency
from pydantic_core import PydanticCustomError

_MINOR_DIGITS: dict[str, int] = {c.code: c.exponent for c in Currency if c.exponent is not None}
_QUANTA = {code: Decimal(1).scaleb(-digits) for code, digits in _MINOR_DIGITS.items()}
_MOST_DIGITS = 28
CODES: list[str] = sorted(_MINOR_DIGITS)


def read_currency(code: str) -> str:
    """An ISO 4217 code that has minor units → itself."""
    if code not in _MINOR_DIGITS:
        raise PydanticCustomError("currency_unknown", "Not an ISO 4217 currency code such as EUR")
    return code


def minor_digits(currency: str) -> int:
    """How many decimals an amount in this currency has."""
    return _MINOR_DIGITS[currency]


def money(amount: Decimal, currency: str | None) -> str:
    """The service's number → a decimal string with its currency's minor digits; unknown currencies keep theirs."""
    if not amount.is_finite():
        raise ValueError("an amount that is no number")
    quantum = _QUANTA.get(currency or "")
    if quantum is not None:
        return f"{amount.quantize(quantum):f}"
    return f"{_within_reason(amount):f}"


def minor(units: int, currency: str | None) -> str:
    """The service's whole number of the smallest units of a currency → the same; ValueError where that has none."""
    if currency not in _QUANTA:
        raise ValueError("smallest units of no known currency")
    return f"{Decimal(units).scaleb(-_MINOR_DIGITS[currency]):f}"


def shortest(number: Decimal) -> str:
    """The service's number → its shortest decimal string, without an exponent; no zero has a sign."""
    if not number.is_finite():
        raise ValueError("no number")
    text = f"{_within_reason(number):f}" if number else "0"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _within_reason(number: Decimal) -> Decimal:
    # Without an exponent 1e999999999 is a gigabyte long.
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("a number beyond reason")
    return number
