"""Which plan finds records, by the style that their service pages in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.core.answer.from_service import Cursor, Many, Meta, Outward
from adapters.core.calls import Answer, Input, Place, Plan, Planner
from adapters.core.declare.upstream import ListQuery, StructuredSearch
from adapters.core.paging import anchored_walk, keyset, whole
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode

_BY_STYLE: dict[str, Callable[[Place, Any, Outward, Shape, tuple[str, ...]], Planner]] = {
    "key": keyset.search,
    "page": anchored_walk.search,
    "offset": anchored_walk.search,
    "cursor": anchored_walk.search,
    "whole": whole.search,
}


def search(
    place: Place, declared: ListQuery | StructuredSearch, outward: Outward, shape: Shape, searched: tuple[str, ...]
) -> Planner:
    """The plan that answers a window. shape: the resource's in the newest contract; searched: what a text is sought in."""
    found = _BY_STYLE[declared.style](place, declared, outward, shape, searched)
    return found if searched else _without_texts(found)


def nothing() -> Answer:
    """A page of no records."""
    return Answer(200, encode(Many([], Meta(Cursor(None, has_more=False), 0))))


def _without_texts(found: Planner) -> Planner:
    """Where no field is searched, no record has the text: a service would look through what is to be kept out of it, or ignore it."""

    def plan(request: Input) -> Plan:
        if request.window is not None and request.window.text:
            return nothing()
        return (yield from found(request))

    return plan
