"""Service's JSON → public JSON, compiled per (shape, contract) to typed structs and one straight-line function.

msgspec decodes straight into a struct with the service's names and types, so an answer of another shape is caught by
the parser, and nothing undeclared can pass; the generated function builds the public struct positionally. A page of 50
costs what its JSON costs (bench/), and an older contract costs what the newest does.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from typing import Any

import msgspec

from adapters.core.currencies import money
from adapters.core.faults import ServiceInvalid
from adapters.core.kinds import Money, Reference
from adapters.core.shapes import Field, Shape

_encode = msgspec.json.Encoder().encode
STRANGE = (msgspec.MsgspecError, KeyError, ValueError, TypeError, ArithmeticError, RecursionError)
"""What reading or turning a record raises when a service sends another than it declared."""


class Cursor(msgspec.Struct):
    """`meta.cursor` of a list."""

    next: str | None
    has_more: bool


class Meta(msgspec.Struct, omit_defaults=True):
    """`meta` of a list; `total` only when the service gives it cheaply."""

    cursor: Cursor
    total: int | msgspec.UnsetType = msgspec.UNSET


class One(msgspec.Struct):
    """The envelope of one record."""

    data: Any


class Many(msgspec.Struct):
    """The envelope of a list."""

    data: list[Any]
    meta: Meta


class Outward:
    """A shape's compiled translator. `row` is the struct type of the service's record; `public` turns one into another."""

    __slots__ = ("_bare", "_wrapped", "public", "row")

    def __init__(self, shape: Shape) -> None:
        self.row, self.public = _compile(shape)
        wrapped: Any = msgspec.defstruct("Wrapped", [("data", self.row | msgspec.UnsetType, msgspec.UNSET)])
        self._wrapped = msgspec.json.Decoder(wrapped).decode
        self._bare = msgspec.json.Decoder(self.row).decode

    def read(self, body: bytes) -> Any:
        """One record, `{"data": {…}}` or bare → its struct; ServiceInvalid when it is neither."""
        try:
            found = self._wrapped(body).data
            return self._bare(body) if found is msgspec.UNSET else found
        except STRANGE as error:
            raise ServiceInvalid(str(error)) from None

    def one(self, row: Any) -> bytes:
        """A record's struct → the public envelope."""
        try:
            return _encode(One(self.public(row)))
        except STRANGE as error:
            # Their messages quote the value, which is somebody's data.
            raise ServiceInvalid(type(error).__name__) from None

    def many(self, rows: list[Any], following: str | None, total: int | None) -> bytes:
        """Records, the sealed cursor of the next page and the total when known → the public envelope."""
        public = self.public
        try:
            meta = Meta(Cursor(following, following is not None), msgspec.UNSET if total is None else total)
            return _encode(Many([public(row) for row in rows], meta))
        except STRANGE as error:
            raise ServiceInvalid(type(error).__name__) from None


def decoder(envelope: type[msgspec.Struct]) -> Callable[[bytes], Any]:
    """A decoder of a service's list envelope that raises ServiceInvalid."""
    decode = msgspec.json.Decoder(envelope).decode

    def read(body: bytes) -> Any:
        try:
            return decode(body)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ServiceInvalid(str(error)) from None

    return read


def _compile(shape: Shape) -> tuple[type[msgspec.Struct], Callable[[Any], Any]]:
    scope: dict[str, Any] = {"money": money, "strange": _strange}
    held, names, arguments = [], [], []
    for position, field in enumerate(shape.fields):
        held.append(_member(field, position, scope))
        names.append((field.name, Any))
        arguments.append(_expression(field, position, scope))
    row = msgspec.defstruct(
        f"{shape.name}Row",
        sorted(held, key=len),
        rename={f.today: f.held for f in shape.fields},
        gc=False,
        kw_only=True,
    )
    scope["Public"] = msgspec.defstruct(shape.name, names, gc=False)
    source = "def public(row):\n    return Public(\n" + "".join(f"        {a},\n" for a in arguments) + "    )\n"
    origin = f"<{shape.name} outward {id(shape):x}>"
    linecache.cache[origin] = (len(source), None, source.splitlines(keepends=True), origin)
    exec(compile(source, origin, "exec"), scope)  # noqa: S102 - the source is made above, of names checked at import
    return row, scope["public"]


def _strange(internal_id: str) -> str:
    raise ValueError("an id with characters that no id has")


def _member(field: Field, position: int, scope: dict[str, Any]) -> tuple[Any, ...]:
    """The field of the service's struct: required unless the contract lets it be null or knows a default."""
    if field.nested is not None:
        inner, scope[f"nested{position}"] = _compile(field.nested)
        held: Any = list[inner] if field.many else inner  # type: ignore[valid-type]
    else:
        assert field.kind_today is not None
        held = field.kind_today.held
    if field.nullable or field.default is not None or field.down:
        return (field.today, held | None, None)
    return (field.today, held)


def _expression(field: Field, position: int, scope: dict[str, Any]) -> str:
    """Python source that takes the field's value from `row` and gives its public form."""
    taken = f"row.{field.today}"
    if field.nested is not None:
        scope_name = f"nested{position}"
        value = f"[{scope_name}(v) for v in {taken}]" if field.many else f"{scope_name}({taken})"
    elif isinstance(field.kind_today, Reference):
        # An id we could not read back must not be handed out; a look at its characters costs a fifth of a full match.
        value = f"({field.kind_today.of.prefix!r} + {taken} if {taken}.isalnum() else strange({taken}))"
    elif isinstance(field.kind_today, Money):
        value = f"money({taken}, row.{field.kind_today.currency})"
    elif field.kind_today is not None and field.kind_today.outward is not None:
        scope[f"outward{position}"] = field.kind_today.outward
        value = f"outward{position}({taken})"
    else:
        value = taken
    absent = _absent(field, position, scope)
    if absent is not None and (value != taken or absent != "None"):
        value = f"({absent} if {taken} is None else {value})"
    for step, down in enumerate(field.down):
        scope[f"down{position}_{step}"] = down
        value = f"down{position}_{step}({value})"
    return value


def _absent(field: Field, position: int, scope: dict[str, Any]) -> str | None:
    """Source of what stands for a missing value in today's form; None when it cannot be missing."""
    if field.default in ([], {}):
        return repr(field.default)
    if field.default is not None:
        scope[f"default{position}"] = field.default
        return f"default{position}"
    return "None" if field.nullable or field.down else None
