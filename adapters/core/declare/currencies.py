"""Currencies (ISO 4217) and amounts as the contract writes them (contract.md, "Money")."""

from __future__ import annotations

from decimal import Decimal

from iso4217 import Currency
from pydantic_core import PydanticCustomError

_MINOR_DIGITS: dict[str, int] = {c.code: c.exponent for c in Currency if c.exponent is not None}
_QUANTA = {code: Decimal(1).scaleb(-digits) for code, digits in _MINOR_DIGITS.items()}
_MOST_DIGITS = 28
_SHORT = 20
"""Letters of a number whose text can be taken as it is: no rounding and no limit of arithmetic reaches it."""
_LACKING = {
    code: {there: "0" * (digits - there) for there in range(1, digits + 1)} | {0: f".{'0' * digits}" if digits else ""}
    for code, digits in _MINOR_DIGITS.items()
}
"""Currency → how many decimals an amount has → what its text lacks of all that the currency has."""
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
    text, lacking = str(amount), _LACKING.get(currency or "")
    whole, point, fraction = text.partition(".")
    # As nearly all are, and a third of what arithmetic costs: an invoice has four amounts a line.
    if lacking is not None and whole.isdigit() and len(text) <= _SHORT:
        if not point:
            return text + lacking[0]
        if fraction.isdigit() and len(fraction) in lacking:
            return text + lacking[len(fraction)]
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
    text = str(number)
    if len(text) <= _SHORT:
        if text.isdigit():
            return text
        whole, _, fraction = text.partition(".")
        if whole.isdigit() and fraction.isdigit():
            return text.rstrip("0").removesuffix(".")
    if not number.is_finite():
        raise ValueError("no number")
    text = f"{_within_reason(number):f}" if number else "0"
    return text.rstrip("0").removesuffix(".") if "." in text else text


def _within_reason(number: Decimal) -> Decimal:
    # Without an exponent 1e999999999 is a gigabyte long.
    if abs(number.adjusted()) > _MOST_DIGITS:
        raise ValueError("a number beyond reason")
    return number
