"""Schemas of a document as people read them: a field with its type in words, what it may hold, and what is within it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Schema = Mapping[str, Any]

_PREFIX: Final = re.compile(r"\^([a-z]+_)[a-z\[(]")
_DECIMAL: Final = re.compile(r"\^-?\[0-9\]|\^\(100")
_DEEPEST: Final = 6
_NOTES: Final = (
    ("minLength", "maxLength", "character"),
    ("minItems", "maxItems", "entry"),
    ("minProperties", "maxProperties", "member"),
)
_PLURALS: Final = {"entry": "entries"}


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a request or an answer.

    `kind`: its type in words. `notes`: what bounds its value. `choices`: the values it can have, where they are listed.
    `fields`: the members within. `variants`: what each form says of itself (Markdown), where it has several. `refers`: the
    object that it is, by the name of the schema, where that is told in a place of its own.
    """

    name: str
    kind: str
    text: str
    required: bool
    notes: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    fields: tuple[Field, ...] = ()
    variants: tuple[str, ...] = ()
    refers: str = ""


class Fields:
    """Reads schemas of one document. `apart`: names of the schemas that are told in a place of their own."""

    def __init__(self, schemas: Mapping[str, Schema], apart: frozenset[str]) -> None:
        self._schemas, self._apart = schemas, apart

    def of(self, schema: Schema, *, within: tuple[str, ...] = ()) -> tuple[Field, ...]:
        """The members of an object. `within`: names of the schemas around it, so that none is told within itself."""
        name, schema = self._named(schema)
        if len(within) >= _DEEPEST or name in within:
            return ()
        inside = (*within, name or "")
        required = schema.get("required", ())
        return tuple(
            self.field(each, member, required=each in required, within=inside)
            for each, member in schema.get("properties", {}).items()
        )

    def field(self, name: str, schema: Schema, *, required: bool, within: tuple[str, ...] = ()) -> Field:
        """One member, or one parameter."""
        told = schema.get("description", "")
        own, schema, nullable = self._bare(schema)
        told = told or schema.get("description", "")
        kind, item, refers = self._kind(own, schema)
        variants = tuple(self._variants(item))
        inner: tuple[Field, ...] = ()
        if not refers and not variants:
            inner = self.of(item, within=within)
        notes = [*_bounds(schema), *(_bounds(item, each=True) if item is not schema else ())]
        if schema.get("readOnly"):
            notes.append("read only")
        return Field(
            name=name,
            kind=f"{kind} or null" if nullable else kind,
            text=told,
            required=required,
            notes=tuple(notes),
            choices=tuple(str(each) for each in self._named(item)[1].get("enum", ()) if each is not None),
            fields=inner,
            variants=variants,
            refers=refers,
        )

    def _named(self, schema: Schema) -> tuple[str, Schema]:
        """The name of the schema that is referred to, or nothing, and what it is."""
        name = ""
        while "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            schema = self._schemas[name]
        return name, schema

    def _bare(self, schema: Schema) -> tuple[str, Schema, bool]:
        """Name, schema and whether it can be null, of `X`, `["x", "null"]` or `anyOf: [X, null]`."""
        name, schema = self._named(schema)
        kinds = schema.get("type")
        if isinstance(kinds, list):
            return name, schema, "null" in kinds
        either = schema.get("anyOf", ())
        others = [each for each in either if each.get("type") != "null"]
        if len(others) == 1:
            name, schema = self._named(others[0])
            return name, schema, len(either) > 1
        return name, schema, False

    def _kind(self, name: str, schema: Schema) -> tuple[str, Schema, str]:
        """The type in words, the schema of what it is made of, and the object that it refers to."""
        if name in self._apart:
            return "object", schema, name
        kinds = schema.get("type", "any")
        kind = next(each for each in kinds if each != "null") if isinstance(kinds, list) else kinds
        if kind == "array":
            inner, item, _ = self._bare(schema.get("items", {}))
            word, last, refers = self._kind(inner, item)
            return f"array of {word.replace('array', 'arrays', 1)}{'' if word[-1] == 's' else 's'}", last, refers
        if "oneOf" in schema or ("anyOf" in schema and kind == "any"):
            return "object", schema, ""
        if kind == "string":
            return _text(schema.get("pattern", ""), schema.get("format", "")), schema, ""
        return {"any": "value", "number": "number"}.get(kind, kind), schema, ""

    def _variants(self, schema: Schema) -> Iterator[str]:
        for each in schema.get("oneOf", schema.get("anyOf", ())):
            _, form = self._named(each)
            told = form.get("description", "")
            # A group is known by its only member.
            named = [
                name for name in form.get("required", ()) if f"`{name}`" not in told and len(form["required"]) == 1
            ]
            yield f"`{named[0]}`: {told}" if named else told


_FORMATS: Final = {
    "date-time": "date and time",
    "date": "date",
    "uri": "URL",
    "binary": "file",
}


def _text(pattern: str, form: str) -> str:
    if found := _PREFIX.match(pattern):
        return f"id ({found[1]}…)"
    return _FORMATS.get(form) or ("decimal" if _DECIMAL.match(pattern) else "string")


def _bounds(schema: Schema, *, each: bool = False) -> Iterator[str]:
    """`1 to 255 characters`, `at most 50 entries each`, …; nothing where it is an id, whose form says as much."""
    if _PREFIX.match(schema.get("pattern", "")):
        return
    end = " each" if each else ""
    for least, most, word in _NOTES:
        if told := _span(schema.get(least), schema.get(most), word):
            yield told + end
    if told := _span(schema.get("minimum"), schema.get("maximum"), ""):
        yield told + end


def _span(least: Any, most: Any, word: str) -> str:
    def counted(number: Any) -> str:
        plural = _PLURALS.get(word, f"{word}s")
        return f"{number:,} {word if number == 1 else plural}".rstrip() if word else f"{number:,}"

    if most is not None and least:
        return counted(most) if least == most else f"{least:,} to {counted(most)}"
    if most is not None:
        return f"at most {counted(most)}"
    return f"at least {counted(least)}" if least else ""
