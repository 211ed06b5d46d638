"""Operations whose answers or bodies have guarded members: what those see and send who lack the scopes of the guarding family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from adapters.core.operation import Face, Operation
from adapters.core.payloads import Fields

Compile = Callable[[frozenset[str], frozenset[str]], Sequence[Operation]]
"""(families, paths) → the operations of the resources at these paths, with no answer that holds what the families guard."""


def guarded(operations: Sequence[Operation], again: Compile) -> list[Operation]:
    """The operations with faces for those who see less, and with what their bodies demand."""
    concerned = {each.name: each for each in operations if _families(each)}
    if not concerned:
        return list(operations)
    families = frozenset[str]().union(*map(_families, concerned.values()))
    paths = frozenset(each.first for each in concerned.values())
    lesser = {hidden: {each.name: each for each in again(hidden, paths)} for hidden in _subsets(families)}
    return [
        _guarded(each, {hidden: those.get(each.name) for hidden, those in lesser.items()})
        if each.name in concerned
        else each
        for each in operations
    ]


def _guarded(operation: Operation, lesser: dict[frozenset[str], Operation | None]) -> Operation:
    def narrowed(date: str, face: Face) -> Face:
        demands = _demands(face.sends) if isinstance(face.sends, Fields) else None
        seen = _guards(face)
        less = {
            _reading(hidden): replace(other, demands=demands)
            for hidden, those in lesser.items()
            if hidden <= seen and those is not None and (other := those.faces[date]) is not None
        }
        return replace(face, guards=_reading(seen), narrowed=less, demands=demands)

    return replace(operation, faces={date: face and narrowed(date, face) for date, face in operation.faces.items()})


def _demands(sends: Fields) -> Callable[[Any], frozenset[str]] | None:
    needed = {field.name: f"{field.guard}.write" for field in sends.shape.fields if field.guard}

    def demands(document: Any) -> frozenset[str]:
        sent = document if isinstance(document, dict) else {}
        # Null clears in a PATCH, and is as good as not sent in a create.
        return frozenset(needed[name] for name in needed.keys() & sent if sends.partial or sent[name] is not None)

    return demands if needed else None


def _guards(face: Face) -> frozenset[str]:
    return face.gives.shape.guards if face.gives is not None and face.gives.shape is not None else frozenset()


def _families(operation: Operation) -> frozenset[str]:
    """The families that guard something in what it is sent or gives."""
    faces = [face for face in operation.faces.values() if face is not None]
    sent = (face.sends.shape.guards for face in faces if isinstance(face.sends, Fields))
    return frozenset[str]().union(*map(_guards, faces), *sent)


def _reading(families: frozenset[str]) -> frozenset[str]:
    return frozenset(f"{family}.read" for family in families)


def _subsets(families: frozenset[str]) -> Iterator[frozenset[str]]:
    for size in range(1, len(families) + 1):
        yield from map(frozenset, combinations(sorted(families), size))
