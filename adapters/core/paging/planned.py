"""Which plan finds records, by the style that their service pages in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Place, Planner
from adapters.core.declare.upstream import ListQuery, StructuredSearch
from adapters.core.paging import anchored_walk, keyset, whole
from adapters.core.shapes import Shape

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
    return _BY_STYLE[declared.style](place, declared, outward, shape, searched)
