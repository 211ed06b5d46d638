"""Shapes → interfaces. What differs from another shape in little is said as that other one, changed."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sdk.model import Contract, Field, Operation, Resource, Shape
from sdk.typescript.naming import doc, union, written

_CREATE, _UPDATE, _DATA = "Create", "Update", "EventData"


def declared(contract: Contract) -> dict[str, str]:
    """Name of each shape → its declaration. The envelopes of events are the same for all, and by hand."""
    sent = _sent(contract)
    envelopes = {each.shape for each in contract.events}
    return {
        shape.name: _declared(contract, shape, sent=shape.name in sent)
        for shape in contract.shapes.values()
        if shape.name not in envelopes
    }


def queries(resource: Resource) -> Iterator[str]:
    """The declarations of what queries hold, but for those that many operations share."""
    for operation in resource.operations:
        name = query_name(resource, operation)
        if name:
            yield _interface(name, "", "", operation.query, sent=True)


def query_name(resource: Resource, operation: Operation) -> str:
    """What the interface of the query is called; empty where it has none of its own."""
    own = {each.name for each in operation.query} - {"limit", "cursor"}
    if not own:
        return ""
    return "".join(word.capitalize() for word in f"{resource.name}_{operation.name}_query".split("_"))


def _sent(contract: Contract) -> set[str]:
    """The shapes that requests hold."""
    found: set[str] = set()
    left = [each.body for resource in contract.resources for each in resource.operations if each.body]
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        for field in contract.shapes[name].fields:
            inner = field.type.item or field.type
            if inner.shape:
                left.append(inner.shape)
    return found


def _declared(contract: Contract, shape: Shape, *, sent: bool) -> str:
    if shape.name.endswith(_UPDATE) and (base := contract.shapes.get(shape.name.removesuffix(_UPDATE) + _CREATE)):
        return _changed(shape, base, sent=sent)
    if shape.name.endswith(_DATA) and (base := contract.shapes.get(shape.name.removesuffix(_DATA))):
        return _changed(shape, base, sent=sent)
    return _interface(shape.name, shape.description, "", shape.fields, sent=sent)


def _changed(shape: Shape, base: Shape, *, sent: bool) -> str:
    """A shape with the fields of another one, where all are optional but for those that it adds or requires."""
    known = {field.name: field.type for field in base.fields}
    same = [field.name for field in shape.fields if known.get(field.name) == field.type and not field.required]
    others = tuple(field for field in shape.fields if field.name not in same)
    left = [name for name in known if name not in same]
    if not left:
        parent = f"Partial<{base.name}>"
    elif len(left) < len(same):
        parent = f"Partial<Omit<{base.name}, {union(left)}>>"
    else:
        parent = f"Partial<Pick<{base.name}, {union(same)}>>"
    if not others:
        return f"{doc(shape.description, '')}export type {shape.name} = {parent};\n"
    return _interface(shape.name, shape.description, f" extends {parent}", others, sent=sent)


def _interface(name: str, about: str, parent: str, fields: tuple[Field, ...], *, sent: bool) -> str:
    lines = "".join(_member(field, sent=sent) for field in fields)
    if len(fields) == 1:
        return f"{doc(about, '')}export interface {name}{parent} {{ {lines.strip()} }}\n"
    return f"{doc(about, '')}export interface {name}{parent} {{\n{lines}}}\n"


def _member(field: Field, *, sent: bool) -> str:
    told = doc(field.description, "").strip()
    name = field.name if field.name.isidentifier() else json.dumps(field.name)
    mark = "" if field.required else "?"
    return f"  {told} {name}{mark}: {written(field.type, sent=sent)};\n".replace("   ", "  ")
