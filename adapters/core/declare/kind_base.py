"""What every kind of value says about itself, and the filter operators there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema

GENERAL = ("eq", "neq", "in", "not_in", "is_empty", "is_not_empty")
TEXTUAL = (*GENERAL, "contains", "not_contains", "starts_with", "ends_with")
ORDERED = (*GENERAL, "gt", "gte", "lt", "lte", "between")
FRAGMENTS = frozenset({"contains", "not_contains", "starts_with", "ends_with"})
LISTED = ("contains_any", "contains_all", "contains_none", "is_empty", "is_not_empty")


class Kind:
    """Base of all kinds. The defaults are those of a plain, unfilterable value."""

    operators: tuple[str, ...] = ()
    held: Any = str  # the msgspec type of the service's value
    inward: Callable[[Any], Any] | None = None  # validated public value → service's value
    outward: Callable[[Any], Any] | None = None  # service's value → public value
    note: str = ""  # what holds for a value in a request and no JSON schema can say, in sentences

    def core(self) -> CoreSchema:
        """The strict schema of a public value."""
        raise TypeError(f"{type(self).__name__} has no schema of its own")

    @property
    def sought(self) -> Kind:
        """The kind of what a filter compares a value with."""
        return self

    def operand(self) -> CoreSchema:
        """The schema of a filter's value."""
        return self.sought.core()

    def fragment(self) -> CoreSchema:
        """The schema of the operand of an operator in FRAGMENTS."""
        return self.operand()

    def described(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The JSON schema, as pydantic derived it from `core`, completed: exactly as strict as `core` is."""
        return schema

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.core()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.described(handler(schema))
