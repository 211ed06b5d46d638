"""Which rows to ask a paged list for, when it is rows and not pages that are wanted."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ROWS = 200  # the most that a list gives in one page (internal-services.md)


@dataclass(frozen=True, slots=True)
class Span:
    """`size` rows from the 0-based `start`. In the page style `start` is a multiple of `size`."""

    start: int
    size: int


def onward(style: str, first: int, rows: int) -> Span:
    """The smallest span that holds `rows` rows from `first` on; where no page does, the one that holds the most of them."""
    if style == "offset":
        return Span(first, rows)
    size = next((size for size in range(rows, MOST_ROWS + 1) if first % size + rows <= size), None)
    return _page(first, size or max(range(1, MOST_ROWS + 1), key=lambda size: size - first % size))


def back(style: str, first: int, rows: int) -> Span:
    """The span that reaches farthest before `first` and still holds `rows` rows from there on."""
    if style == "offset":
        return Span(max(0, first + rows - MOST_ROWS), MOST_ROWS)
    sizes = range(1, MOST_ROWS + 1)
    return _page(first, max(sizes, key=lambda size: (min(rows, size - first % size), first % size)))


def _page(first: int, size: int) -> Span:
    return Span(first - first % size, size)
