"""Answers of `/v1` → what a tool answers: compact, within a budget, and with refusals that a model can act on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from gateway.mcp.records import Record

_LONG = 500
_HIDDEN = ("type", "instance", "trace_id")


def told(structured: Record, meta: Record | None = None) -> Record:
    """A successful call: the same JSON as structure and as text."""
    text = orjson.dumps(structured)
    made: Record = {
        "content": [{"type": "text", "text": text.decode()}],
        "structuredContent": orjson.Fragment(text),
    }
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
    """The record with its longest texts cut, and then its longest lists, until it fits; `shortened` names them, dotted."""
    over = len(orjson.dumps(record)) - budget
    if over <= 0:
        return record
    made: Record = orjson.loads(orjson.dumps(record))
    cut: dict[str, None] = {}
    for name, holder, key in sorted(_long_texts(made, ""), key=lambda found: -len(found[1][found[2]])):
        if over <= 0:
            break
        before = len(orjson.dumps(holder[key]))
        holder[key] = holder[key][:_LONG] + "…"
        over -= before - len(orjson.dumps(holder[key]))
        cut[name] = None
    while len(orjson.dumps(made)) > budget:
        sizes = {name: len(orjson.dumps(value)) for name, value in made.items() if _divisible(value)}
        if not sizes:
            break
        largest = max(sizes, key=sizes.__getitem__)
        made[largest] = _half(made[largest])
        cut[largest] = None
    return made | ({"shortened": list(cut)} if cut else {})


def _long_texts(value: Any, at: str) -> Iterator[tuple[str, Any, Any]]:
    """(dotted name, what holds it, its key there) of each text that is worth cutting."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in items:
        name = at if isinstance(value, list) else f"{at}.{key}" if at else str(key)
        if isinstance(inner, str) and len(inner) > _LONG:
            yield name, value, key
        elif isinstance(inner, dict | list):
            yield from _long_texts(inner, name)


def _divisible(value: Any) -> bool:
    return isinstance(value, dict | list) and len(value) > 1


def _half(value: Any) -> Any:
    kept = len(value) // 2
    return value[:kept] if isinstance(value, list) else dict(list(value.items())[:kept])
