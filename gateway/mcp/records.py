"""Records of `/v1` → as a tool tells them: what is null left out, few fields where many records are, and strangers' words named.

Strangers' words are what people outside the workspace may have written, as the fields declare it. They may hold instructions,
so that whoever gives them to a model should know; a deployment can also keep them from models.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Operation
from adapters.core.shapes import Shape

Record = dict[str, Any]
FOREIGN: Final = "gateway/foreign"
"""The member of `_meta` that names strangers' words."""


class Records:
    """The records of one answer. hide: whether strangers' words are left out of it.

    foreign: names of the fields that hold such words, or would, dotted where they lie in another one.
    """

    def __init__(self, contract: str, *, hide: bool) -> None:
        self._contract = contract
        self._hide = hide
        self.foreign: dict[str, None] = {}

    def whole(self, operation: Operation, record: Record, fields: Sequence[str] | None = None) -> Record:
        """A record that `operation` answers, with `fields` only, if any are asked for. Its id is always there."""
        return self._told(shape_of(operation, self._contract), record, fields, "")

    def listed(self, operation: Operation, record: Record, fields: Sequence[str] | None = None, at: str = "") -> Record:
        """One of many: without `fields`, those of the headline. at: the field of another record that the list is in."""
        shape = shape_of(operation, self._contract)
        if fields is None and shape is not None:
            fields = [each.name for each in shape.fields if each.headline] or None
        return self._told(shape, record, fields, f"{at}." if at else "")

    def marked(self, structured: Record) -> tuple[Record, Record | None]:
        """What is answered with these records, and its `_meta`."""
        names = list(self.foreign)
        if not names:
            return structured, None
        return (structured | {"hidden": names}, None) if self._hide else (structured, {FOREIGN: names})

    def _told(self, shape: Shape | None, record: Record, fields: Sequence[str] | None, within: str) -> Record:
        made = _without_nulls(record, fields)
        if shape is not None:
            self._strangers(shape, made, within)
        return made

    def _strangers(self, shape: Shape, record: Record, within: str) -> None:
        for each in shape.fields:
            held = record.get(each.name)
            if held is None:
                continue
            if each.foreign:
                self.foreign[within + each.name] = None
                if self._hide:
                    del record[each.name]
            elif each.nested is not None and isinstance(held, dict | list):
                for inner in held if isinstance(held, list) else [held]:
                    self._strangers(each.nested, inner, f"{within}{each.name}.")


def known_fields(operations: Iterable[Operation], contract: str, fields: Sequence[str] | None) -> None:
    """Invalid when `fields` asks for what no record of these `operations` has."""
    if fields is None:
        return
    names: dict[str, None] = {}
    for operation in operations:
        if (shape := shape_of(operation, contract)) is not None:
            names.update(dict.fromkeys(shape.named()))
    wrong = [(at, name) for at, name in enumerate(fields) if name not in names]
    if wrong:
        raise Invalid([FieldError(f"/fields/{at}", "field_unknown", "No such field.", tuple(names)) for at, _ in wrong])


def shape_of(operation: Operation, contract: str) -> Shape | None:
    """What an operation's answer holds a record of."""
    face = operation.faces[contract]
    return face.gives.shape if face is not None and face.gives is not None else None


def _without_nulls(record: Mapping[str, Any], fields: Sequence[str] | None = None) -> Record:
    return {
        name: _without_nulls(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if value is not None and (fields is None or name in fields or name == "id")
    }
