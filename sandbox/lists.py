"""Lists: `GET` with a query string, in the page, offset or cursor style of the entity."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import orjson

from sandbox.answers import Reply, query_invalid
from sandbox.entity import Entity
from sandbox.fields import CONVERTED, Field, Kind
from sandbox.ids import NUMBER, Key
from sandbox.schema import load
from sandbox.search import LARGEST_PAGE
from sandbox.store import Query, Store
from sandbox.where import Compiler

Given = dict[str, list[str]]
_FARTHEST_PAGE = 2**32
_WHOLE = 2000


def listed(store: Store, entity: Entity, tenant: int, given: Given, owners: Mapping[str, Key]) -> Reply:
    """One page beneath these owners; of a `whole` list everything, whatever was asked."""
    compiler = Compiler(entity)
    conditions = [compiler.where({"field": name, "op": "eq", "value": key}) for name, key in owners.items()]
    if entity.style == "whole":
        everything = Query("1", (), "c_createdAt", descending=False, offset=0, limit=_WHOLE)
        return Reply(200, b'{"data":[%s]}' % b",".join(store.page(entity, tenant, everything)))
    conditions += [
        compiler.where({"field": name, **_condition(entity.by_name[name], given[name][-1])})
        for name in entity.list_filters
        if name in given
    ]
    for name, ends in entity.ranges.items():
        conditions += [
            compiler.where({"field": name, "op": op, "value": given[end][-1]})
            for end, op in zip(ends, ("gte", "lte"), strict=True)
            if end in given
        ]
    if "search" in given:
        conditions.append(compiler.words(given["search"][-1]))
    order = given.get("sort", ["createdAt"])[-1]
    if order not in entity.sorts:
        raise query_invalid(f"{entity.plural} cannot be sorted by {order}")
    direction = given.get("order", ["desc"])[-1]
    if direction not in {"asc", "desc"}:
        raise query_invalid("order is asc or desc")
    limit = whole(given, "limit", 25, 1, LARGEST_PAGE)
    offset, shown = 0, b""
    if entity.style == "page":
        page = whole(given, "page", 1, 1, _FARTHEST_PAGE)
        offset, shown = (page - 1) * limit, b'"page":%d' % page
    elif entity.style == "offset":
        offset = whole(given, "offset", 0, 0, _FARTHEST_PAGE)
        shown = b'"offset":%d' % offset
    elif "cursor" in given:
        conditions.append(_after(compiler, order, direction == "desc", given["cursor"][-1]))
    query = Query(
        " AND ".join(conditions) or "1", compiler.parameters, f"c_{order}", direction == "desc", offset, limit
    )
    if entity.style == "cursor":
        return _cursor_page(store, entity, tenant, query, order)
    total = store.total(entity, tenant, query)
    rows = b",".join(store.page(entity, tenant, query, total))
    return Reply(200, b'{"data":[%s],"pagination":{%s,"limit":%d,"total":%d}}' % (rows, shown, limit, total))


def _condition(field: Field, text: str) -> dict[str, Any]:
    if field.kind is Kind.LIST:
        return {"op": "hasAny", "value": [text]}
    if field.kind is Kind.FLAG:
        return {"op": "eq", "value": {"true": True, "false": False}.get(text)}
    if field.number:
        return {"op": "eq", "value": NUMBER.read(text)}
    return {"op": "eq", "value": text}


def whole(given: Given, name: str, default: int, least: int, most: int) -> int:
    text = given.get(name, [str(default)])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > 12 or not least <= int(text) <= most:
        raise query_invalid(f"{name} must be a whole number from {least} to {most}")
    return int(text)


def _cursor_page(store: Store, entity: Entity, tenant: int, query: Query, order: str) -> Reply:
    more = Query(query.conditions, query.parameters, query.order, query.descending, 0, query.limit + 1)
    rows = store.page(entity, tenant, more)
    after = b"null"
    if len(rows) > query.limit:
        rows.pop()
        last = load(rows[-1])
        convert = CONVERTED.get(entity.by_name[order].kind)
        seen = orjson.dumps([convert(last[order]) if convert else last[order], last["id"]])
        after = b'"%s"' % base64.urlsafe_b64encode(seen)
    return Reply(200, b'{"items":[%s],"nextCursor":%s}' % (b",".join(rows), after))


def _after(compiler: Compiler, order: str, descending: bool, cursor: str) -> str:
    """Rows behind the last one of the page before (the sorts of a cursor list are never null)."""
    try:
        value, key = orjson.loads(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError, TypeError):
        raise query_invalid("cursor is not one that was given out") from None
    timed = compiler.entity.by_name[order].kind is Kind.INSTANT
    fits = type(value) is int and abs(value) <= 2**62 if timed else isinstance(value, str)
    if not fits or type(key) is not (int if compiler.entity.key.number else str):
        raise query_invalid("cursor is not one that was given out")
    compiler.parameters.extend((value, key))
    return f"(c_{order}, id) {'<' if descending else '>'} (?, ?)"
