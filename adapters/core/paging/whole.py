"""Lists that come all at once: filtered, ordered and cut into pages here, which is exact, because nothing is left out.

Null is lowest, text is ordered by code point and compared without regard to case where a part of it is sought, negative
operators do not match null: as structured searches do it (internal-services.md).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial
from operator import eq, ge, gt, le, lt, ne
from typing import Any

import msgspec

from adapters.core.answer.from_service import Outward, listing
from adapters.core.answer.replies import body_of
from adapters.core.calls import Answer, Call, Id, Input, Place, Plan, Planner, Reply, Row
from adapters.core.declare.upstream import ListQuery
from adapters.core.faults import ServiceInvalid
from adapters.core.paging.anchors import Anchors
from adapters.core.paging.lookup import Found, LookAll, among
from adapters.core.shapes import Field, Shape

MOST_ROWS = 2000

Read = Callable[[], Generator[Call, Reply, list[Any]]]


def reading(place: Place, declared: ListQuery, listing: Callable[..., Any]) -> Read:
    """One call for all rows; ServiceInvalid when there are too many for a list of this kind."""
    read = listing(declared.items)

    def rows() -> Generator[Call, Reply, list[Any]]:
        listed: list[Any] = read(body_of((yield Call(place.service, b"GET", place.before)))).rows
        if len(listed) > MOST_ROWS:
            raise ServiceInvalid(f"a list of {len(listed)} rows, of at most {MOST_ROWS}")
        return listed

    return rows


def looking(place: Place, declared: ListQuery) -> LookAll:
    """Records by their ids; what is not in the list is not there."""
    rows = reading(place, declared, partial(listing, msgspec.Raw))

    def look(wanted: Sequence[Id]) -> Found:
        return among((yield from rows()), wanted)

    return look


def search(place: Place, declared: ListQuery, outward: Outward, shape: Shape, searched: tuple[str, ...]) -> Planner:
    """A page. The position is `[sort value, id]` of the last record of the page before."""
    rows, anchors, table = reading(place, declared, outward.listing), Anchors(outward.row), _Table(shape, searched)

    def plan(request: Input) -> Plan:
        window = request.window
        assert window is not None
        assert window.seal is not None
        by = window.order_by
        found = [row for row in (yield from rows()) if table.has(row, window.where) and table.tells(row, window.text)]
        keyed = sorted(((table.key(by, getattr(row, by), row.id), row) for row in found), key=lambda each: each[0])
        if window.descending:
            keyed.reverse()
        if window.position is not None:
            value, last = window.position
            past = table.key(by, anchors.value(value, by), last)
            keyed = [each for each in keyed if (each[0] < past if window.descending else each[0] > past)]
        page = [row for _, row in keyed[: window.limit]]
        more = len(keyed) > window.limit
        following = window.seal(anchors.write(page[-1], by)) if more else None
        return Answer(200, outward.many(page, following, len(found)))

    return plan


class _Table:
    """What conditions say of rows: structs with today's names, and the service's values."""

    __slots__ = ("_by_held", "_searched", "_today")

    def __init__(self, shape: Shape, searched: tuple[str, ...]) -> None:
        self._by_held = {field.held: field for field in shape.fields}
        self._today = shape.today()
        self._searched = searched

    def key(self, name: str, value: Any, internal_id: Id) -> tuple[bool, Any, Id]:
        """Where a record stands in the order of a field."""
        return (value is not None, 0 if value is None else _comparable(self._today[name], value), internal_id)

    def tells(self, row: Any, text: str | None) -> bool:
        """Whether one of the searched fields has the text in it."""
        if text is None:
            return True
        values = [getattr(row, name) for name in self._searched]
        parts = [part for value in values for part in (value if isinstance(value, list) else [value])]
        return any(text.casefold() in str(part).casefold() for part in parts if part is not None)

    def has(self, row: Any, where: Row | None) -> bool:
        """Whether a `where` tree holds of the row."""
        match where:
            case None:
                return True
            case {"and": parts}:
                return all(self.has(row, part) for part in parts)
            case {"or": parts}:
                return any(self.has(row, part) for part in parts)
            case {"not": part}:
                return not self.has(row, part)
        field = self._by_held[where["field"]]
        return _holds(field, where["op"], getattr(row, field.today), where.get("value"))


def _comparable(field: Field, value: Any) -> Any:
    return field.kind_today.comparable(value) if field.kind_today else value


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "ne": ne, "gt": gt, "gte": ge, "lt": lt, "lte": le}
_IN_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, part: part in text,
    "notContains": lambda text, part: part not in text,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
}
_IN_LIST: dict[str, Callable[[set[Any], set[Any]], bool]] = {
    "hasAny": lambda items, sought: bool(items & sought),
    "hasAll": lambda items, sought: items >= sought,
    "hasNone": lambda items, sought: not items & sought,
}


def _holds(field: Field, op: str, value: Any, operand: Any) -> bool:
    if op in ("isNull", "notNull"):
        return (value in (None, "", [])) is (op == "isNull")
    if op in _IN_LIST:
        return _IN_LIST[op](set(value or ()), set(operand))
    if value is None:
        return False
    if op in _IN_TEXT:
        return _IN_TEXT[op](value.casefold(), operand.casefold())
    own = _comparable(field, value)
    if op in _COMPARED:
        return _COMPARED[op](own, _comparable(field, operand))
    several = [_comparable(field, each) for each in operand]
    if op == "between":
        return bool(several[0] <= own <= several[1])
    return (own in several) is (op == "in")
