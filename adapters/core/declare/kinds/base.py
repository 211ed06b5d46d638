"""What every kind of value says about itself, and the filter operators there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import CoreSchema

from adapters.core.csv.cells import undone
from adapters.core.declare.ids import IdType
from adapters.core.declare.kinds.source import Source

GENERAL = ("eq", "neq", "in", "not_in", "is_empty", "is_not_empty")
TEXTUAL = (*GENERAL, "contains", "not_contains", "starts_with", "ends_with")
ORDERED = (*GENERAL, "gt", "gte", "lt", "lte", "between")
FRAGMENTS = frozenset({"contains", "not_contains", "starts_with", "ends_with"})
LISTED = ("contains_any", "contains_all", "contains_none", "is_empty", "is_not_empty")

Schema = dict[str, Any]
"""A JSON schema (2020-12)."""
_PROMISED = ("type", "format", "items", "additionalProperties")
_HELD_CELLS: dict[Any, Callable[[str], Any]] = {
    int: int,
    bool: lambda cell: cell.lower() == "true",
    Decimal: Decimal,
    str: str,
}


class Kind:
    """Base of all kinds. The defaults are those of a plain, unfilterable value.

    A new kind is a subclass in a file of its own, and says here what differs; nothing else asks which kind a field has.
    """

    operators: tuple[str, ...] = ()
    held: Any = str  # the msgspec type of the service's value
    inward: Callable[[Any], Any] | None = None  # validated public value → service's value
    outward: Callable[[Any], Any] | None = None  # service's value → public value
    note: str = ""  # what holds for a value in a request and no JSON schema can say, in sentences
    beside: str | None = None  # the field that a value is read with, of the same record or of one around it
    points_to: IdType | None = None  # the records that values point to
    blank_is_value: bool = False  # whether services order "" apart from null
    merges: bool = False  # whether services merge what a PATCH sends into what they hold
    caseless: bool = False  # whether a filter takes texts that differ in nothing but case for equal
    answers_only: bool = False  # whether only answers can hold it: it cannot be written for a service, or compared with
    free: bool = False  # whether a person may write any words here

    # What requests hold.

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

    def sought_in(self, value: Any) -> Any:
        """A filter's checked value, in today's form → as the service compares it."""
        return self.inward(value) if self.inward else value

    def faulty_beside(self, held: Any, beside: Any) -> tuple[str, str] | None:
        """(code, sentence) when a value that the service would hold does not go with that of the field `beside`."""
        return None

    def places(self) -> Iterator[tuple[str, str]]:
        """Places within a value: as a service names them in a refusal, and the rest of the public pointer."""
        yield from ()

    # What answers hold.

    def emit(self, name: str, source: Source) -> list[str]:
        """Lines of the generated function that make `v`, the field `name` of `row`, public; none where it stays as it is."""
        if self.outward is None:
            return []
        return [f"row.{name} = {source.bind(self.outward, 'outward')}(v)"]

    def told(self, held: Any, beside: Any = None) -> Any:
        """A service's value → the public one, at leisure; raises what `emit` would raise.

        beside: the service's value of the field of that name.
        """
        value = msgspec.convert(held, self.held)
        return self.outward(value) if self.outward else value

    def comparable(self, held: Any) -> Any:
        """A service's value → something that is ordered and equal as the values are."""
        return held

    # Files.

    def from_cell(self, cell: str) -> Any:
        """A cell of an import, not empty → a public value. What cannot be read stays a text, for the validator to refuse."""
        return undone(cell)

    def from_held_cell(self, cell: str) -> Any:
        """A cell of the service's export → its value; raises ValueError, ArithmeticError or MsgspecError when it cannot."""
        return _HELD_CELLS[self.held](cell)

    # Documents.

    def strict(self) -> Schema:
        """What a request may hold."""
        return self.described(derived(self))

    def loose(self) -> Schema:
        """What an answer holds: its type alone, since limits are promises about what is taken, not about what is there."""
        schema = self.strict()
        return {name: schema[name] for name in _PROMISED if name in schema}

    def described(self, schema: Schema) -> Schema:
        """The JSON schema, as pydantic derived it from `core`, completed: exactly as strict as `core` is."""
        return schema

    def operand_example(self, example: Any) -> Any:
        """A filter's value, given a field's documented example."""
        return example

    # Deployments.

    def rebased(self, alphabets: Mapping[str, str]) -> Kind:
        """The same kind with ids in a deployment's own alphabets, which are given by prefix."""
        return self

    # Tests, and what is asked of strange services.

    def edges(self) -> tuple[Any, ...]:
        """Public values at and around every edge that this kind has: some are taken and some are not."""
        return ()

    def misfit(self, held: Any) -> str | None:
        """What a service's value is not, in words for an operator; None when it fits."""
        return None

    def older(self, swap: Mapping[str, str]) -> Kind:
        """The same kind with words named as in an older contract; `swap`: today's → then. TypeError when it has no such word."""
        raise TypeError(f"{type(self).__name__} has no words")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return self.core()

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> Schema:
        return self.described(handler(schema))


def derived(kind: Kind) -> Schema:
    """The JSON schema that pydantic makes of a kind's `core`."""
    return dict(_derived(kind))


@cache
def _derived(kind: Kind) -> Schema:
    # Every field of every operation of every contract asks, and of kinds there are few.
    return generated(kind.core())


def generated(schema: CoreSchema) -> Schema:
    """What pydantic makes of a core schema, without what it adds for itself."""
    return dict(GenerateJsonSchema().generate(schema))
