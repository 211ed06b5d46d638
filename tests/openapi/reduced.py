"""A document of as few operations as have in them every construct of the whole one, for tools that take time by the operation.

What a generator or a linter makes of an operation follows from how it is described, and not from whose it is: thirty resources are
described by the same few forms. A construct is such a form: a schema with its keywords, types, formats and the build of its patterns, a
parameter, a response, what an operation has of all of these, a name that some language keeps for itself, a text that may end a comment
or a string. tests/openapi/test_reduced.py holds the reduced documents to having each of them, and the whole ones to what only shows
where everything is there, such as two names that become one.

DOCUMENTS=whole (`make documents`) has all of it tried.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gateway.reference.documents import Document, offered, resolved

WHOLE: Final = os.environ.get("DOCUMENTS") == "whole"

# Of Python, Java, Go and TypeScript, and what generated clients call things of their own.
_WORDS: Final = (
    "abstract any api arguments as assert async await body bool boolean break byte case catch chan char class client const context "
    "continue cookies copy data debugger declare def default defer del delete dict do double elif else enum error eval except export "
    "extends fallthrough false field final finally float for format from func function get global go goto hash headers if implements "
    "import in init instanceof int interface is json lambda len let list local long map match model module namespace native never "
    "new nil none nonlocal not null number object of options or package pass path print private property protected public query "
    "raise range record request require response return schema select self set short static str string struct super switch symbol "
    "synchronized test this throw throws transient true try type typeof undefined union unknown url validate values var void volatile "
    "while with yield"
)
_RESERVED: Final = frozenset(_WORDS.split())
_TEXTS: Final = ("description", "summary", "title")
# What may end a comment, a string or a template of some language, or stand for something else there.
_HAZARDS: Final = ("*/", "/*", "`", "${", '"', "'", "\\", "\n\n", "<", "{", "%", "#", "@", "|", "eval(", "<script")
# Told for people and programs that try requests out; that they are right is looked at elsewhere, for all of them.
_SHOWN: Final = ("example", "examples", "operationId", "x-codeSamples", "externalDocs")
_VERBATIM: Final = ("type", "method", "format", "in", "style", "name", "contentMediaType", "contentEncoding")
# What stands in these is looked at by itself: an object need not have the same members as another to be like it.
_MEMBERS: Final = ("properties", "responses", "headers", "links", "content")
# Of these the names tell something, too.
_KEYED: Final = ("responses", "headers", "content")
_KINDS: Final = ("oneOf", "anyOf", "allOf", "enum", "const", "if")
_SYSTEMS: Final = ("Test", "Linux", "Windows", "Darwin", "Unix", "Js", "Wasm", "Arm", "Amd", "Android", "Ios", "Plan")


class _Part(NamedTuple):
    """What stands in one place of a document: its constructs, the components that it names, and its length as JSON."""

    constructs: frozenset[Hashable]
    named: frozenset[str]
    size: int


def reduced(document: Document, begun: Collection[str] = ()) -> Document:
    """The document with few of its operations, and what these refer to. begun: operationIds that are kept in any case."""
    if WHOLE:
        return document
    kept = covering(document, begun)
    paths = {
        path: {method: item for method, item in methods.items() if item["operationId"] in kept}
        for path, methods in document["paths"].items()
    }
    return offered({**document, "paths": {path: methods for path, methods in paths.items() if methods}}, ())


def constructs(document: Document) -> frozenset[Hashable]:
    """All that the document's operations, webhooks and components are made of."""
    return _of(_parts(document).values())


def covering(document: Document, begun: Collection[str] = ()) -> set[str]:
    """The operationIds of `begun` and of as few more as have every construct: next is always what adds the most for its length."""
    parts = _parts(document)
    # A webhook stays as long as anything of its tag does.
    sent: dict[str, set[str]] = {}
    for name, item in document["webhooks"].items():
        sent.setdefault(item["post"]["tags"][0], set()).add(f"webhooks/{name}")
    needed = {
        item["operationId"]: _reached(parts, {f"paths/{item['operationId']}"} | sent.get(item["tags"][0], set()))
        for methods in document["paths"].values()
        for item in methods.values()
    }
    made_of = {name: _of(parts[each] for each in reached) for name, reached in needed.items()}
    found: set[str] = set()
    there: set[str] = set()
    missing = frozenset[Hashable]().union(*made_of.values())
    waiting = list(begun)
    while waiting or missing:
        added = {
            name: sum(parts[each].size for each in needed[name] - there) for name in needed if made_of[name] & missing
        }
        best = (
            waiting.pop() if waiting else max(added, key=lambda name: len(made_of[name] & missing) / (1 + added[name]))
        )
        found.add(best)
        there |= needed[best]
        missing -= made_of[best]
    return found


def _of(parts: Iterable[_Part]) -> frozenset[Hashable]:
    return frozenset[Hashable]().union(*(part.constructs for part in parts))


def _reached(parts: Mapping[str, _Part], begun: set[str]) -> set[str]:
    found, waiting = set(begun), list(begun)
    while waiting:
        new = parts[waiting.pop()].named - found
        found |= new
        waiting += new
    return found


