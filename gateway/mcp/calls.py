"""Arguments of a tool → the requests of `/v1` that they are, each called a twin here."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import msgspec
import orjson

from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Operation
from adapters.core.request.json_body import nearest
from gateway.mcp.offered import Offered

USUAL_LIMIT = 10
MOST_INCLUDED = 10

Arguments = Mapping[str, Any]


class Twin(msgspec.Struct, frozen=True):
    """One request of `/v1`. within: where its body stands among the tool's arguments, for pointers; key: Idempotency-Key."""

    operation: Operation
    segments: tuple[str, ...] = ()
    query: bytes = b""
    document: Any = None
    within: str = ""
    key: str = ""

    @property
    def path(self) -> str:
        """The path as a client would send it."""
        values = iter(self.segments)
        steps = self.operation.tail.split("/") if self.operation.tail else []
        quoted = [quote(next(values), safe="") if step == "*" else step for step in steps]
        return "/".join(["/v1", self.operation.first, *quoted])


def found(offered: Offered, arguments: Arguments, limit: int | None = None) -> Twin:
    """The search. A cursor of ours begins with the limit that it was made for. limit: another than is asked for."""
    operation = _named(offered.plain["search"], arguments["resource"], "/resource")
    size, sealed = arguments.get("limit", USUAL_LIMIT), None
    if "cursor" in arguments:
        told, _, sealed = arguments["cursor"].partition(":")
        if not (told.isascii() and told.isdigit() and len(told) <= 3):
            raise Invalid([FieldError("/cursor", "cursor_invalid", "Not a next_cursor of an earlier answer.")])
        size = int(told)
    document = {
        "filters": arguments.get("filters"),
        "search_text": arguments.get("search_text"),
        "order_by": arguments.get("order_by"),
        "sort_direction": arguments.get("direction"),
        "limit": limit or size,
        "cursor": sealed,
    }
    return Twin(operation, document={name: value for name, value in document.items() if value is not None})


def read(offered: Offered, public_id: str, pointer: str) -> Twin:
    """The record with this id."""
    return Twin(_of_id(offered.plain["get"], offered, public_id, pointer), (public_id,))


def related(offered: Offered, public_id: str, name: str, pointer: str) -> Twin:
    """The newest of the records of this kind that belong to one."""
    named = offered.related.get(offered.resource_of(public_id) or "", {})
    return Twin(
        _named(named, name, pointer), (public_id,), b"limit=%d" % MOST_INCLUDED if "limit" in _of(named, name) else b""
    )


def created(offered: Offered, arguments: Arguments) -> Twin:
    """The new record. Without a key of the client's, the values are the key: saying it twice makes one."""
    operation = _named(offered.plain["create"], arguments["resource"], "/resource")
    values = arguments["values"]
    return Twin(operation, (), b"", values, "/values", arguments.get("idempotency_key") or _key(operation, (), values))


def updated(offered: Offered, arguments: Arguments) -> Twin:
    """The changed record."""
    operation = _of_id(offered.plain["update"], offered, arguments["id"], "/id")
    return Twin(operation, (arguments["id"],), b"", arguments["values"], "/values")


def acted(offered: Offered, arguments: Arguments) -> Twin:
    """The action. What it takes in its path comes out of `values`."""
    public_id, values = arguments["id"], dict(arguments.get("values", {}))
    resource = offered.resource_of(public_id)
    if resource is None:
        raise _strange(offered, "/id")
    operation = _named(offered.actions.get(resource, {}), arguments["action"], "/action")
    segments = [public_id]
    for name in operation.param_names[1:]:
        word = values.pop(name, None)
        if not isinstance(word, str) or not word:
            raise Invalid([FieldError(f"/values/{name}", "required", "This action needs it, as a text.")])
        segments.append(word)
    key = arguments.get("idempotency_key", "") if operation.replayable else ""
    return Twin(operation, tuple(segments), b"", values or None, "/values", key)


def deleted(offered: Offered, public_id: str) -> Twin:
    """The deletion."""
    return Twin(_of_id(offered.plain["delete"], offered, public_id, "/id"), (public_id,))


def _key(operation: Operation, segments: tuple[str, ...], values: Any) -> str:
    content = orjson.dumps([operation.name, segments, values], option=orjson.OPT_SORT_KEYS)
    return "mcp-" + hashlib.sha256(content).hexdigest()


def _of(named: Mapping[str, Operation], name: str) -> tuple[str, ...]:
    return named[name].query if name in named else ()


def _named(named: Mapping[str, Operation], name: str, pointer: str) -> Operation:
    if name not in named:
        message = f"There is no such thing here.{nearest(name, named)}"
        raise Invalid([FieldError(pointer, "value_unknown", message, tuple(named))])
    return named[name]


def _of_id(named: Mapping[str, Operation], offered: Offered, public_id: str, pointer: str) -> Operation:
    resource = offered.resource_of(public_id)
    if resource is None:
        raise _strange(offered, pointer)
    if resource not in named:
        raise Invalid([FieldError(pointer, "value_unknown", f"This cannot be done with {resource}.", tuple(named))])
    return named[resource]


def _strange(offered: Offered, pointer: str) -> Invalid:
    return Invalid([FieldError(pointer, "id_invalid", "No id of a record begins so.", tuple(offered.prefixes))])
