"""The kind of `custom`: an object of the workspace's own fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from adapters.core.declare.kinds.base import Kind, Schema
from adapters.core.declare.text_patterns import CUSTOM_NAME
from adapters.core.strict_json import read_json

_MOST_CUSTOM = 64 * 1024


class Custom(Kind):
    """An object of the workspace's own fields: names to JSON values, of at most 64 KiB as JSON, like a cell of an import."""

    held = dict[str, Any]
    merges = True
    note = (
        "The limits are those of one request, which sends at most 65,536 bytes of it, counted as compact JSON in UTF-8: "
        "a PATCH adds to what is there. No text in it holds the character NUL, which stores cannot keep."
    )

    def core(self) -> CoreSchema:
        name = core_schema.no_info_after_validator_function(
            _read_custom_name, core_schema.str_schema(strict=True, pattern=CUSTOM_NAME)
        )
        value = core_schema.no_info_after_validator_function(_read_custom_value, core_schema.any_schema())
        members = core_schema.dict_schema(name, value, strict=True, max_length=100)
        return core_schema.no_info_after_validator_function(_read_custom, members)

    def places(self) -> Iterator[tuple[str, str]]:
        # The name is added to the pointer.
        yield ".*", ""

    def from_cell(self, cell: str) -> Any:
        """Raises Malformed when it is not acceptable JSON."""
        return read_json(cell.encode())

    def from_held_cell(self, cell: str) -> Any:
        return msgspec.json.decode(cell)

    def described(self, schema: Schema) -> Schema:
        names = {"pattern": CUSTOM_NAME, "not": {"const": "__proto__"}}
        return {"type": "object", "additionalProperties": True, "maxProperties": 100, "propertyNames": names}

    def edges(self) -> tuple[Any, ...]:
        return (
            *({}, {"a": 1}, {"a": None}, {"a": [{"b": 1}]}, {"": 1}, {"a\n": 1}, {"é": 1}, {"__proto__": 1}, []),
            *({"数": 1}, {"नाम": 1}, {"$a": 1}, {"a;b": 1}, {"a\u200b": 1}),
            *({"x" * 64: 1}, {"x" * 65: 1}, {f"k{i}": i for i in range(100)}, {f"k{i}": i for i in range(101)}),
        )


def _read_custom_name(name: str) -> str:
    # Services in JavaScript would take it for the prototype of the object it is in.
    if name == "__proto__":
        raise PydanticCustomError("name_invalid", "Not a name for a custom field")
    return name


def _read_custom_value(value: Any) -> Any:
    if isinstance(value, str):
        _read_custom_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _read_custom_name(name)
            _read_custom_text(name)
            _read_custom_value(inner)
    elif isinstance(value, list):
        for inner in value:
            _read_custom_value(inner)
    return value


def _read_custom_text(text: str) -> None:
    # All else of JSON is kept; PostgreSQL takes this in no text, and in no JSON either.
    if "\0" in text:
        raise PydanticCustomError("format_invalid", "Text in a custom field cannot hold the character NUL")


def _read_custom(value: dict[str, Any]) -> dict[str, Any]:
    if len(msgspec.json.encode(value)) > _MOST_CUSTOM:
        raise PydanticCustomError("object_too_long", "As JSON this has more than {most} bytes", {"most": _MOST_CUSTOM})
    return value


CustomFields = Annotated[dict[str, Any], Custom()]
