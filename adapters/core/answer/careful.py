"""Reading once more, value by value, what could not be read at once: one bad row must not take a customer's whole sync.

A value that is not what was declared is answered as null where null may stand, and named in the answer: `meta.degraded` holds
the record's id and the pointer. Where null may not stand, the answer stays one that cannot be understood. This costs many times
what the generated way costs, and only answers that failed there pay it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from adapters.core.answer.from_service import STRANGE, Degraded, Many, Meta, One, Outward, listing
from adapters.core.faults import Malformed, ServiceInvalid
from adapters.core.shapes import Field, Shape

_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_NULL = b"null"

Around = tuple[tuple[Shape, Mapping[str, Any]], ...]
"""The record that a value stands in and those around it, the nearest first: shapes and values by the service's names."""


class Careful(Outward):
    """An Outward for one answer. degraded: the fields that were answered as null, as dotted paths of public names."""

    __slots__ = ("_noted", "_shape", "degraded")

    def __init__(self, quick: Outward, shape: Shape) -> None:
        self.adopt(quick)
        self._shape = shape
        # By the identity of a record, which is kept alive here.
        self._noted: dict[int, tuple[Any, list[str]]] = {}
        self.degraded: list[str] = []

    def read(self, body: bytes) -> Any:
        """One record, `{"data": {…}}` or bare."""
        try:
            found = _members(body)
            inner = found.get("data")
            return self._record(bytes(inner) if inner is not None else body)
        except STRANGE as error:
            raise ServiceInvalid(unquoted(error)) from None

    def listing(self, items: str | None, *more: Any, **names: str) -> Any:
        """As `Outward.listing`."""
        read = listing(msgspec.Raw, items, *more, **names)

        def careful(body: bytes) -> Any:
            found = read(body)
            try:
                found.rows = [self._record(bytes(row)) for row in found.rows]
            except STRANGE as error:
                raise ServiceInvalid(unquoted(error)) from None
            return found

        return careful

    def one(self, row: Any) -> bytes:
        noted = self._published([row])
        return _encode(One(row, Meta(degraded=noted) if noted else msgspec.UNSET))

    def _told(self, rows: list[Any], meta: Meta) -> bytes:
        meta.degraded = self._published(rows) or msgspec.UNSET
        return _encode(Many(rows, meta))

    def mended(self, held: dict[str, Any]) -> Any:
        """A record whose values are read already, such as a row of a file → its public struct; raises ServiceInvalid."""
        row = self._struct({name: msgspec.Raw(msgspec.json.encode(value)) for name, value in held.items()})
        self._published([row])
        return row

    def _published(self, rows: Sequence[Any]) -> list[Degraded]:
        """Make the records public → what was noted of them."""
        noted = [(row, pointers) for row in rows if (pointers := self._noted.get(id(row), (row, []))[1])]
        try:
            self.publish(rows)
        except STRANGE as error:
            raise ServiceInvalid(type(error).__name__) from None
        self.degraded += [_dotted(pointer) for _, pointers in noted for pointer in pointers]
        return [Degraded(row.id, pointer) for row, pointers in noted for pointer in pointers]

    def _record(self, raw: bytes) -> Any:
        return self._struct(_members(raw))

    def _struct(self, members: Mapping[str, msgspec.Raw]) -> Any:
        pointers: list[str] = []
        row = msgspec.convert(self._object(self._shape, members, (), "", pointers), self.row)
        self._noted[id(row)] = (row, pointers)
        return row

    def _object(
        self, shape: Shape, members: Mapping[str, msgspec.Raw], around: Around, at: str, pointers: list[str]
    ) -> dict[str, Any]:
        """The declared values of an object, by the service's names; raises one of STRANGE."""
        values: dict[str, Any] = {}
        # What others are read with comes first.
        for field in sorted(shape.fields, key=lambda field: field.nested is not None or beside_of(field) is not None):
            raw = bytes(members.get(field.held, _NULL))
            where = f"{at}/{field.name}"
            try:
                values[field.held] = self._value(field, raw, ((shape, values), *around), where, pointers)
            except STRANGE:
                if not field.nullable:
                    raise
                values[field.held] = None
                pointers.append(where)
        return values

    def _value(self, field: Field, raw: bytes, around: Around, at: str, pointers: list[str]) -> Any:
        if raw == _NULL:
            if not (field.nullable or field.default is not None or field.down):
                raise ValueError(f"{field.held} is missing")
            return None
        if field.nested is not None:
            noted: list[str] = []
            found: Any
            if field.many:
                found = [
                    self._object(field.nested, _members(item), around, f"{at}/{place}", noted)
                    for place, item in enumerate(_items(raw))
                ]
            else:
                found = self._object(field.nested, _members(raw), around, at, noted)
            pointers += noted
            return found
        assert field.kind_today is not None
        value = msgspec.json.decode(raw, type=field.kind_today.held)
        public = field.kind_today.told(value, value_beside(beside_of(field), around))
        for down in field.down:
            public = down(public)
        return value


def unquoted(error: Exception) -> str:
    """What may be logged of an error: those of other kinds quote the value, which is somebody's data."""
    return str(error) if isinstance(error, msgspec.MsgspecError | Malformed) else type(error).__name__


def beside_of(field: Field) -> str | None:
    """The field beside it that its value is read with, if any."""
    return field.kind_today.beside if field.kind_today else None


def value_beside(name: str | None, around: Around) -> Any:
    """The service's value of the nearest field of that name."""
    for shape, values in around:
        if name is not None and (field := shape.today().get(name)):
            return values.get(field.held)
    return None


def _dotted(pointer: str) -> str:
    return ".".join(_names(pointer))


def _names(pointer: str) -> Iterator[str]:
    return (step for step in pointer.split("/")[1:] if not step.isdigit())
