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
    # Without an exponent 1e999999999 is a gigabyte long.
    if abs(amount.adjusted()) > _MOST_DIGITS:
        raise ValueError("an amount beyond reason")
    return f"{amount:f}"
