"""Search over a service that only lists: `GET …?page=…` with its few filters, paged by number or by offset."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from adapters.core.calls import Answer, Call, Input, Plan, Window
from adapters.core.outward import Outward, decoder
from adapters.core.plans import Place, Planner
from adapters.core.replies import body_of
from adapters.core.resource import ListQuery


class _Pagination(msgspec.Struct):
    total: int | None = None


def search(place: Place, declared: ListQuery, outward: Outward, held: dict[str, str]) -> Planner:
    """A page of a list. `held`: today's field names → the service's."""
    row: Any = outward.row
    envelope = msgspec.defstruct(
        "Listed", [("rows", list[row]), ("pagination", _Pagination)], rename={"rows": declared.items}
    )
    read = decoder(envelope)

    def plan(request: Input) -> Plan:
        window = request.window
        assert window is not None
        assert window.seal is not None
        page = window.position[0] if window.position else 1
        query = {
            "page": page,
            "limit": window.limit,
            "sort": held[window.order_by],
            "order": "desc" if window.descending else "asc",
            **conditions(window),
        }
        reply = yield Call(place.service, b"GET", place.before + b"?" + urlencode(query).encode("ascii"))
        found = read(body_of(reply))
        total = found.pagination.total
        more = len(found.rows) == window.limit and (total is None or page * window.limit < total)
        return Answer(200, outward.many(found.rows, window.seal([page + 1]) if more else None, total))

    return plan


def conditions(window: Window) -> dict[str, Any]:
    """The window's filters and text as query parameters; the grammar has let only equalities through."""
    query: dict[str, Any] = {"search": window.text} if window.text else {}
    where = window.where or {"and": []}
    for leaf in where.get("and", [where]):
        value = leaf["value"]
        query[leaf["field"]] = str(value).lower() if isinstance(value, bool) else value
    return query
