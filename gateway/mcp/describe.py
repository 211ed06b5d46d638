"""What an agent reads to know a resource: from the declarations, in few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from adapters.core.operation import Operation
from adapters.core.payloads import Fields, Query
from adapters.core.shapes import Field, Shape
from gateway.mcp.offered import PLAIN, Offered

VERBS = (*PLAIN, "act")

_MANY_WORDS: Final = 20


def overview(offered: Offered, held: frozenset[str], effective: frozenset[str]) -> str:
    """One line a resource: what may be done with it, and what is denied by the token's scopes or by the role.

    held: the scopes of the token, singly; effective: those that the role leaves of them.
    """
    lines = ["resource: verbs you may use | denied by scope | denied by role"]
    for path in offered.paths:
        able, scope, role = [], [], []
        for verb in VERBS:
            found = _operations(offered, path, verb)
            if not found:
                continue
            if any(effective.issuperset(each.scopes) for each in found):
                able.append(verb)
            elif any(held.issuperset(each.scopes) for each in found):
                role.append(verb)
            else:
                scope.append(verb)
        lines.append(f"{path}: {' '.join(able) or '-'} | {' '.join(scope) or '-'} | {' '.join(role) or '-'}")
    return "\n".join(lines)


def resource(offered: Offered, path: str, effective: frozenset[str]) -> str:
    """Fields, filters, sorts, relations and actions of one resource, as far as they are permitted.

    What another family guards is told to those who have its scopes: others find no such member in any record.
    """
    found = [each for verb in VERBS for each in _operations(offered, path, verb)]
    shape = next((face.gives.shape for each in found if (face := each.faces[offered.contract]) and face.gives), None)
    lines = [f"{path}: {shape.description.splitlines()[0] if shape else ''}".rstrip(": ")]
    if shape is not None:
        written = _sent(offered.plain["create"].get(path), offered.contract, effective)
        changed = _sent(offered.plain["update"].get(path), offered.contract, effective)
        lines += ["fields (! needed to create, + only when it is created, = not to be written, ~ strangers' words):"]
        lines += [f"- {_field(each, written, changed)}" for each in shape.fields if _guarded(each, "read", effective)]
        if headline := [each.name for each in shape.fields if each.headline]:
            lines.append("search answers, unless fields says otherwise: id " + " ".join(headline))
    search = offered.plain["search"].get(path)
    face = search.faces[offered.contract] if search else None
    if face is not None and isinstance(face.sends, Query):
        lines.append("filters: " + "; ".join(_by_operators(face.sends.filters.allowed)))
        lines.append("order_by: " + " ".join(face.sends.sorts))
        if face.sends.searched:
            lines.append("search_text looks in: " + " ".join(face.sends.searched))
    related = offered.permitted(offered.related.get(path, {}), effective)
    if related:
        lines.append("include (with get): " + " ".join(related))
    actions = offered.actions.get(path, {})
    for name in offered.permitted(actions, effective):
        final = " (final)" if actions[name].final else ""
        values = _values(actions[name], offered.contract, effective)
        lines.append(f"action {name}{final}: {actions[name].summary}{values}")
    return "\n".join(lines)


def schema(operation: Operation, contract: str, effective: frozenset[str]) -> dict[str, Any]:
    """The JSON Schema of the `values` that an operation takes of somebody with these scopes."""
    face = operation.faces[contract]
    sends = face.sends if face is not None else None
    if not isinstance(sends, Fields):
        return {"type": "object", "properties": {}, "additionalProperties": False}
    return _schema(sends.shape, effective, partial=sends.partial)


def _schema(shape: Shape, effective: frozenset[str], *, partial: bool) -> dict[str, Any]:
    properties = {}
    for each in shape.fields:
        if each.sendable(partial=partial) and _guarded(each, "write", effective):
            properties[each.name] = {**_value(each, effective, partial=partial), "description": each.description}
    required = [each.name for each in shape.fields if each.name in properties and each.required and not partial]
    made: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    return made | ({"required": required} if required else {})


def _value(each: Field, effective: frozenset[str], *, partial: bool) -> dict[str, Any]:
    if each.nested is not None:
        inner = _schema(each.nested, effective, partial=partial and not each.many)
        return {"type": "array", "items": inner} if each.many else inner
    return each.kind.strict() if each.kind is not None else {}


def _operations(offered: Offered, path: str, verb: str) -> list[Operation]:
    if verb == "act":
        return list(offered.actions.get(path, {}).values())
    found = offered.plain[verb].get(path)
    return [found] if found is not None else []


def _guarded(each: Field, verb: str, effective: frozenset[str]) -> bool:
    """Whether these scopes reach the field, which a family of its own may guard."""
    return not each.guard or f"{each.guard}.{verb}" in effective


def _sent(operation: Operation | None, contract: str, effective: frozenset[str]) -> dict[str, Field]:
    face = operation.faces[contract] if operation is not None else None
    if face is None or not isinstance(face.sends, Fields):
        return {}
    return {
        each.name: each
        for each in face.sends.shape.fields
        if each.sendable(partial=face.sends.partial) and _guarded(each, "write", effective)
    }


def _field(each: Field, written: Mapping[str, Field], changed: Mapping[str, Field]) -> str:
    needed = each.name in written and written[each.name].required
    mark = "!" if needed else "=" if each.name not in written and each.name not in changed else ""
    mark += "+" if each.name in written and changed and each.name not in changed else ""
    mark += "~" if each.foreign or (each.nested and any(inner.foreign for inner in each.nested.fields)) else ""
    return f"{each.name}{mark} {_type(each)}"


def _type(each: Field) -> str:
    if each.nested is not None:
        inner = ", ".join(field.name for field in each.nested.fields)
        return f"[{{{inner}}}]" if each.many else f"{{{inner}}}"
    if each.kind is None:
        return "any"
    told = each.kind.strict()
    if words := told.get("enum"):
        # Codes of a standard are known by their name and an example.
        few = len(words) <= _MANY_WORDS
        return "|".join(str(word) for word in words) if few else f"one of {len(words)}, such as {each.example}"
    if each.kind.points_to is not None:
        return f"id {each.kind.points_to.prefix}…"
    kind = str(told.get("format") or told.get("type") or "any")
    return f"{kind}({told['maxLength']})" if kind == "string" and "maxLength" in told else kind


def _by_operators(allowed: Mapping[str, Any]) -> list[str]:
    together: dict[tuple[str, ...], list[str]] = {}
    for name, operators in allowed.items():
        together.setdefault(tuple(operators), []).append(name)
    return [f"{' '.join(names)} by {' '.join(operators)}" for operators, names in together.items()]


def _values(operation: Operation, contract: str, effective: frozenset[str]) -> str:
    names = [*_sent(operation, contract, effective), *operation.param_names[1:]]
    return f" (values: {', '.join(names)})" if names else ""
