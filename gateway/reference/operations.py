"""A document as its pages show it: groups of operations, with the objects that they answer.

One reading of it serves the pages, their Markdown, the search and the code samples.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.reference.calls import Node, examples
from gateway.reference.documents import Document, resolved
from gateway.reference.fields import Field, Fields

_HEADER: Final = "Idempotency-Key"
# What depends on the request: the caller's permission, the record, its state, what was sent. The rest any request can meet.
_OWN: Final = ("403", "404", "409", "412", "422")
_CODE: Final = re.compile(r"`([a-z_]+)`")


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent, or answered. `examples`: what each shows → its value, decoded JSON or text."""

    media: str
    text: str
    fields: tuple[Field, ...]
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A status that the operation answers where it cannot do what was asked, and the codes that it has then."""

    status: str
    title: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An operation. `parameters`: `path`, `query` or `header` → its fields; `samples`: `lang`, `label` and `source` of each."""

    id: str
    method: str
    path: str
    title: str
    text: str
    scopes: tuple[str, ...]
    parameters: Mapping[str, tuple[Field, ...]]
    bodies: tuple[Body, ...]
    success: str
    answer: Body | None
    refusals: tuple[Refusal, ...]
    samples: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Object:
    """What answers are made of."""

    name: str
    text: str
    fields: tuple[Field, ...]
    example: Any


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag, the objects that are at home there, and the events of webhooks about them."""

    name: str
    title: str
    text: str
    entries: tuple[Entry, ...]
    objects: tuple[Object, ...]
    events: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Contents:
    """All groups by name in their order, the headings that they stand under, and the group that each object is told in."""

    contract: str
    groups: Mapping[str, Group]
    headings: Mapping[str, tuple[str, ...]]
    homes: Mapping[str, str]


def contents(document: Document) -> Contents:
    """Read a document: as it is published, references and all."""
    return _Reader(document).contents()


class _Reader:
    def __init__(self, document: Document) -> None:
        self._document = document
        self._components = document["components"]
        self._contract: str = document["info"]["version"]
        self._origin: str = document["servers"][0]["url"]
        self._tags: dict[str, list[tuple[str, str, Node]]] = {tag["name"]: [] for tag in document["tags"]}
        for path, methods in document["paths"].items():
            for method, item in methods.items():
                self._tags[item["tags"][0]].append((method.upper(), path, item))
        self._homes = self._objects_at_home()
        self._fields = Fields(self._components["schemas"], frozenset(self._homes))

    def contents(self) -> Contents:
        groups = {tag["name"]: self._group(tag["name"], tag.get("description", "")) for tag in self._document["tags"]}
        headings = {
            each["name"]: tuple(name for name in each["tags"] if name in groups)
            for each in self._document["x-tagGroups"]
        }
        told = {heading: names for heading, names in headings.items() if names}
        return Contents(self._contract, groups, told, self._homes)

    def _group(self, name: str, text: str) -> Group:
        items = self._tags[name]
        entries = tuple(self._entry(name, *item) for item in items)
        shown = {each.name: each for each in self._objects(name, items)}
        events = {
            event: item["post"]["description"]
            for event, item in self._document["webhooks"].items()
            if name in item["post"]["tags"]
        }
        return Group(name, _title(name, [each.title for each in entries]), text, entries, tuple(shown.values()), events)

    def _entry(self, group: str, method: str, path: str, item: Node) -> Entry:
        success, answered = next((s, r) for s, r in item["responses"].items() if s.startswith("2"))
        parameters: dict[str, list[Field]] = {}
        for each in (resolved(self._components, each) for each in item["parameters"]):
            place, name = each["in"], each["name"]
            # Every operation takes the date of the contract: that is told once, above all of them.
            if place != "header" or name == _HEADER:
                field = {**each["schema"], "description": each["description"]}
                told = self._fields.field(name, field, required=each.get("required", False))
                parameters.setdefault(place, []).append(told)
        return Entry(
            id=item["operationId"],
            method=method,
            path=path,
            title=item["summary"],
            text=item["description"],
            scopes=tuple(scope for each in item["security"] for scope in each.get("oauth2", ())),
            parameters={place: tuple(fields) for place, fields in parameters.items()},
            bodies=tuple(self._bodies(item.get("requestBody", {}).get("content", {}))),
            success=success,
            answer=next(self._bodies(answered.get("content", {})), None),
            refusals=tuple(self._refusals(item["responses"])),
            samples=tuple(item.get("x-codeSamples", ())),
        )

    def _bodies(self, content: Node) -> Iterator[Body]:
        for media, each in content.items():
            text = each["schema"].get("description", "")
            yield Body(media, text, self._fields.of(each["schema"]), examples(each))

    def _refusals(self, responses: Node) -> Iterator[Refusal]:
        for status in _OWN:
            if status in responses:
                title, _, codes = resolved(self._components, responses[status])["description"].partition(":")
                yield Refusal(status, title, tuple(_CODE.findall(codes)))

    def _records(self, items: list[tuple[str, str, Node]]) -> Iterator[str]:
        """The objects that operations answer as `data`, alone or in a list, once for each of them."""
        for _, _, item in items:
            for status, response in item["responses"].items():
                schema = response.get("content", {}).get("application/json", {}).get("schema")
                if schema is not None and status.startswith("2"):
                    data = resolved(self._components, schema).get("properties", {}).get("data", {})
                    named = data.get("$ref") or data.get("items", {}).get("$ref")
                    if named is not None:
                        yield named.rpartition("/")[2]

    def _objects_at_home(self) -> dict[str, str]:
        """Object → the group with most of the operations that answer it."""
        counted: dict[str, Counter[str]] = {}
        for tag, items in self._tags.items():
            for name in self._records(items):
                counted.setdefault(name, Counter())[tag] += 1
        return {name: tags.most_common(1)[0][0] for name, tags in counted.items()}

    def _objects(self, group: str, items: list[tuple[str, str, Node]]) -> Iterator[Object]:
        for name in dict.fromkeys(self._records(items)):
            if self._homes[name] == group:
                schema = self._components["schemas"][name]
                yield Object(name, schema.get("description", ""), self._fields.of(schema), _example(schema))


def _example(schema: Node) -> dict[str, Any]:
    """A record as its fields' examples make it."""
    fields = schema.get("properties", {})
    return {name: each["examples"][0] for name, each in fields.items() if each.get("examples")}


def _title(name: str, sentences: list[str]) -> str:
    """`sla_policies` → `SLA policies`: a word is written as the operations' own titles write it."""
    said = " ".join(sentences)
    words = [word.upper() if re.search(rf"\b{word.upper()}\b", said) else word for word in name.split("_")]
    title = " ".join(words)
    return title[0].upper() + title[1:]
