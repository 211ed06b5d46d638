"""Shapes of the adapters → named JSON schemas (2020-12, as OpenAPI 3.1 has them).

What a request may send is described exactly as strictly as it is validated. What an answer holds is described by its
type alone: lengths and patterns are promises about what we accept, not about what a service stored long ago.
"""

from __future__ import annotations

from typing import Any

import orjson

from adapters.core.shapes import Field, Shape

Schema = dict[str, Any]


class Schemas:
    """The named schemas of one document. A name stands for one schema."""

    def __init__(self) -> None:
        self.named: dict[str, Schema] = {}

    def add(self, name: str, schema: Schema) -> Schema:
        """Keep `schema` under `name` → a reference to it; ValueError when the name stands for another one."""
        if self.named.setdefault(name, schema) != schema:
            raise ValueError(f"two different schemas are called {name}")
        return {"$ref": f"#/components/schemas/{name}"}

    def resolved(self, reference: Schema) -> Schema:
        """The schema that a reference of `add` leads to."""
        return self.named[reference["$ref"].rpartition("/")[2]]

    def record(self, shape: Shape, *, null: bool = False) -> Schema:
        """What an answer holds, under the record's name; or nothing at all, where `null` may stand for the record."""
        return self.add(shape.name, self.described(shape, null=null))

    def described(self, shape: Shape, *, null: bool = False) -> Schema:
        """What an answer holds: every field, always, but for those that are guarded."""
        properties = {field.name: self._answered(field) for field in shape.fields}
        return {
            "type": ["object", "null"] if null else "object",
            "description": shape.description,
            "required": [field.name for field in shape.fields if not field.guard],
            "properties": properties,
        }

    def body(self, name: str, shape: Shape, *, partial: bool, null: bool = False, again: bool = False) -> Schema:
        """What a request may send: the writable fields and nothing else. again: in a list that is replaced."""
        suffix = "Update" if partial else "Create"
        writable = [field for field in shape.fields if field.sendable(partial=partial, again=again)]
        properties = {field.name: self._sent(field, suffix, partial=partial) for field in writable}
        required = [field.name for field in writable if field.required and not partial]
        schema: Schema = {
            "type": ["object", "null"] if null else "object",
            "description": shape.description,
            "additionalProperties": False,
        }
        if required:
            schema["required"] = required
        schema["properties"] = properties
        return self.add(name, schema)

    def _answered(self, field: Field) -> Schema:
        if field.nested is not None:
            inner = self.record(field.nested, null=field.nullable and not field.many)
            return _told({"type": "array", "items": inner} if field.many else inner, field)
        assert field.kind is not None
        schema = field.kind.loose()
        return _told(nullable(schema) if field.nullable else schema, field)

    def _sent(self, field: Field, suffix: str, *, partial: bool) -> Schema:
        null = field.takes_null(partial=partial)
        if field.nested is not None:
            if field.many:
                # A list is replaced whole, so what is in it is whole too.
                again = partial and any(inner.names_row for inner in field.nested.fields)
                name = f"{field.nested.name}{'Replacement' if again else 'Create'}"
                items = self.body(name, field.nested, partial=False, again=again)
                inner: Schema = {"type": ["array", "null"] if null else "array", "items": items}
                if field.bounds is not None:
                    inner |= {"minItems": field.bounds.least, "maxItems": field.bounds.most}
            else:
                inner = self.body(f"{field.nested.name}{suffix}", field.nested, partial=partial, null=null)
            return _told(inner, field, sent=True)
        assert field.kind is not None
        schema = field.kind.strict()
        if null:
            schema = nullable(schema)
        told = _told(schema, field, sent=True)
        if not partial and field.default:
            # In words: generators make a member of a request that has a `default` required.
            told["description"] += f" {orjson.dumps(field.default).decode()} when left out."
        return told


def nullable(schema: Schema) -> Schema:
    """The schema with null allowed, by a type array (OpenAPI 3.1)."""
    made = schema | {"type": [schema["type"], "null"]}
    if "enum" in schema:
        made["enum"] = [*schema["enum"], None]
    return made


def _told(schema: Schema, field: Field, *, sent: bool = False) -> Schema:
    note = field.kind.note if sent and field.kind else ""
    if field.guard:
        action = "write" if sent else "read"
        scope = f"`{field.guard}.{action}`"
        note += f" Sending it needs the scope {scope}." if sent else f" Absent without the scope {scope}."
    told = f"{field.description} {note.strip()}".rstrip()
    schema = (
        schema
        | {"description": told}
        | ({} if field.guard else {"examples": [field.example if sent else field.answered]})
    )
    return schema | {"readOnly": True} if field.read_only and not sent else schema
