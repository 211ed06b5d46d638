"""Validated public fields → the body a service is sent, in its names and forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import reduce
from typing import Any

from adapters.core.calls import Revision, Row
from adapters.core.faults import FieldError, Invalid
from adapters.core.shapes import Field, Shape


class Inward:
    """A shape's request translator. `pointers` maps the service's names of places to public JSON pointers: `address.state`
    to `/address/region`, `phoneNumbers.0` to `/phones/0`, and `customFields.*` to `/custom`, to which the name is added.
    """

    __slots__ = ("_amounts", "_cleared", "_fields", "_open", "_partial", "pointers")

    def __init__(self, shape: Shape, *, partial: bool) -> None:
        self._fields = shape.named()
        self._partial = partial
        # Services merge a PATCH of an object of names into what they hold: an empty one would clear nothing.
        self._cleared = {
            field.name: field.default
            for field in shape.fields
            if not field.nullable and not (partial and field.kind is not None and field.kind.merges)
        }
        self._open = frozenset(
            field.name for field in shape.fields if not (partial or field.nullable or field.default is not None)
        )
        self._amounts = tuple(_Amount(field, shape) for field in shape.fields if field.kind and field.kind.beside)
        self.pointers = dict(_pointers(shape))

    def translate(self, sent: dict[str, Any]) -> tuple[Row, tuple[Revision, ...]]:
        """Fields by contract name → the service's body, and what must be completed from the record as it is now."""
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
        for amount in self._amounts:
            revisions += amount.check(sent, partial=self._partial)
        return body, tuple(revisions)


def _pointers(shape: Shape, held: str = "", public: str = "") -> Iterator[tuple[str, str]]:
    for field in shape.fields:
        where, pointer = f"{held}{field.held}", f"{public}/{field.name}"
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


class _Amount:
    """The rule that an amount has no more digits than its currency (contract.md, "Money")."""

    __slots__ = ("currency", "currency_held", "default", "held", "kind", "name")

    def __init__(self, field: Field, shape: Shape) -> None:
        assert field.kind is not None
        assert field.kind.beside is not None
        currency = shape.today()[field.kind.beside]
        self.kind = field.kind
        self.name, self.held = field.name, field.held
        self.currency, self.currency_held, self.default = currency.name, currency.held, currency.default

    def check(self, sent: dict[str, Any], *, partial: bool) -> tuple[Revision, ...]:
        """Raise Invalid when the digits are wrong; a PATCH with only one of the two waits for the record."""
        amount = sent.get(self.name)
        currency = sent.get(self.currency)
        if currency is None and not partial:
            currency = self.default
        if amount is not None and currency is not None:
            self._fits(Decimal(amount), currency, self.name)
        elif amount is not None or (currency is not None and partial and self.name not in sent):
            return (self._later,)
        return ()

    def _later(self, now: Row, body: Row) -> None:
        after = now | body
        amount, currency = after.get(self.held), after.get(self.currency_held)
        if amount is not None and currency is not None:
            # The service's number has no digits of its own choosing: 10.50 is 10.5 to it.
            exact = amount if self.held in body else Decimal(str(amount)).normalize()
            self._fits(exact, currency, self.name if self.held in body else self.currency)

    def _fits(self, amount: Decimal, currency: str, blamed: str) -> None:
        if fault := self.kind.faulty_beside(amount, currency):
            raise Invalid([FieldError(f"/{blamed}", *fault)])
