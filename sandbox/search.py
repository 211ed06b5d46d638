"""Structured search: one JSON body → one page and its total."""

from typing import Any

from sandbox.answers import Reply, query_invalid
from sandbox.entity import Entity
from sandbox.store import Query, Store
from sandbox.where import Compiler

LARGEST_PAGE = 200
_FARTHEST = 2**53


def searched(store: Store, entity: Entity, tenant: int, body: dict[str, Any]) -> Reply:
    compiler = Compiler(entity)
    conditions = [compiler.where(body["where"])] if body.get("where") is not None else []
    text = body.get("search")
    if text is not None:
        if not isinstance(text, str):
            raise query_invalid("search must be a text")
        conditions.append(compiler.words(text))
    field, descending = _sort(entity, body.get("sort"))
    query = Query(
        conditions=" AND ".join(conditions) or "1",
        parameters=compiler.parameters,
        order=f"c_{field}",
        descending=descending,
        offset=_whole(body.get("offset", 0), "offset", 0, _FARTHEST),
        limit=_whole(body.get("limit", 25), "limit", 1, LARGEST_PAGE),
    )
    total = store.total(entity, tenant, query)
    page = store.page(entity, tenant, query, total)
    return Reply(200, b'{"data":[%s],"total":%d}' % (b",".join(page), total))


def _sort(entity: Entity, sort: Any) -> tuple[str, bool]:
    if sort is None:
        return "createdAt", True
    if not isinstance(sort, dict) or sort.get("dir", "desc") not in {"asc", "desc"}:
        raise query_invalid("sort needs a field and dir asc or desc")
    field = sort.get("field", "createdAt")
    if field not in entity.sorts:
        raise query_invalid(f"{entity.plural} cannot be sorted by {field}")
    return field, sort.get("dir", "desc") == "desc"


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise query_invalid(f"{name} must be a whole number from {least} to {most}")
    return value
