"""Validated public fields → the body a service is sent, in its names and forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

from adapters.core.calls import Revision, Row
from adapters.core.declare.rules import Rule, faults
from adapters.core.faults import Invalid
from adapters.core.request.beside import Pairs
from adapters.core.shapes import Field, Shape

Write = Callable[[Any], Any]


class Inward:
    """A shape's request translator. `pointers` maps the service's names of places to public JSON pointers: `address.state`
    to `/address/region`, `phoneNumbers.0` to `/phones/0`, `customFields.*` to `/custom`, to which the name is
    added, and `items.#.rate` to `/line_items/#/unit_price`, where a place in a list stands for `#`.
    """

    __slots__ = ("_cleared", "_fields", "_open", "_pairs", "_partial", "_rules", "_writers", "pointers")

    def __init__(self, shape: Shape, *, partial: bool, rules: Sequence[Rule] = ()) -> None:
        self._fields = shape.named()
        self._partial = partial
        self._rules = rules
        # Services merge a PATCH of an object of names into what they hold: an empty one would clear nothing.
        self._cleared = {
            field.name: field.default
            for field in shape.fields
            if not field.nullable and not (partial and field.kind is not None and field.kind.merges)
        }
        self._open = frozenset(
            field.name for field in shape.fields if not (partial or field.nullable or field.default is not None)
        )
        self._writers = {name: _writer(field) for name, field in self._fields.items()}
        self._pairs = Pairs(shape)
        self.pointers = dict(_pointers(shape))

    def translate(
        self, sent: dict[str, Any], about: Mapping[str, Any] = MappingProxyType({})
    ) -> tuple[Row, tuple[Revision, ...]]:
        """Fields by contract name → the service's body, and what must be completed from the record as it is now.

        about: what else rules may know of the record.
        """
        if self._rules and (broken := list(faults(self._rules, {**sent, **about}, partial=self._partial))):
            raise Invalid(broken)
        body: Row = {}
        revisions: list[Revision] = []
        for name, written in sent.items():
            field = self._fields[name]
            # Null clears what may be null; what may not falls back to what it is when left out, which a create may leave open.
            if written is None and name in self._open:
                continue
            value = self._cleared.get(name) if written is None else written
            today, write = reduce(_apply, field.up, value), self._writers[name]
            body[field.held] = today if today is None or write is None else write(today)
            if self._partial and (revision := _revision(field, value)):
                revisions.append(revision)
        if self._pairs:
            revisions += self._pairs.check(body, partial=self._partial)
        return body, tuple(revisions)


def _pointers(shape: Shape, held: str = "", public: str = "") -> Iterator[tuple[str, str]]:
    for field in shape.fields:
        where, pointer = f"{held}{field.held}", f"{public}/{field.name}"
        yield where, pointer
        if field.many:
            where, pointer = f"{where}.#", f"{pointer}/#"
            yield where, pointer
        if field.nested is not None:
            yield from _pointers(field.nested, f"{where}.", pointer)
        elif field.kind is not None:
            yield from ((where + step, pointer + rest) for step, rest in field.kind.places())


def _apply(value: Any, step: Callable[[Any], Any]) -> Any:
    return step(value)


def held(field: Field, value: Any) -> Any:
    """A value in today's public form → as the service holds it."""
    write = _writer(field)
    return value if value is None or write is None else write(value)


def _writer(field: Field) -> Write | None:
    """What makes a value that is there the service's; None where it is the same. Made once, since a body may have many rows."""
    if field.nested is None:
        return field.kind_today.inward if field.kind_today else None
    write = _row_writer(field.nested)
    return (lambda rows: [*map(write, rows)]) if field.many else write


def _row_writer(shape: Shape) -> Callable[[dict[str, Any]], Row]:
    members = {each.name: (each.held, _writer(each), None if each.nullable else each.default) for each in shape.fields}

    def written(row: dict[str, Any]) -> Row:
        made = {}
        for name, value in row.items():
            held, write, instead = members[name]
            if value is None:
                value = instead  # noqa: PLW2901 - null clears to what is there when it is left out
            made[held] = value if value is None or write is None else write(value)
        return made

    return written


def _revision(field: Field, sent: Any) -> Revision | None:
    """What a PATCH of this field must know of the record as it is now; None for fields that are simply replaced."""
    name = field.held
    if field.merge is not None:
        merge = field.merge

        def merged(now: Row, body: Row) -> None:
            body[name] = merge(sent, now.get(name))

        return merged
    return None
