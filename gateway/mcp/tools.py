"""The eight tools: what they are called, what they take, and which of them a permit has.

Their number and size do not grow with the API: the resource is an argument, whose enum is what the permit allows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import orjson
from pydantic_core import CoreSchema, SchemaValidator, ValidationError, core_schema

from adapters.core.faults import Invalid
from adapters.core.request.json_body import MOST_ERRORS, describe
from gateway.mcp.describe import VERBS
from gateway.mcp.offered import Offered

MOST_IDS: Final = 25
MOST_FOUND: Final = 50
_MOST_KEPT: Final = 1000  # lists, of 14 KB at most
READING: Final = ("whoami", "describe", "search", "get")

Schema = dict[str, Any]
_TEXT: Final[Schema] = {"type": "string"}
_NAMES: Final[Schema] = {"type": "array", "items": _TEXT, "maxItems": 50}
_VALUES: Final[Schema] = {"type": "object"}
_KEY: Final[Schema] = {
    "type": "string",
    "maxLength": 255,
    "description": "Repeat it to repeat a call without a second effect.",
}
_FIELDS: Final[Schema] = _NAMES | {"description": "Only these fields are answered."}


def _resource(description: str) -> Schema:
    return {"type": "string", "enum": [], "description": description}


class _Tool(NamedTuple):
    title: str
    description: str
    hints: Schema
    arguments: dict[str, Schema]
    required: tuple[str, ...] = ()


_TOOLS: Final[dict[str, _Tool]] = {
    "whoami": _Tool(
        "Who am I",
        "The workspace, the user, the permissions that you act with, and what is left of your limits.",
        {"readOnlyHint": True},
        {},
    ),
    "describe": _Tool(
        "Describe",
        "Without arguments: which resources there are and what you may do with each. With a resource: its fields, filters, "
        "sorts, relations and actions. With a verb, too: the JSON Schema of the values it takes. Ask before you write.",
        {"readOnlyHint": True},
        {
            "resource": _resource("What to describe."),
            "verb": {"type": "string", "enum": list(VERBS)},
            "action": _TEXT | {"description": "With the verb act: which action."},
        },
    ),
    "search": _Tool(
        "Search",
        "Find records. filters are ANDed: {field, operator, value} or {field, operator, values}; {any: [...]} is an OR. "
        "More: call again with next_cursor as cursor and the other arguments unchanged.",
        {"readOnlyHint": True},
        {
            "resource": _resource("Where to search."),
            "filters": {"type": "array", "items": {"type": "object"}, "maxItems": 25},
            "search_text": _TEXT | {"maxLength": 256},
            "order_by": _TEXT,
            "direction": {"type": "string", "enum": ["asc", "desc"]},
            "limit": {"type": "integer", "minimum": 1, "maximum": MOST_FOUND, "description": "10 when left out."},
            "fields": _FIELDS,
            "cursor": _TEXT,
        },
        ("resource",),
    ),
    "get": _Tool(
        "Get",
        "Read records by their ids, whose beginnings tell the resource. include adds lists of related records.",
        {"readOnlyHint": True},
        {
            "ids": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MOST_IDS},
            "fields": _FIELDS,
            "include": _NAMES | {"description": "Relations, as describe lists them; the newest ten of each."},
        },
        ("ids",),
    ),
    "create": _Tool(
        "Create",
        "Make a record. The same values again within a day answer the first record, with replayed: true; to make another "
        "one, send an idempotency_key of your own.",
        {"idempotentHint": True, "destructiveHint": False},
        {"resource": _resource("What to make."), "values": _VALUES, "idempotency_key": _KEY},
        ("resource", "values"),
    ),
    "update": _Tool(
        "Update",
        "Change fields of a record: what is left out stays, null clears, lists are replaced.",
        {"destructiveHint": True, "idempotentHint": True},
        {"id": _TEXT, "values": _VALUES},
        ("id", "values"),
    ),
    "act": _Tool(
        "Act",
        "Do something with a record that is more than a change of fields: the actions that describe lists. "
        "A final one takes two steps, as delete does.",
        {"destructiveHint": True},
        {"id": _TEXT, "action": _TEXT, "values": _VALUES, "idempotency_key": _KEY, "confirm": _TEXT},
        ("id", "action"),
    ),
    "delete": _Tool(
        "Delete",
        "In two steps: the first call shows what would go and answers a confirm value, the second repeats the id with it.",
        {"destructiveHint": True, "idempotentHint": True},
        {"id": _TEXT, "confirm": _TEXT},
        ("id",),
    ),
}

NAMES: Final = tuple(_TOOLS)


class Tools:
    """The tools over what is offered; lists are kept by permit."""

    def __init__(self, offered: Offered) -> None:
        self._offered = offered
        self._checks = {name: _checking(tool) for name, tool in _TOOLS.items()}
        self._kept: dict[tuple[frozenset[str], bool], orjson.Fragment | None] = {}
        self.fingerprint = hashlib.sha256(orjson.dumps(self._listed(None, reading=False))).hexdigest()

    def listed(self, scopes: frozenset[str], *, reading: bool) -> orjson.Fragment | None:
        """The tools that a permit with these scopes has, as JSON; None when it may do nothing at all."""
        key = scopes, reading
        if key in self._kept:
            return self._kept[key]
        tools = self._listed(scopes, reading=reading)
        found = orjson.Fragment(orjson.dumps(tools)) if tools else None
        if len(self._kept) < _MOST_KEPT:
            self._kept[key] = found
        return found

    def check(self, tool: str, arguments: Any) -> dict[str, Any]:
        """The arguments of a call, of the declared form; Invalid names every fault."""
        check, names = self._checks[tool]
        try:
            checked: dict[str, Any] = check.validate_python(arguments)
        except ValidationError as error:
            found = error.errors(include_url=False)
            raise Invalid([describe(each, names) for each in found[:MOST_ERRORS]]) from None
        return {name: value for name, value in checked.items() if value is not None}

    def _listed(self, scopes: frozenset[str] | None, *, reading: bool) -> list[Schema]:
        tools = []
        for name, tool in _TOOLS.items():
            if reading and name not in READING:
                continue
            able = self._able(name, scopes)
            if name in VERBS and not able:
                continue
            properties = {
                key: {**schema, "enum": able} if key == "resource" else schema for key, schema in tool.arguments.items()
            }
            tools.append(
                {
                    "name": name,
                    "title": tool.title,
                    "description": tool.description,
                    "annotations": {"readOnlyHint": False, **tool.hints, "openWorldHint": False},
                    "inputSchema": {
                        "type": "object",
                        "properties": properties,
                        "required": list(tool.required),
                        "additionalProperties": False,
                    },
                    "outputSchema": {"type": "object"},
                }
            )
        return tools if any(each["name"] in VERBS for each in tools) else []

    def _able(self, tool: str, scopes: frozenset[str] | None) -> list[str]:
        offered = self._offered
        verbs: Sequence[str] = (tool,) if tool in VERBS else VERBS
        everything = frozenset(
            scope for named in _all(offered) for operation in named.values() for scope in operation.scopes
        )
        held = everything if scopes is None else scopes
        return list(dict.fromkeys(path for verb in verbs for path in offered.resources(verb, held)))


def _all(offered: Offered) -> list[Mapping[str, Any]]:
    return [*offered.plain.values(), *offered.actions.values()]


def _checking(tool: _Tool) -> tuple[SchemaValidator, tuple[str, ...]]:
    fields = {}
    for name, schema in tool.arguments.items():
        needed = name in tool.required
        core = _core(schema) if needed else core_schema.nullable_schema(_core(schema))
        fields[name] = core_schema.typed_dict_field(core, required=needed)
    return SchemaValidator(core_schema.typed_dict_schema(fields, extra_behavior="forbid")), tuple(tool.arguments)


def _core(schema: Schema) -> CoreSchema:
    """What is listed for the client is what is checked. Which resources there are is looked up, for whoever may use them."""
    match schema["type"]:
        case "string" if schema.get("enum"):
            return core_schema.literal_schema(schema["enum"])
        case "string":
            return core_schema.str_schema(strict=True, max_length=schema.get("maxLength", 8192))
        case "integer":
            return core_schema.int_schema(strict=True, ge=schema["minimum"], le=schema["maximum"])
        case "array":
            least, most = schema.get("minItems"), schema["maxItems"]
            return core_schema.list_schema(_core(schema["items"]), strict=True, min_length=least, max_length=most)
    return core_schema.dict_schema(core_schema.str_schema(), core_schema.any_schema(), strict=True)
