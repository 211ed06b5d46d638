"""Values that only make sense with another field of their record or of one around it: amounts, and the currency they are in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.core.calls import Revision, Row
from adapters.core.faults import FieldError, Invalid
from adapters.core.request.json_body import MOST_ERRORS, pointer
from adapters.core.shapes import Field, Shape

Path = tuple[str | int, ...]


class Pairs:
    """The rules of one shape and of all that it nests, checked on the body that the service is going to be sent.

    Where a PATCH sends one side of a pair only, the record as it is now has the other: `check` then gives a revision. A field
    that is the service's own, or that no PATCH can name, is never waited for: the service checks.
    """

    __slots__ = ("_groups", "_inner")

    def __init__(self, shape: Shape) -> None:
        today = shape.today()
        self._groups = [
            (holder, roots)
            for name, holder in today.items()
            if (roots := [f for f in shape.fields if name in _asks(f)])
        ]
        inner = [(field, Pairs(field.nested)) for field in shape.fields if field.nested is not None]
        self._inner = [(field, pairs) for field, pairs in inner if pairs]

    def __bool__(self) -> bool:
        return bool(self._groups or self._inner)

    def check(self, body: Row, *, partial: bool) -> tuple[Revision, ...]:
        """What must be completed from the record as it is; Invalid with every value that does not go with its other."""
        revisions: list[Revision] = []
        errors = list(self.faults(body, (), revisions, partial=partial))
        if errors:
            raise Invalid(errors[:MOST_ERRORS])
        return tuple(revisions)

    def faults(self, body: Row, at: Path, revisions: list[Revision], *, partial: bool) -> Iterator[FieldError]:
        """Every fault of an object that stands at `at`; what must wait for the record is added to `revisions`."""
        for holder, roots in self._groups:
            beside = body.get(holder.held)
            if beside is None and not partial:
                beside = holder.default
            sent = [root for root in roots if body.get(root.held) is not None]
            if beside is not None:
                for root in sent:
                    yield from _faults(root, body[root.held], beside, holder.today, (*at, root.name))
            unsent = any(root.held not in body for root in roots)
            if partial and not (holder.read_only or holder.fixed) and (bool(sent) if beside is None else unsent):
                revisions.append(_later(holder, roots, at))
        for field, pairs in self._inner:
            value = body.get(field.held)
            if isinstance(value, list):
                for place, item in enumerate(value):
                    yield from pairs.faults(item, (*at, field.name, place), [], partial=False)
            elif isinstance(value, dict):
                waiting: list[Revision] = []
                yield from pairs.faults(value, (*at, field.name), waiting, partial=partial)
                revisions += [_within(field.held, revision) for revision in waiting]


def _asks(field: Field) -> frozenset[str]:
    """Today's names of the fields that a value here is read with, and that are not in the value itself."""
    if field.nested is not None:
        return frozenset().union(*map(_asks, field.nested.fields)) - field.nested.today().keys()
    return frozenset({field.kind_today.beside}) if field.kind_today and field.kind_today.beside else frozenset()


def _faults(field: Field, value: Any, beside: Any, asked: str, at: Path) -> Iterator[FieldError]:
    """`asked`: today's name of the field whose value is `beside`. Raises one of STRANGE when a service holds something else."""
    if field.nested is not None:
        asking = [inner for inner in field.nested.fields if asked in _asks(inner)]
        for place, item in enumerate(value) if field.many else [(None, value)]:
            if not isinstance(item, dict):
                raise TypeError("no object")
            for inner in asking:
                if item.get(inner.held) is not None:
                    where = (*at, inner.name) if place is None else (*at, place, inner.name)
                    yield from _faults(inner, item[inner.held], beside, asked, where)
    elif field.kind_today is not None and (fault := field.kind_today.faulty_beside(value, beside)):
        yield FieldError(pointer(at), *fault)


def _later(holder: Field, roots: list[Field], at: Path) -> Revision:
    def revise(now: Row, body: Row) -> None:
        after = now | body
        beside = after.get(holder.held)
        if beside is None:
            return
        errors = []
        for root in roots:
            if after.get(root.held) is not None:
                blamed = None if root.held in body else pointer((*at, holder.name))
                errors += [
                    FieldError(blamed or error.pointer, error.code, error.message)
                    for error in _faults(root, after[root.held], beside, holder.today, (*at, root.name))
                ]
        if errors:
            raise Invalid(errors[:1] if errors[0].pointer == errors[-1].pointer else errors[:MOST_ERRORS])

    return revise


def _within(name: str, revise: Revision) -> Revision:
    def revised(now: Row, body: Row) -> None:
        inner = now.get(name)
        revise(inner if isinstance(inner, Mapping) else {}, body[name])  # type: ignore[arg-type]

    return revised
