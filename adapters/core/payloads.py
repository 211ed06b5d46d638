"""What requests and answers contain, for the documents, the probe and the tests: nothing here takes part in serving a request.

A payload describes itself as OpenAPI media type objects, of schemas that the document keeps for it (`Describing`). The
ones that several words share are here; one that a single word has stands with that word.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from adapters.core.request.filters import Filters
from adapters.core.shapes import Field, Shape

Schema = dict[str, Any]
Media = dict[str, Any]
"""A media type object: `schema` with `example` or `examples`."""
JSON = "application/json"


class Describing(Protocol):
    """The document that is being written. Every method → a reference to the named schema, which is kept."""

    def add(self, name: str, schema: Schema) -> Schema:
        """Any schema; ValueError when the name stands for another one."""

    def record(self, shape: Shape) -> Schema:
        """What an answer holds of a record."""

    def body(self, name: str, shape: Shape, *, partial: bool) -> Schema:
        """What a request may send of a record."""

    def envelope(self, name: str, data: Schema, description: str) -> Schema:
        """An answer with one thing under `data`."""

    def record_envelope(self, name: str, shape: Shape) -> Schema:
        """An answer with one record under `data`."""

    def page(self, name: str, items: Schema, *, whole: bool = False) -> Schema:
        """An answer with a page of things under `data`; `whole`: with all that there are."""

    def several(self, name: str, items: Schema, most: int) -> Schema:
        """An answer with things that were asked for by id, at most so many, under `data`, and the other ids under `meta`."""

    def fields(self, shape: Shape) -> Schema:
        """The names of fields that an answer is to have."""

    def search(self, query: Query) -> Media:
        """The media type object of a search."""


class Sent(ABC):
    """What a request's body contains. required: whether there must be one."""

    required = True
    shape: Shape

    @abstractmethod
    def content(self, about: Describing) -> dict[str, Media]:
        """By media type."""

    @abstractmethod
    def sample(self) -> Any:
        """A document that is accepted, as small as may be."""


class Given(ABC):
    """What an answer's body contains. headers: what comes beside it, as OpenAPI header objects."""

    headers: ClassVar[Mapping[str, Any]] = {}
    shape: Shape | None = None

    @abstractmethod
    def content(self, about: Describing) -> Media:
        """The media type object."""


@dataclass(frozen=True)
class Fields(Sent):
    """A body with the writable fields of `shape`; in a `partial` one all are optional and null clears (RFC 7396).

    needed: whether there must be a body at all; plainly: references that no body can do without.
    """

    name: str
    shape: Shape
    partial: bool = False
    needed: bool = True
    plainly: frozenset[str] = frozenset()

    @property
    def required(self) -> bool:  # type: ignore[override]
        return self.needed

    def content(self, about: Describing) -> dict[str, Media]:
        schema = about.body(self.name, self.shape, partial=self.partial)
        # A PATCH too has one media type here, though it is read by two: clients made from a document with both of the
        # same schema do not load (openapi-python-client).
        return {JSON: {"schema": schema, "examples": self._examples()}}

    def _examples(self) -> dict[str, Any]:
        """Bodies by name: the first is one that every workspace takes, since the records of the others are invented."""
        whole = self.shape.example(sent=True, partial=self.partial)
        plain = {
            field.name: field.example
            for field in self.shape.fields
            if field.name in whole
            and (field.required or field.kind is None or not field.kind.points_to or field.name in self.plainly)
        }
        if plain == whole:
            return {"whole": {"summary": "Every field", "value": whole}}
        return {
            "plain": {"summary": "Fields that need no other record", "value": plain},
            "with_references": {"summary": "With references: put ids of your own records in", "value": whole},
        }

    def sample(self) -> Any:
        if self.partial:
            able = [field for field in self.shape.fields if field.sendable(partial=True)]
            # A record that an example points at is nobody's.
            first = next((each for each in able if not (each.kind and each.kind.points_to)), able[0])
            return {first.name: first.example}
        return {field.name: field.example for field in self.shape.fields if field.required}


@dataclass(frozen=True)
class Nothing(Sent):
    """A body without fields, or none at all."""

    required = False
    shape = Shape("Nothing", "", ())

    def content(self, about: Describing) -> dict[str, Media]:
        schema = {
            "type": ["object", "null"],
            "description": "An action without fields.",
            "additionalProperties": False,
            "maxProperties": 0,
        }
        return {JSON: {"schema": about.add("Nothing", schema)}}

    def sample(self) -> Any:
        return {}


@dataclass(frozen=True)
class Query(Sent):
    """The body of a search over records of `shape`. `sorts` and `searched` are names in the same contract.

    within: the field that every search must name one value of; selects: whether it may choose fields.
    """

    shape: Shape
    filters: Filters
    sorts: tuple[str, ...]
    searched: tuple[str, ...]
    within: Field | None = None
    selects: bool = False

    @property
    def least(self) -> dict[str, Any]:
        """A search that asks for nothing more than it must."""
        if self.within is None:
            return {}
        return {"filters": [{"field": self.within.name, "operator": "eq", "value": self.within.example}]}

    def content(self, about: Describing) -> dict[str, Media]:
        return {JSON: about.search(self)}

    def sample(self) -> Any:
        return self.least


@dataclass(frozen=True)
class One(Given):
    """An answer with one record. degrades: whether the answer may name values that are null for want of a valid one."""

    shape: Shape
    degrades: bool = True

    def content(self, about: Describing) -> Media:
        shape = self.shape
        name = f"{shape.name}Answer"
        if self.degrades:
            schema = about.record_envelope(name, shape)
        else:
            schema = about.envelope(name, about.record(shape), shape.description)
        return {"schema": schema, "example": {"data": shape.example()}}


@dataclass(frozen=True)
class Many(Given):
    """An answer with a page of records."""

    shape: Shape

    def content(self, about: Describing) -> Media:
        schema = about.page(f"{self.shape.name}Page", about.record(self.shape))
        return {"schema": schema, "example": page_of(self.shape.example())}


def page_of(shown: object) -> dict[str, Any]:
    """The last page of a list, with one thing in it."""
    return {"data": [shown], "meta": {"cursor": {"next": None, "has_more": False}, "total": 1}}
