"""Which plan finds records, by the style that their service pages in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Place, Planner
from adapters.core.declare.upstream import ListQuery, StructuredSearch
from adapters.core.paging import anchored_walk, keyset
from adapters.core.shapes import Shape

_BY_STYLE: dict[str, Callable[[Place, Any, Outward, Shape], Planner]] = {
    "key": keyset.search,
    "page": anchored_walk.search,
    "offset": anchored_walk.search,
    "cursor": anchored_walk.search,
}


def search(place: Place, declared: ListQuery | StructuredSearch, outward: Outward, shape: Shape) -> Planner:
    """The plan that answers a window. `shape`: the resource's in the newest contract."""
    return _BY_STYLE[declared.style](place, declared, outward, shape)
