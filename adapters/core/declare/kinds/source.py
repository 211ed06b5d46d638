"""The generated function that makes records public, while it is being written (decisions/0011)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

Fits = Callable[[Sequence[Any]], bool]
Collected = list[tuple[str, Fits]]
"""What is looked at together, in the order of the lists that the generated function takes."""


class Source:
    """What the kinds of a record's fields add to its function.

    In their lines `row` is the record, `v` the value, which is not None; `row` must have the public one in the end.
    beside: the name of a field of today's → the expression for it, in this record or one around it; TypeError when there is none.
    """

    def __init__(self, beside: Callable[[str], str], collected: Collected) -> None:
        self.scope: dict[str, Any] = {}
        self.first: list[str] = []
        self.collected = collected
        self.beside = beside

    def bind(self, value: object, hint: str) -> str:
        """A name for a value that the lines need."""
        found = next((name for name, bound in self.scope.items() if bound is value), None)
        name = found or f"{hint}{len(self.scope)}"
        self.scope[name] = value
        return name

    def collect(self, key: str, fits: Fits) -> str:
        """A function to call with every value of one kind; when all records were turned, `fits` looks at all of them together."""
        places = [known for known, _ in self.collected]
        if key not in places:
            self.collected.append((key, fits))
            places.append(key)
        place = places.index(key)
        self.begin(f"collect{place} = ids[{place}].append")
        return f"collect{place}"

    def begin(self, line: str) -> None:
        """A line that is run once, before the first record."""
        if line not in self.first:
            self.first.append(line)
