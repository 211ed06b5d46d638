"""Answers of `/v1` → what a tool answers: compact, within a budget, and with refusals that a model can act on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Operation
from adapters.core.shapes import Shape

_LONG = 500
_HIDDEN = ("type", "instance", "trace_id")

Record = dict[str, Any]


def told(structured: Record, meta: Record | None = None) -> Record:
    """A successful call: the same JSON as structure and as text."""
    text = orjson.dumps(structured).decode()
    made: Record = {"content": [{"type": "text", "text": text}], "structuredContent": structured}
    return made | ({"_meta": meta} if meta else {})


def refused(problem: Record, within: str = "") -> Record:
    """A refused call. Pointers lead to the tool's arguments: `within` is where the request's body stands among them."""
    shown = {name: value for name, value in problem.items() if name not in _HIDDEN}
    for each in shown.get("errors", ()):
        if "pointer" in each and within:
            each["pointer"] = within + each["pointer"]
    if problem["code"] == "idempotency_outcome_unknown":
        shown["advice"] = "It may have been carried out. Search before you try again."
    return {"content": [{"type": "text", "text": orjson.dumps(shown).decode()}], "isError": True}


def compact(record: Record, fields: Sequence[str] | None = None) -> Record:
    """The record without what is null, and with `fields` only, if any are asked for. Its id is always there."""
    return {
        name: compact(value) if isinstance(value, dict) else value
        for name, value in record.items()
        if value is not None and (fields is None or name in fields or name == "id")
    }


def known_fields(operation: Operation, contract: str, fields: Sequence[str] | None) -> None:
    """Invalid when `fields` asks for what the records of `operation` do not have."""
    shape = shape_of(operation, contract)
    if fields is None or shape is None:
        return
    names = shape.named()
    wrong = [(at, name) for at, name in enumerate(fields) if name not in names]
    if wrong:
        raise Invalid([FieldError(f"/fields/{at}", "field_unknown", "No such field.", tuple(names)) for at, _ in wrong])


def shape_of(operation: Operation, contract: str) -> Shape | None:
    """What an operation's answer holds a record of."""
    face = operation.faces[contract]
    return face.gives.shape if face is not None and face.gives is not None else None


def fitting(records: Iterable[Record], budget: int) -> int:
    """How many of the first records fit into `budget` bytes of JSON."""
    count, size = 0, 0
    for record in records:
        size += len(orjson.dumps(record)) + 1
        if size > budget:
            break
        count += 1
    return count


def shortened(record: Record, budget: int) -> Record:
    """The record with its longest texts cut until it fits; `shortened` names them."""
    names = sorted(
        (name for name, value in record.items() if isinstance(value, str)), key=lambda name: -len(record[name])
    )
    cut: list[str] = []
    made = dict(record)
    for name in names:
        if len(orjson.dumps(made)) <= budget or len(made[name]) <= _LONG:
            break
        made[name] = made[name][:_LONG] + "…"
        cut.append(name)
    return made | {"shortened": cut} if cut else made


def foreign(shape: Shape | None, records: Iterable[Record]) -> list[str]:
    """The fields in these records that hold words anybody may have written: to be read as data, never as instructions."""
    if shape is None:
        return []
    free = [each.name for each in shape.fields if each.kind is not None and each.kind.free]
    shown = {name for record in records for name in record}
    return [name for name in free if name in shown]
