"""Service's JSON → public JSON, compiled per (shape, contract).

msgspec decodes straight into a struct with the service's names and types, so an answer of another shape is caught by
the parser, and nothing undeclared can pass; a generated function makes it public where it is (generated.py). A page of 50
costs what its JSON costs and half as much again (bench/translation.py), and an older contract costs what the newest does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from adapters.core.answer.generated import compiled
from adapters.core.faults import ServiceInvalid
from adapters.core.shapes import Shape

_encode = msgspec.json.Encoder().encode
STRANGE = (msgspec.MsgspecError, KeyError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What reading or turning a record raises when a service sends another than it declared."""


class Cursor(msgspec.Struct):
    """`meta.cursor` of a list."""

    next: str | None
    has_more: bool


class Degraded(msgspec.Struct):
    """A value that was answered as null because it was not what was declared: the record's public id, and the pointer in it."""

    id: str
    pointer: str


class Meta(msgspec.Struct, omit_defaults=True):
    """`meta` of a list; `total` only when the service gives it cheaply. Of one record only `degraded`, when there is any; of
    records that were asked for by id, `missing`.
    """

    cursor: Cursor | msgspec.UnsetType = msgspec.UNSET
    total: int | msgspec.UnsetType = msgspec.UNSET
    degraded: list[Degraded] | msgspec.UnsetType = msgspec.UNSET
    missing: list[str] | msgspec.UnsetType = msgspec.UNSET


class One(msgspec.Struct, omit_defaults=True):
    """The envelope of one record."""

    data: Any
    meta: Meta | msgspec.UnsetType = msgspec.UNSET


class Many(msgspec.Struct):
    """The envelope of a list."""

    data: list[Any]
    meta: Meta


class Outward:
    """A shape's compiled translator. `row` is the struct type of the service's record.

    `publish` makes a sequence of records public where they are; it raises one of STRANGE, and then they are worth nothing.
    """

    __slots__ = ("_bare", "_wrapped", "publish", "row")

    def __init__(self, shape: Shape) -> None:
        made = compiled(shape)
        self.row, self.publish = made.row, made.turn
        wrapped: Any = msgspec.defstruct("Wrapped", [("data", self.row | msgspec.UnsetType, msgspec.UNSET)])
        self._wrapped = msgspec.json.Decoder(wrapped).decode
        self._bare = msgspec.json.Decoder(self.row).decode

    def adopt(self, other: Outward) -> None:
        """Have the struct types and the function of another translator."""
        self.row, self.publish = other.row, other.publish

    def listing(self, items: str | None, *more: Any, **names: str) -> Any:
        """A decoder of a service's list of these records: see `listing`."""
        return listing(self.row, items, *more, **names)

    def read(self, body: bytes) -> Any:
        """One record, `{"data": {…}}` or bare → its struct; ServiceInvalid when it is neither."""
        try:
            found = self._wrapped(body).data
            return self._bare(body) if found is msgspec.UNSET else found
        except STRANGE as error:
            raise ServiceInvalid(str(error)) from None

    def one(self, row: Any) -> bytes:
        """A record's struct, which is used up → the public envelope."""
        try:
            self.publish((row,))
            return _encode(One(row))
        except STRANGE as error:
            # Their messages quote the value, which is somebody's data.
            raise ServiceInvalid(type(error).__name__) from None

    def many(self, rows: list[Any], following: str | None, total: int | None) -> bytes:
        """Records, which are used up, the sealed cursor of the next page, the total when known → the public envelope."""
        return self._told(
            rows, Meta(Cursor(following, following is not None), msgspec.UNSET if total is None else total)
        )

    def several(self, rows: list[Any], missing: list[str]) -> bytes:
        """Records, which are used up, and the public ids of those that are not there → the public envelope."""
        return self._told(rows, Meta(missing=missing))

    def _told(self, rows: list[Any], meta: Meta) -> bytes:
        try:
            self.publish(rows)
            return _encode(Many(rows, meta))
        except STRANGE as error:
            raise ServiceInvalid(type(error).__name__) from None


def decoder(envelope: Any) -> Callable[[bytes], Any]:
    """A decoder of a service's list envelope that raises ServiceInvalid."""
    decode = msgspec.json.Decoder(envelope).decode

    def read(body: bytes) -> Any:
        try:
            return decode(body)
        except STRANGE as error:
            raise ServiceInvalid(str(error)) from None

    return read


class Bare(msgspec.Struct):
    """A list without an envelope."""

    rows: list[Any]


def listing(row: Any, items: str | None, *more: Any, **names: str) -> Callable[[bytes], Any]:
    """A decoder of a service's list, which raises ServiceInvalid; the rows are `rows` of what it gives.

    items: what the service calls the rows, None for a bare array; more: fields that stand beside them, as for
    msgspec.defstruct; names: the service's names of these, where they differ.
    """
    if items is None:
        read = decoder(list[row])
        return lambda body: Bare(read(body))
    return decoder(msgspec.defstruct("Listed", [("rows", list[row]), *more], rename={"rows": items, **names}))