def _parts(document: Document) -> dict[str, _Part]:
    """`group/name` → what stands there."""
    groups: dict[str, dict[str, Any]] = {**document["components"], "webhooks": document["webhooks"], "paths": {}}
    # How clients sign in is told in any case, and nothing refers to it.
    del groups["securitySchemes"]
    for path, methods in document["paths"].items():
        for method, item in methods.items():
            groups["paths"][item["operationId"]] = {"path": path, "method": method, **item}
    return {
        f"{group}/{name}": _part(document, group, name, node)
        for group, named in groups.items()
        for name, node in named.items()
    }


def _part(document: Document, group: str, name: str, node: dict[str, Any]) -> _Part:
    text = json.dumps(node)
    named = re.findall(r'"#/components/(\w+/[^"]+)"', text)
    return _Part(frozenset([*_spelt(group, name), *_found(document, group, node)]), frozenset(named), len(text))


def _found(document: Document, role: str, node: Any) -> Iterator[Hashable]:
    """The constructs of a node: its form, and those of all that stands in it."""
    if isinstance(node, list):
        for inner in node:
            yield from _found(document, role, inner)
    if not isinstance(node, dict):
        return
    yield role, json.dumps(_form(document, node), sort_keys=True)
    yield role, *(key for key in _TEXTS if key in node)
    for key, inner in node.items():
        if key in _TEXTS:
            yield from ((key, hazard) for hazard in _HAZARDS if hazard in inner)
        elif key == "pattern":
            yield key, _build(inner)
        elif key == "path":
            yield key, re.sub(r"[^/{}]+", "a", inner)
        elif key == "enum":
            yield from ((key, _form(document, each)) for each in inner)
        elif key in _MEMBERS:
            if key == "responses":
                # Which failures are told is a matter of its own, whatever the operation takes.
                yield key, *sorted(inner)
            for name, member in inner.items():
                if key == "properties":
                    yield from _spelt(key, name)
                    yield name in node.get("required", ()), "$ref" in member, str(member.get("type"))
                yield from _found(document, f"{key} {name}" if key in _KEYED else key, member)
        elif key not in _SHOWN:
            yield from _found(document, key, inner)


def _form(document: Document, node: Any, key: str = "") -> Any:
    """A node as all have it that are like it: without texts and names, and of its members and of what it refers to only what they are."""
    if isinstance(node, list):
        return sorted({json.dumps(_form(document, inner, key), sort_keys=True) for inner in node})
    if isinstance(node, str):
        return node if key in _VERBATIM else _spelling(node)
    if isinstance(node, float | int) and not isinstance(node, bool):
        return [type(node).__name__, node < 0, abs(node) >= 2**31, abs(node) >= 2**53]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = resolved(document["components"], node)
        return ["$ref", node["$ref"].split("/")[2], target.get("type"), [each for each in _KINDS if each in target]]
    form: dict[str, Any] = {}
    for name, inner in node.items():
        if name == "responses":
            form[name] = sorted(status for status in inner if status < "300")
        elif name in _MEMBERS:
            form[name] = sorted(inner) if name in _KEYED else len(inner) > 0
        elif name == "parameters" and isinstance(inner, list):
            form[name] = sorted({resolved(document["components"], one)["in"] for one in inner})
        elif name == "security":
            form[name] = [{scheme: len(scopes) > 0 for scheme, scopes in each.items()} for each in inner]
        elif name in ("required", "tags", "x-enum-varnames") and isinstance(inner, list):
            form[name] = len(inner) > 0
        elif name == "enum":
            form[name] = sorted({type(each).__name__ for each in inner}), len(inner) > 1
        elif name in ("pattern", "path"):
            form[name] = True
        elif name not in _TEXTS and name not in _SHOWN:
            form[name] = _form(document, inner, name)
    return form


def _spelt(role: str, name: str) -> Iterator[Hashable]:
    """How a name is spelt, and whether it is one that others keep for themselves."""
    yield "name", role, _spelling(name)
    if name.lower() in _RESERVED:
        yield "name", role, name
    if role == "schemas":
        # Files of Go that end so are for one system, or for tests.
        yield "name", role, re.findall(r"[A-Z][a-z]*|$", name)[-2] in _SYSTEMS


def _spelling(text: str) -> str:
    """A text with every word as one, and every number."""
    words = re.sub(r"[a-z]+", "a", re.sub(r"[A-Z][a-z]+", "W", re.sub(r"[A-Z]{2,}", "AA", text)))
    return re.sub(r"(\W*[A-Za-z]+|_a)\1+", r"\1", re.sub(r"[0-9]+", "0", words))


def _build(pattern: str) -> str:
    """A regular expression with every word in it as one, and every count: which characters there may be is another matter."""
    there = re.sub(r"\\.|\[(?:\\.|[^\]])*\]|\{[0-9,]+\}|[A-Za-z0-9_]+", lambda found: _token(found[0]), pattern)
    return re.sub(r"w(\|w)+", "w|w", there)


def _token(text: str) -> str:
    if text[0] == "{":
        return re.sub(r"[0-9]+", "n", text)
    return text if text[0] in "\\[" else "w"
