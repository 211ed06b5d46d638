"""The body of a search as named schemas: exactly the (field, operator) pairs that the service can answer.

A filter is a condition or a group. Conditions are told apart by `field`, groups by their only member. Fields that are
compared with the same values share one condition, so a document grows with the kinds of value and not with the fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from adapters.core.declare.kinds.base import FRAGMENTS, generated
from adapters.core.declare.text_patterns import LINE
from adapters.core.payloads import Query
from adapters.core.request.filters import MOST_DEPTH, MOST_LEAVES, NO_VALUE, PLURAL
from adapters.core.request.search_request import DEFAULT_LIMIT, MOST_LIMIT, MOST_TEXT
from adapters.core.request.selection import FIELDS
from adapters.core.shapes import Field
from openapi.schemas import Schema, Schemas, nullable
from openapi.selecting import chosen

_NULL: Schema = {"type": "null"}
_LABELS = {
    "string": "Text",
    "integer": "Integer",
    "boolean": "Boolean",
    "date-time": "DateTime",
    "date": "Date",
}
_GROUPS = {
    "all": ("All", "Every one of these holds."),
    "any": ("Any", "At least one of these holds."),
    "not": ("Not", "This does not hold."),
}


def limit() -> Schema:
    """How many records a page has."""
    return {"type": "integer", "format": "int32", "minimum": 1, "maximum": MOST_LIMIT}


def search_body(schemas: Schemas, query: Query) -> Schema:
    """`{Model}Search` and all that it refers to → a reference to it."""
    model = query.shape.name
    direction = schemas.add(
        "SortDirection",
        {"type": "string", "enum": ["asc", "desc"], "description": "Ascending or descending; `desc` when left out."},
    )
    order = {
        "type": "string",
        "enum": list(query.sorts),
        # Generators for languages without scoped enums (Go) would call two of them CREATED_AT.
        "x-enum-varnames": [f"{model}_{each}".upper() for each in query.sorts],
        "description": f"What the records are ordered by, `{query.sorts[0]}` when left out; ties by id, in the same "
        "direction.",
    }
    properties = {
        "filters": {
            "type": ["array", "null"],
            "maxItems": MOST_LEAVES,
            "items": _filter(schemas, query),
            "description": f"Conditions that all must hold. At most {MOST_LEAVES} in all, groups nested at most "
            f"{MOST_DEPTH} deep.",
        },
        "search_text": {
            "type": ["string", "null"],
            "maxLength": MOST_TEXT,
            "pattern": LINE,
            "description": f"Words to look for in {_listed(query.searched) if query.searched else 'the texts'}.",
        },
        # No `default`: generators make a member of a request that has one required.
        "order_by": _or_null(schemas.add(f"{model}OrderBy", order)),
        "sort_direction": _or_null(direction),
        "limit": nullable(limit()) | {"description": f"How many records a page has; {DEFAULT_LIMIT} when left out."},
        "cursor": {
            "type": ["string", "null"],
            "description": "`meta.cursor.next` of the page before, with everything else left as it was.",
        },
    }
    if query.selects:
        properties[FIELDS] = chosen(schemas, query.shape)
    described = f"Which {query.shape.name.lower()} records, in which order. All members are optional; null is as good as not sent."
    schema = {"type": "object", "description": described, "additionalProperties": False, "properties": properties}
    if query.within is not None:
        needed = f"Conditions that all must hold; `{query.within.name}` `eq` one id must be among them."
        properties["filters"] |= {"type": "array", "minItems": 1, "description": needed}
        schema = schema | {
            "required": ["filters"],
            "description": described.replace("All members", "All other members"),
        }
    return schemas.add(f"{model}Search", schema)


def _or_null(reference: Schema) -> Schema:
    return {"anyOf": [reference, _NULL]}


def search_examples(query: Query) -> dict[str, Schema]:
    """Bodies that every service answers."""
    named = query.shape.named()
    pairs = [(named[name], ops) for name, ops in query.filters.allowed.items() if named[name] is not query.within]
    field, operators = next((pair for pair in pairs if "gte" in pair[1]), pairs[0])
    condition = {"field": field.name, "operator": "gte" if "gte" in operators else "eq", "value": field.example}
    least = query.least
    value: Schema = {
        "filters": [*least.get("filters", []), condition],
        "order_by": query.sorts[0],
        "sort_direction": "asc",
        "limit": 10,
    }
    return {
        "everything": {"summary": "The newest records", "value": least},
        "filtered": {"summary": "Filtered, ordered, ten at a time", "value": value},
    }


def _filter(schemas: Schemas, query: Query) -> Schema:
    """`{Model}Filter`: conditions and groups in one flat union, since generators trip over a union within a union."""
    model = query.shape.name
    alternatives = list(_conditions(schemas, query))
    whole = {"$ref": f"#/components/schemas/{model}Filter"}
    several = {"type": "array", "minItems": 1, "maxItems": MOST_LEAVES, "items": whole}
    for group in query.filters.groups:
        title, description = _GROUPS[group]
        inner = whole if group == "not" else several
        alternatives.append(
            schemas.add(
                f"{model}{title}Group",
                {
                    "type": "object",
                    "description": description,
                    "additionalProperties": False,
                    "required": [group],
                    "properties": {group: inner},
                },
            )
        )
    about = "A condition: a field compared with one value, with several, or with none. Or a group of filters."
    return schemas.add(f"{model}Filter", {"description": about, "oneOf": alternatives})


def _conditions(schemas: Schemas, query: Query) -> Iterator[Schema]:
    """References to `{Model}{Label}Condition`s: one for all the fields that are compared with the same values.

    The label tells the type of the values, or the first of the fields where another condition of the model has that label.
    """
    model, named = query.shape.name, query.shape.named()
    alike: dict[str, list[Field]] = {}
    for name, operators in query.filters.allowed.items():
        schema = _condition(named[name], operators, query.filters.most_values)
        alike.setdefault(json.dumps(schema), []).append(named[name])
    labels: set[str] = set()
    for text, fields in alike.items():
        schema, kind = json.loads(text), fields[0].kind
        assert kind is not None
        label = _label(kind.sought.strict())
        if label is None or label in labels:
            label = "".join(word.capitalize() for word in fields[0].name.split("_"))
        labels.add(label)
        names = [field.name for field in fields]
        schema["properties"]["field"]["enum"] = names
        schema["description"] = f"{_listed(tuple(names))}: {schema['description']}"
        yield schemas.add(f"{model}{label}Condition", schema)


def _label(operand: Schema) -> str | None:
    """What values of a schema are called in every model; None for those that only one field may have."""
    if "format" in operand:
        return _LABELS.get(operand["format"])
    if "enum" in operand or operand.get("pattern", LINE) != LINE or "minLength" in operand:
        return None
    return _LABELS.get(operand.get("type", ""))


def _condition(field: Field, operators: tuple[str, ...], most: int) -> Schema:
    """A condition on a field, which is not named yet."""
    assert field.kind is not None
    single = [each for each in operators if each not in NO_VALUE and each not in PLURAL]
    plural = [each for each in operators if each in PLURAL]
    whole = field.kind.sought.strict()
    # A format is told in the cases only: clients made by typescript-fetch write every condition as if it were the first one
    # that could be meant, and a text is no moment.
    operand = {name: value for name, value in whole.items() if name != "format"}
    parts = [each for each in single if each in FRAGMENTS]
    part = generated(field.kind.fragment()) if parts else operand
    properties: Schema = {
        "field": {"type": "string"},
        "operator": {"type": "string", "enum": list(operators)},
    }
    if single:
        properties["value"] = operand if part == operand else _wider(operand, part)
    if plural:
        properties["values"] = {"type": "array", "minItems": 1, "maxItems": most, "items": operand}
    exact = {} if part == operand else {"operand": operand, "part": part}
    if operand != whole:
        exact = {"operand": whole, "listed": {"items": whole}}
    cases = _cases(operators, single, plural, {"operand": {"type": operand["type"]}} | exact)
    if len(cases) > 1:
        properties |= {name: nullable(properties[name]) for name in ("value", "values") if name in properties}
    schema: Schema = {
        "type": "object",
        "description": f"{_members(single, plural, operators)}.",
        "additionalProperties": False,
        "required": ["field", "operator"],
        "properties": properties,
    }
    if len(cases) == 1:
        schema["required"] += cases[0][1].get("required", [])
    else:
        schema |= _chain(cases)
    return schema


def _cases(
    operators: tuple[str, ...], single: list[str], plural: list[str], exact: Schema
) -> list[tuple[list[str], Schema]]:
    """Operators → what holds of a condition with one of them. `exact`: the operand, and a part of one if that differs.

    The member that an operator does not take may be null, which is as good as not sent.
    """
    parts = [each for each in single if each in FRAGMENTS] if "part" in exact else []
    whole = [each for each in single if each not in parts]
    cases: list[tuple[list[str], Schema]] = []
    if whole:
        cases.append((whole, _takes("value", "values" if plural else None, exact["operand"])))
    if parts:
        cases.append((parts, _takes("value", "values" if plural else None, exact["part"])))
    if several := [each for each in plural if each != "between"]:
        cases.append(
            (several, _takes("values", "value" if single else None, {"type": "array", **exact.get("listed", {})}))
        )
    if "between" in plural:
        two = {"type": "array", "minItems": 2, "maxItems": 2, **exact.get("listed", {})}
        between = _takes("values", "value" if single else None, two)
        cases.append((["between"], between))
    if none := [each for each in operators if each in NO_VALUE]:
        unused = {member: _NULL for member, takers in (("value", single), ("values", plural)) if takers}
        cases.append((none, {"properties": unused}))
    return cases


def _chain(cases: list[tuple[list[str], Schema]]) -> Schema:
    """The cases as if/then/else, which generators of code may pass over."""
    (names, then), *rest = cases
    if not rest:
        return then
    condition = {"properties": {"operator": {"enum": names}}}
    return {"if": condition, "then": then, "else": _chain(rest)}


def _takes(member: str, other: str | None, exact: Schema) -> Schema:
    properties = {member: exact} | ({other: _NULL} if other is not None else {})
    return {"required": [member], "properties": properties}


def _wider(one: Schema, other: Schema) -> Schema:
    """What both allow at least; which of the two applies follows from the operator."""
    return {"type": one["type"], "maxLength": max(one["maxLength"], other["maxLength"])}


def _members(single: list[str], plural: list[str], operators: tuple[str, ...]) -> str:
    none = [each for each in operators if each in NO_VALUE]
    told = [
        f"{member} with {_listed(tuple(names))}"
        for member, names in (("`value`", single), ("`values`", plural), ("neither", none))
        if names
    ]
    return "; ".join(told)


def _listed(names: tuple[str, ...]) -> str:
    quoted = [f"`{name}`" for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
