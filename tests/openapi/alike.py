"""Fields that are described alike and read alike: what one of them was tried with need not be tried with the others."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from adapters import RESOURCES
from adapters.core.compile.catalogue import compile_all
from adapters.core.payloads import Fields, Query
from gateway.versions import CONTRACTS
from tests.openapi.generated import GENERATED

FACES = [
    (f"{operation.name} {date}", date, face)
    for operation in compile_all(RESOURCES, CONTRACTS, {})
    for date, face in operation.faces.items()
    if face is not None
]
BODIES = [(name, date, face.sends) for name, date, face in FACES if isinstance(face.sends, Fields)]
QUERIES = [(name, date, face, face.sends) for name, date, face in FACES if isinstance(face.sends, Query)]


def schema_of(date: str, reference: str) -> dict[str, Any]:
    found: dict[str, Any] = GENERATED[date]["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def signature(schema: dict[str, Any], *read_by: object) -> tuple[object, ...]:
    """What decides whether document and gateway agree on a value: the schema without its words, and what the value is read by."""
    bare = {name: part for name, part in schema.items() if name not in ("description", "examples")}
    return json.dumps(bare, sort_keys=True), *read_by


@cache
def sent_first() -> frozenset[tuple[str, str, str]]:
    """(contract, body, field) of the first field of each signature among all that are sent, and of those that hold fields."""
    seen: dict[tuple[object, ...], tuple[str, str, str]] = {}
    for _, date, sends in BODIES:
        properties = schema_of(date, sends.name)["properties"]
        for field in sends.shape.fields:
            at = (date, sends.name, field.name)
            described = properties.get(field.name)
            if described is None or field.kind is None:
                seen.setdefault(at, at)
                continue
            null = field.takes_null(partial=sends.partial)
            seen.setdefault(signature(described, field.kind, null), at)
    return frozenset(seen.values())


@cache
def asked_first() -> frozenset[tuple[str, str, str]]:
    """The same of fields that records are filtered by: (contract, model, field)."""
    seen: dict[tuple[object, ...], tuple[str, str, str]] = {}
    for _, date, _, query in QUERIES:
        named = query.shape.named()
        for each in schema_of(date, f"{query.shape.name}Filter")["oneOf"]:
            condition = schema_of(date, each["$ref"])
            members = condition["properties"]
            for name in members["field"]["enum"] if "field" in members else ():
                alike = condition | {"properties": members | {"field": {}}}
                allowed = query.filters.allowed[name]
                read_by = (named[name].kind, allowed, query.filters.groups, query.filters.most_values)
                seen.setdefault(signature(alike, *read_by), (date, query.shape.name, name))
    return frozenset(seen.values())
