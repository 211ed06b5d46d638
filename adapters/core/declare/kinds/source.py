"""The generated function that makes records public, while it is being written (decisions/0011)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any


class Source:
    """What the kinds of a record's fields add to its function.

    In their lines `row` is the record, `v` the value, which is not None; `row` must have the public one in the end.
    beside: the name of a field of today's → the expression for it, in this record or one around it; TypeError when there is none.
    """

    def __init__(self, beside: Callable[[str], str]) -> None:
        self.scope: dict[str, Any] = {}
        self.first: list[str] = []
        self.ids: dict[str, Callable[[Sequence[Any]], bool]] = {}
        """By prefix, whether all of several internal ids are of their alphabet."""
        self.beside = beside

    def bind(self, value: object, hint: str) -> str:
        """A name for a value that the lines need."""
        found = next((name for name, bound in self.scope.items() if bound is value), None)
        name = found or f"{hint}{len(self.scope)}"
        self.scope[name] = value
        return name

    def begin(self, line: str) -> None:
        """A line that is run once, before the first record."""
        if line not in self.first:
            self.first.append(line)
