"""`fields`: which members of its records an answer is to have, in bodies and in queries."""

from __future__ import annotations

import re
from typing import Any

from adapters.core.request.selection import FIELDS, MOST_FIELDS, Selection
from adapters.core.shapes import Shape
from openapi.schemas import Schema, Schemas

_TOLD = (
    "Only these fields of the records are answered, and `id` always; all of them when left out. The answer then has no other "
    "members, whatever its schema requires."
)


def chosen(schemas: Schemas, shape: Shape) -> Schema:
    """The member of a body."""
    names = Selection(shape).names
    field = {
        "type": "string",
        "enum": list(names),
        # Generators for languages without scoped enums (Go) would call two of them CREATED_AT.
        "x-enum-varnames": [f"{shape.name}_FIELD_{name}".upper() for name in names],
        "description": "The name of a field.",
    }
    items = schemas.add(f"{shape.name}FieldName", field)
    return {"type": ["array", "null"], "minItems": 1, "maxItems": MOST_FIELDS, "items": items, "description": _TOLD}


def parameter(shape: Shape) -> dict[str, Any]:
    """The query parameter: one text, since clients write lists in many ways."""
    names = Selection(shape).names
    one = f"({'|'.join(map(re.escape, names))})"
    return {
        "name": FIELDS,
        "in": "query",
        "description": f"{_TOLD} Names, apart by commas.",
        # No example: pages that try requests out would fill it in, and show half a record.
        "schema": {"type": "string", "pattern": f"^{one}(,{one})*$"},
    }
