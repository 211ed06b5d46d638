"""A record as its service holds it → as the public sees it: a pair of struct types, and the generated function between.

The two types have the same fields under other names on the wire, and the same layout: so a record is not copied. Its
values are changed where they are, and the object is told to be of the other type.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from adapters.core.declare.kinds.source import Collected, Source
from adapters.core.shapes import Field, Shape

_STRANGER = 'raise ValueError("an id of another alphabet than was declared")'


@dataclass(frozen=True, slots=True)
class Compiled:
    """row: the struct type that the service's record is decoded to; turn: makes records public where they are, and raises
    ValueError when an internal id in them is not of its alphabet.
    """

    row: type[msgspec.Struct]
    turn: Callable[..., None]


def compiled(shape: Shape, around: tuple[Shape, ...] = (), collected: Collected | None = None) -> Compiled:
    """`around`: the shapes of the records that hold this one, the nearest first; `turn` takes their rows in that order.
    `collected`: what they collect already, in lists that its function is given before their rows.
    """
    outermost, collected = collected is None, [] if collected is None else collected
    source = Source(lambda name: _beside(name, (shape, *around)), collected)
    held = [_member(field, position, source, (shape, *around)) for position, field in enumerate(shape.fields)]
    row = msgspec.defstruct(
        f"{shape.name}Row", held, rename={f.today: f.held for f in shape.fields}, gc=False, kw_only=True
    )
    # A subclass, because changing to one of the same layout costs a third of changing to a stranger of the same layout.
    source.scope["Public"] = msgspec.defstruct(
        shape.name,
        [(field.today, Any) for field in shape.fields],
        bases=(row,),
        rename={f.today: f.name for f in shape.fields},
        gc=False,
        kw_only=True,
    )
    above = [f"above{level}" for level in range(len(around))]
    lines = [
        f"        {line}"
        for position, field in sorted(enumerate(shape.fields), key=_late)
        for line in _statements(field, position, source, above)
    ]
    head = f"def turn({', '.join(['rows'] if outermost else ['rows', 'ids', *above])}):"
    first, last = ([f"    {line}" for line in each] for each in (source.first, []))
    if outermost:
        # An id that could not be read back must not be handed out.
        first = [f"    ids = ({'[], ' * len(collected)})", *first] if collected else first
        last = [
            line
            for place, (_, fits) in enumerate(collected)
            for line in (
                f"    if ids[{place}] and not {source.bind(fits, 'fits')}(ids[{place}]):",
                f"        {_STRANGER}",
            )
        ]
    text = "\n".join([head, *first, "    for row in rows:", *lines, "        row.__class__ = Public", *last, ""])
    origin = f"<{shape.name} outward {id(shape):x}>"
    linecache.cache[origin] = (len(text), None, text.splitlines(keepends=True), origin)
    exec(compile(text, origin, "exec"), source.scope)  # noqa: S102 - the source is made above, of names checked at import
    return Compiled(row, source.scope["turn"])


def _beside(name: str, shapes: tuple[Shape, ...]) -> str:
    for level, shape in enumerate(shapes):
        if name in shape.today():
            return f"above{level - 1}.{name}" if level else f"row.{name}"
    raise TypeError(f"{shapes[0].name}: there is no field {name!r}, neither beside nor around")


def _late(each: tuple[int, Field]) -> bool:
    """Whether the field is not written by another one: those that are come before that is changed."""
    field = each[1]
    return field.nested is None and (field.kind_today is None or field.kind_today.beside is None)


def _member(field: Field, position: int, source: Source, shapes: tuple[Shape, ...]) -> tuple[Any, ...]:
    """The field of the service's struct: required unless the contract lets it be null or knows a default."""
    if field.nested is not None:
        inner = compiled(field.nested, shapes, source.collected)
        source.scope[f"nested{position}"] = inner.turn
        held: Any = list[inner.row] if field.many else inner.row  # type: ignore[name-defined]
    else:
        assert field.kind_today is not None
        held = field.kind_today.held
    if field.nullable or field.default is not None or field.down:
        return (field.today, held | None, None)
    return (field.today, held)


def _statements(field: Field, position: int, source: Source, above: list[str]) -> Iterator[str]:
    """Python source that changes the field of `row` into its public form; nothing when it is the same."""
    present, absent = _present(field, position, source, above), _absent(field, source)
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
    for down in field.down:
        yield f"row.{field.today} = {source.bind(down, 'down')}(row.{field.today})"


def _present(field: Field, position: int, source: Source, above: list[str]) -> list[str]:
    """Source for a value `v` that is there."""
    if field.nested is not None:
        return [f"nested{position}({', '.join(['v' if field.many else '(v,)', 'ids', 'row', *above])})"]
    return field.kind_today.emit(field.today, source) if field.kind_today else []


def _absent(field: Field, source: Source) -> str:
    """Source that puts what stands for a missing value in today's form in its place; empty when that is null."""
    if field.default is None:
        return ""
    if field.default in ([], {}):
        return f"row.{field.today} = {field.default!r}"
    return f"row.{field.today} = {source.bind(field.default, 'default')}"
