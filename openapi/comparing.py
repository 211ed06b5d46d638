"""What a changed document would break for clients of the same contract; additions break nothing.

A client relies on what it may send staying allowed, and on what it is answered staying there. So the same difference can
be harmless in one direction and a breach in the other: a new optional field, a new word, a looser rule are additions.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_LEAST = ("minLength", "minItems", "minimum", "minProperties")
_MOST = ("maxLength", "maxItems", "maximum", "maxProperties")
_EXACT = ("pattern", "format", "propertyNames", "not")
_CASES = ("if", "then", "else")


def breaking(before: Node, after: Node) -> list[str]:
    """Every breach, as a sentence that begins with its place; empty when `after` only adds."""
    return list(dict.fromkeys(_Comparison(before, after).paths()))


class _Comparison:
    def __init__(self, before: Node, after: Node) -> None:
        self._before, self._after = before, after
        self._seen: set[tuple[str, str, bool]] = set()

    def paths(self) -> Iterator[str]:
        for path, item in self._before["paths"].items():
            now = self._after["paths"].get(path)
            if now is None:
                yield f"{path}: the path is gone"
                continue
            for method in _METHODS:
                if method in item and method not in now:
                    yield f"{method.upper()} {path}: the operation is gone"
                elif method in item:
                    yield from self._operation(f"{method.upper()} {path}", item[method], now[method])

    def _operation(self, at: str, was: Node, now: Node) -> Iterator[str]:
        if was["operationId"] != now["operationId"]:
            yield f"{at}: its operationId is no longer {was['operationId']}"
        needed = {scope for each in now["security"] for scopes in each.values() for scope in scopes}
        needed -= {scope for each in was["security"] for scopes in each.values() for scope in scopes}
        for scope in sorted(needed):
            yield f"{at}: needs the scope {scope} now"
        yield from self._parameters(at, was, now)
        yield from self._bodies(at, was.get("requestBody"), now.get("requestBody"))
        for status, response in was["responses"].items():
            if status not in now["responses"]:
                if status.startswith("2"):
                    yield f"{at}: no longer answers {status}"
                continue
            yield from self._response(f"{at} → {status}", response, now["responses"][status])

    def _parameters(self, at: str, was: Node, now: Node) -> Iterator[str]:
        old = {(p["in"], p["name"]): p for p in (self._old(p) for p in was.get("parameters", ()))}
        new = {(p["in"], p["name"]): p for p in (self._new(p) for p in now.get("parameters", ()))}
        for key, parameter in old.items():
            if key not in new:
                yield f"{at}: the parameter {key[1]} is gone"
                continue
            if new[key].get("required") and not parameter.get("required"):
                yield f"{at}: the parameter {key[1]} is required now"
            yield from self._schema(f"{at} {key[1]}", parameter["schema"], new[key]["schema"], sent=True)
        for key, parameter in new.items():
            if key not in old and parameter.get("required"):
                yield f"{at}: the parameter {key[1]} is new and required"

    def _bodies(self, at: str, was: Node | None, now: Node | None) -> Iterator[str]:
        if was is None:
            if now is not None and now.get("required"):
                yield f"{at}: a body is required now"
            return
        if now is None:
            yield f"{at}: the body is gone"
            return
        if now.get("required") and not was.get("required"):
            yield f"{at}: a body is required now"
        yield from self._contents(f"{at} body", was, now, sent=True)

    def _response(self, at: str, was: Node, now: Node) -> Iterator[str]:
        was, now = self._old(was), self._new(now)
        for name in was.get("headers", {}):
            if name not in now.get("headers", {}):
                yield f"{at}: the header {name} is gone"
        yield from self._contents(at, was, now, sent=False)

    def _contents(self, at: str, was: Node, now: Node, *, sent: bool) -> Iterator[str]:
        for media, content in was.get("content", {}).items():
            if media not in now.get("content", {}):
                yield f"{at}: the media type {media} is gone"
            else:
                yield from self._schema(at, content["schema"], now["content"][media]["schema"], sent=sent)

    def _schema(self, at: str, was: Any, now: Any, *, sent: bool) -> Iterator[str]:
        if isinstance(was, bool) or isinstance(now, bool):
            if was != now:
                yield f"{at}: {was} became {now}"
            return
        references = str(was.get("$ref")), str(now.get("$ref"))
        if "$ref" in was:
            if references[0] != references[1]:
                yield f"{at}: the schema is no longer called {references[0].rpartition('/')[2]}"
            if (*references, sent) in self._seen:
                return
            self._seen.add((*references, sent))
        was, now = self._old(was), self._new(now)
        yield from self._values(at, was, now, sent=sent)
        yield from self._members(at, was, now, sent=sent)
        if "items" in was and "items" in now:
            yield from self._schema(f"{at}[]", was["items"], now["items"], sent=sent)
        yield from self._alternatives(at, was, now, sent=sent)
        for name in _CASES:
            if name in was and name in now:
                yield from self._schema(f"{at} {name}", was[name], now[name], sent=sent)
            elif name in now and sent:
                yield f"{at}: there is a new case"

    def _values(self, at: str, was: Node, now: Node, *, sent: bool) -> Iterator[str]:
        narrower, wider = (now, was) if sent else (was, now)
        for kind in sorted(_types(wider) - _types(narrower)):
            yield f"{at}: {kind} is no longer allowed" if sent else f"{at}: {kind} may be answered now"
        # A new word in an answer is an addition; clients are told to expect them.
        for word in was.get("enum", ()):
            if "enum" in now and word not in now["enum"]:
                yield f"{at}: {word!r} is gone"
        if not sent:
            return
        if "enum" in now and "enum" not in was:
            yield f"{at}: only some values are allowed now"
        for name in _LEAST:
            if name in now and now[name] > was.get(name, 0):
                yield f"{at}: {name} became {now[name]}"
        for name in _MOST:
            if name in now and (name not in was or now[name] < was[name]):
                yield f"{at}: {name} became {now[name]}"
        for name in _EXACT:
            if name in now and now[name] != was.get(name):
                yield f"{at}: {name} changed"

    def _members(self, at: str, was: Node, now: Node, *, sent: bool) -> Iterator[str]:
        for name, schema in was.get("properties", {}).items():
            if name not in now.get("properties", {}):
                yield f"{at}.{name}: the field is gone"
            else:
                yield from self._schema(f"{at}.{name}", schema, now["properties"][name], sent=sent)
        old, new = set(was.get("required", ())), set(now.get("required", ()))
        for name in sorted(new - old if sent else old - new):
            yield f"{at}.{name}: required now" if sent else f"{at}.{name}: no longer always there"
        if sent and now.get("additionalProperties") is False and was.get("additionalProperties") is not False:
            yield f"{at}: other fields are no longer allowed"

    def _alternatives(self, at: str, was: Node, now: Node, *, sent: bool) -> Iterator[str]:
        old = {each["$ref"]: each for each in was.get("oneOf", ())}
        new = {each["$ref"]: each for each in now.get("oneOf", ())}
        for reference, schema in old.items():
            if reference not in new:
                yield f"{at}: {reference.rpartition('/')[2]} is gone"
            else:
                yield from self._schema(at, schema, new[reference], sent=sent)

    def _old(self, node: Node) -> Node:
        return _resolved(self._before, node)

    def _new(self, node: Node) -> Node:
        return _resolved(self._after, node)


def _types(schema: Node) -> set[str]:
    """The types a schema allows; one without a type allows them all."""
    kinds = schema.get("type", ["array", "boolean", "null", "number", "object", "string"])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _resolved(document: Node, node: Node) -> Node:
    """The node itself, or what it refers to with its own members on top, or with null as well (`anyOf` of the two)."""
    if "anyOf" in node:
        inner = _resolved(document, node["anyOf"][0])
        also = {"type": [*_types(inner), "null"]} | ({"enum": [*inner["enum"], None]} if "enum" in inner else {})
        return {**inner, **also, **{name: value for name, value in node.items() if name != "anyOf"}}
    if "$ref" not in node:
        return node
    found: Any = document
    for step in node["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{name: value for name, value in node.items() if name != "$ref"}}
