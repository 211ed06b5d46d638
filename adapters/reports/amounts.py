"""Amounts of reports: exact, with the minor digits of their currency."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from adapters.core.declare.currencies import minor_digits

_MOST = Decimal(10) ** 18
"""No cell is larger, so that sums of 5,000 of them are exact in Python's 28 digits."""


def cell(amount: Decimal, currency: str) -> Decimal:
    """The service's number → what stands in a cell; raises KeyError, ValueError or ArithmeticError when it is none."""
    if not amount.is_finite() or abs(amount) >= _MOST:
        raise ValueError("an amount beyond reason")
    exact = amount.quantize(Decimal(1).scaleb(-minor_digits(currency)), ROUND_HALF_UP)
    # A double keeps the sign of a zero.
    return exact or abs(exact)


def told(amount: Decimal) -> str:
    """A cell, or a sum of cells, as it is answered."""
    return f"{amount or abs(amount):f}"
