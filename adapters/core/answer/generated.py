"""A record as its service holds it → as the public sees it: a pair of struct types, and the generated function between.

The two types have the same fields under other names on the wire, and the same layout: so a record is not copied. Its
values are changed where they are, and the object is told to be of the other type.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from adapters.core.declare.currencies import money
from adapters.core.declare.kinds import Instant, Money, Reference
from adapters.core.shapes import Field, Shape

Turn = Callable[[Iterable[Any], list[str]], None]
"""Turns records into public ones where they are, and adds every internal id in them to the list."""

# What `Instant.outward` does with the form that services write, without calling it: a call costs as much as all of this.
_MOMENT = """\
if len(v) != 24:
    row.{name} = outward{position}(v)
elif (w := v.removesuffix(".000Z")) != v:
    row.{name} = w + "Z"
elif v[19] != "." or v[23] != "Z":
    row.{name} = outward{position}(v)"""
_REFERENCE = """\
ids.append(v)
row.{name} = {prefix!r} + v"""


def compiled(shape: Shape) -> tuple[type[msgspec.Struct], Turn]:
    """The struct type that the service's record is decoded to, and the function that makes it public."""
    scope: dict[str, Any] = {"money": money}
    held = [_member(field, position, scope) for position, field in enumerate(shape.fields)]
    row = msgspec.defstruct(
        f"{shape.name}Row", held, rename={f.today: f.held for f in shape.fields}, gc=False, kw_only=True
    )
    # A subclass, because changing to one of the same layout costs a third of changing to a stranger of the same layout.
    scope["Public"] = msgspec.defstruct(
        shape.name,
        [(field.today, Any) for field in shape.fields],
        bases=(row,),
        rename={f.today: f.name for f in shape.fields},
        gc=False,
        kw_only=True,
    )
    lines = ["def turn(rows, ids):", "    for row in rows:"]
    # An amount is written by its currency, so before that is changed.
    for position, field in sorted(enumerate(shape.fields), key=lambda each: not isinstance(each[1].kind_today, Money)):
        lines += (f"        {line}" for line in _statements(field, position, scope))
    source = "\n".join([*lines, "        row.__class__ = Public", ""])
    origin = f"<{shape.name} outward {id(shape):x}>"
    linecache.cache[origin] = (len(source), None, source.splitlines(keepends=True), origin)
    exec(compile(source, origin, "exec"), scope)  # noqa: S102 - the source is made above, of names checked at import
    return row, scope["turn"]


def _member(field: Field, position: int, scope: dict[str, Any]) -> tuple[Any, ...]:
    """The field of the service's struct: required unless the contract lets it be null or knows a default."""
    if field.nested is not None:
        inner, scope[f"nested{position}"] = compiled(field.nested)
        held: Any = list[inner] if field.many else inner  # type: ignore[valid-type]
    else:
        assert field.kind_today is not None
        held = field.kind_today.held
    if field.nullable or field.default is not None or field.down:
        return (field.today, held | None, None)
    return (field.today, held)


def _statements(field: Field, position: int, scope: dict[str, Any]) -> Iterator[str]:
    """Python source that changes the field of `row` into its public form; nothing when it is the same."""
    present, absent = _present(field, position, scope), _absent(field, position, scope)
    if present or absent or field.down:
        yield f"v = row.{field.today}"
    if absent:
        yield "if v is None:"
        yield f"    {absent}"
    if present and (absent or field.nullable or field.down):
        yield "else:" if absent else "if v is not None:"
        yield from (f"    {line}" for line in present)
    else:
        yield from present
    for step, down in enumerate(field.down):
        scope[f"down{position}_{step}"] = down
        yield f"row.{field.today} = down{position}_{step}(row.{field.today})"


def _present(field: Field, position: int, scope: dict[str, Any]) -> list[str]:
    """Source for a value `v` that is there."""
    kind = field.kind_today
    if field.nested is not None:
        return [f"nested{position}({'v' if field.many else '(v,)'}, ids)"]
    if isinstance(kind, Reference):
        return _REFERENCE.format(name=field.today, prefix=kind.of.prefix).splitlines()
    if isinstance(kind, Money):
        return [f"row.{field.today} = money(v, row.{kind.currency})"]
    if kind is None or kind.outward is None:
        return []
    scope[f"outward{position}"] = kind.outward
    if isinstance(kind, Instant):
        return _MOMENT.format(name=field.today, position=position).splitlines()
    return [f"row.{field.today} = outward{position}(v)"]


def _absent(field: Field, position: int, scope: dict[str, Any]) -> str:
    """Source that puts what stands for a missing value in today's form in its place; empty when that is null."""
    if field.default is None:
        return ""
    if field.default in ([], {}):
        return f"row.{field.today} = {field.default!r}"
    scope[f"default{position}"] = field.default
    return f"row.{field.today} = default{position}"
