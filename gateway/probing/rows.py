"""Raw rows beside the declared shape: names, envelopes, paging, alphabets of ids."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from adapters.core.shapes import Shape
from gateway.probing.findings import Sight

Row = dict[str, Any]


def rows_of(document: Any) -> tuple[list[Row], str | None]:
    """The rows of a list's answer, and under which name they stand (`bare`: under none)."""
    if isinstance(document, list):
        return [row for row in document if isinstance(row, dict)], "bare"
    if isinstance(document, dict):
        for name, value in document.items():
            if isinstance(value, list):
                return [row for row in value if isinstance(row, dict)], name
    return [], None


def record_of(document: Any) -> tuple[Row | None, str | None]:
    """The record of an answer, and its envelope: `data` or `bare`."""
    if not isinstance(document, dict):
        return None, None
    inner = document.get("data")
    return (inner, "data") if isinstance(inner, dict) else (document, "bare")


def paging_of(document: Any) -> tuple[str | None, int | None]:
    """How a list's answer pages, by what it tells of itself, and how many rows there are if it says."""
    if not isinstance(document, dict):
        return None, None
    if "nextCursor" in document:
        return "cursor", None
    told = document.get("pagination")
    if isinstance(told, dict):
        style = next((style for style in ("page", "offset") if style in told), "unknown")
        return style, told["total"] if isinstance(told.get("total"), int) else None
    return "unknown", None


def compare(shape: Shape, rows: list[Row], sight: Sight) -> None:
    """Note in `sight` how the names and ids of rows differ from the declared ones."""
    if not rows:
        return
    declared = {name for name, _ in _declared(shape)}
    nested = {field.held: field.nested for field in shape.fields if field.nested is not None}
    given: set[str] = set()
    for row in rows:
        given |= row.keys()
        for name in nested:
            inner = row.get(name)
            for each in inner if isinstance(inner, list) else [inner]:
                given |= {f"{name}.{key}" for key in each} if isinstance(each, dict) else set()
    # Of an object that no row had, nothing can be said.
    seen = {name for name in declared if "." not in name or any(row.get(name.partition(".")[0]) for row in rows)}
    sight.strange = sorted(given - declared)
    sight.never = [_guess(name, sight.strange) for name in sorted(seen - given)]
    sight.misfits = sorted(set(_misfits(shape, rows)))


def _declared(shape: Shape, within: str = "") -> Iterator[tuple[str, Any]]:
    for field in shape.fields:
        yield within + field.held, field
        if field.nested is not None:
            yield from _declared(field.nested, f"{field.held}.")


def _guess(name: str, strange: list[str]) -> str:
    near = get_close_matches(name.lower(), [other.lower() for other in strange], 1, 0.75)
    match = [other for other in strange if near and other.lower() == near[0]]
    return f"{name} (is it {match[0]}?)" if match else name


def _misfits(shape: Shape, rows: list[Row]) -> Iterator[str]:
    for field in shape.fields:
        if field.kind_today is not None:
            values = [row[field.held] for row in rows if row.get(field.held) is not None]
            yield from (f"{field.held} is {what}" for value in values if (what := field.kind_today.misfit(value)))
