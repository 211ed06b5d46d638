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


class Inward:
    """A shape's request translator. `pointers` maps the service's names of places to public JSON pointers: `address.state`
    to `/address/region`, `phoneNumbers.0` to `/phones/0`, `customFields.*` to `/custom`, to which the name is
    added, and `items.#.rate` to `/line_items/#/unit_price`, where a place in a list stands for `#`.
    """

    __slots__ = ("_cleared", "_fields", "_open", "_pairs", "_partial", "_rules", "pointers")

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
            body[field.held] = held(field, reduce(_apply, field.up, value))
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
    if value is None:
        return None
    if field.nested is not None:
        return [_object(field.nested, each) for each in value] if field.many else _object(field.nested, value)
    inward = field.kind_today.inward if field.kind_today else None
    return inward(value) if inward else value


def _object(shape: Shape, value: dict[str, Any]) -> Row:
    inner = shape.named()
    return {inner[name].held: held(inner[name], _cleared(inner[name], each)) for name, each in value.items()}


def _cleared(field: Field, value: Any) -> Any:
    return field.default if value is None and not field.nullable else value


def _revision(field: Field, sent: Any) -> Revision | None:
    """What a PATCH of this field must know of the record as it is now; None for fields that are simply replaced."""
    name = field.held
    if field.merge is not None:
        merge = field.merge

        def merged(now: Row, body: Row) -> None:
            body[name] = merge(sent, now.get(name))

        return merged
    return None
