"""Where what a service answers is not what is declared, field by field: also where clients notice nothing of it yet.

Nothing is answered by this: it looks at a sample beside the way that answers go (gateway/api/drift.py). What it tells are
names of fields, never values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec

from adapters.core.answer.careful import Around, beside_of, value_beside
from adapters.core.answer.from_service import STRANGE
from adapters.core.shapes import Field, Shape

ROWS: Final = 10
"""Of one answer so many records are looked at."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_NULL: Final = b"null"

Members = Mapping[str, msgspec.Raw]


class Drift(NamedTuple):
    """`field`: its path, dotted, in the service's names. `kind`: it must not be missing, or null, and is; or its value is of
    another kind. What a service has beside what is declared is its own business, and no drift.
    """

    field: str
    kind: Literal["missing", "null", "misfit"]


def drifts(shape: Shape, body: bytes, *, many: bool) -> set[Drift]:
    """What differs in the records of a successful answer's body; `many` says that it holds a list of them.

    Raises one of STRANGE for what is no such answer: whoever reads it for the client tells of that.
    """
    found: set[Drift] = set()
    for record in _records(shape, body, many=many)[:ROWS]:
        found.update(_object(shape, record, (), ""))
    return found


def _records(shape: Shape, body: bytes, *, many: bool) -> list[Members]:
    raw = bytes(body).strip()
    if raw.startswith(b"["):
        return [_members(item) for item in _items(raw)]
    members = _members(raw)
    inner = bytes(members.get("data", _NULL))
    if not many:
        record = _members(inner) if inner.startswith(b"{") else members
        if 2 * sum(field.held in record for field in shape.fields) >= len(shape.fields):
            return [record]
    # A record may be found through a list as well.
    listed = [inner, *(bytes(value) for value in members.values())]
    rows = next((value for value in listed if value.startswith(b"[")), b"[]")
    return [_members(item) for item in _items(rows)]


def _object(shape: Shape, members: Members, around: Around, at: str) -> Iterator[Drift]:
    values: dict[str, Any] = {}
    # What others are read with comes first, as in careful.py.
    for field in sorted(shape.fields, key=lambda each: each.nested is not None or beside_of(each) is not None):
        raw = members.get(field.held)
        if raw is None or bytes(raw) == _NULL:
            if not field.nullable and field.default is None:
                yield Drift(at + field.held, "missing" if raw is None else "null")
            continue
        try:
            yield from _value(field, bytes(raw), values, ((shape, values), *around), at + field.held)
        except STRANGE:
            yield Drift(at + field.held, "misfit")


def _value(field: Field, raw: bytes, values: dict[str, Any], around: Around, at: str) -> Iterator[Drift]:
    if field.nested is not None:
        for inner in _items(raw) if field.many else (raw,):
            yield from _object(field.nested, _members(inner), around, f"{at}.")
        return
    assert field.kind_today is not None
    value = values[field.held] = msgspec.json.decode(raw, type=field.kind_today.held)
    field.kind_today.told(value, value_beside(beside_of(field), around))
