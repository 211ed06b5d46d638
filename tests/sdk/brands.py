"""Brands to make libraries for."""

from __future__ import annotations

from gateway.brands import Brand


def brand(name: str, origin: str) -> Brand:
    return Brand(name=name, origin=origin, problem_base=f"{origin}/problems", logo=None)
