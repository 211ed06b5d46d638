"""What the payloads of the adapters are described with: adapters.core.payloads.Describing."""

from __future__ import annotations

from adapters.core.payloads import Media, Query
from adapters.core.request.search_request import MOST_LIMIT
from adapters.core.shapes import Shape
from openapi.schemas import Schema, Schemas
from openapi.searching import search_body, search_examples
from openapi.selecting import chosen


class Contents:
    """The named schemas of one document, for payloads to describe themselves with."""

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.add, self.record = schemas.add, schemas.record

    def body(self, name: str, shape: Shape, *, partial: bool) -> Schema:
        """What a request may send of a record."""
        return self._schemas.body(name, shape, partial=partial)

    def envelope(self, name: str, data: Schema, description: str) -> Schema:
        """An answer with one thing under `data`."""
        return self.add(name, _envelope({"data": data}, description))

    def record_envelope(self, name: str, shape: Shape) -> Schema:
        """An answer with one record under `data`."""
        meta = {
            "type": "object",
            "description": "About the record; absent when there is nothing to say.",
            "properties": {"degraded": _degraded(self._schemas)},
        }
        envelope = _envelope({"data": self.record(shape)}, shape.description)
        envelope["properties"] = envelope["properties"] | {"meta": self.add("RecordMeta", meta)}
        return self.add(name, envelope)

    def page(self, name: str, items: Schema, *, whole: bool = False) -> Schema:
        """An answer with a page of things under `data`; `whole`: with all that there are."""
        data = {"type": "array", **({} if whole else {"maxItems": MOST_LIMIT}), "items": items}
        return self.add(name, _envelope({"data": data, "meta": _meta(self._schemas)}, "A page of a list."))

    def several(self, name: str, items: Schema, most: int) -> Schema:
        """An answer with things that were asked for by id under `data`, and the other ids under `meta`."""
        missing = {
            "type": "array",
            "maxItems": most,
            "items": {"type": "string"},
            "description": "The ids of records that do not exist, or are not visible to you, in the order they were sent.",
        }
        meta = {
            "type": "object",
            "description": "About the records.",
            "required": ["missing"],
            "properties": {"missing": missing, "degraded": _degraded(self._schemas)},
        }
        data = {
            "type": "array",
            "maxItems": most,
            "items": items,
            "description": "The records that are there, in the order their ids were sent.",
        }
        properties = {"data": data, "meta": self.add("RecordsMeta", meta)}
        return self.add(name, _envelope(properties, "Records that were asked for by their ids."))

    def fields(self, shape: Shape) -> Schema:
        """The names of fields that an answer is to have."""
        return chosen(self._schemas, shape)

    def search(self, query: Query) -> Media:
        """The media type object of a search."""
        return {"schema": search_body(self._schemas, query), "examples": search_examples(query)}


def _envelope(properties: Schema, description: str) -> Schema:
    return {"type": "object", "description": description, "required": list(properties), "properties": properties}


def _degraded(schemas: Schemas) -> Schema:
    """What an answer says of values that it holds null for."""
    entry = {
        "type": "object",
        "description": "A value that is null here because what is kept of it is not valid.",
        "required": ["id", "pointer"],
        "properties": {
            "id": {"type": "string", "description": "The record's id."},
            "pointer": {"type": "string", "description": "Where in the record, as a JSON pointer."},
        },
    }
    return {
        "type": "array",
        "items": schemas.add("Degraded", entry),
        "description": "Values that are null only because what is kept of them is not valid. Absent when there are none.",
    }


def _meta(schemas: Schemas) -> Schema:
    cursor = {
        "type": "object",
        "description": "Where the list goes on.",
        "required": ["next", "has_more"],
        "properties": {
            "next": {
                "type": ["string", "null"],
                "description": "Send it as `cursor` for the next page; null on the last one.",
            },
            "has_more": {"type": "boolean", "description": "Whether there is a next page."},
        },
    }
    meta = {
        "type": "object",
        "description": "About the list.",
        "required": ["cursor"],
        "properties": {
            "cursor": schemas.add("PageCursor", cursor),
            "degraded": _degraded(schemas),
            "total": {
                "type": "integer",
                "format": "int64",
                "minimum": 0,
                "description": "How many records there are in all; absent where counting them would cost too much.",
            },
        },
    }
    return schemas.add("PageMeta", meta)
