"""A page of a structured search, which goes on by the sort value and id of the last record."""

from __future__ import annotations

from adapters.core.answer.from_service import Outward
from adapters.core.answer.replies import body_of
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.declare.upstream import StructuredSearch
from adapters.core.paging.anchors import Anchor, Anchors
from adapters.core.request.search_request import Sort, structured
from adapters.core.shapes import Shape


def search(
    place: Place, _: StructuredSearch, outward: Outward, shape: Shape, _searched: tuple[str, ...] = ()
) -> Planner:
    """The position is `[sort value, id, total]`."""
    read, anchors = outward.listing("data", ("total", int | None, None)), Anchors(outward.row)
    sorts = {field.today: Sort(field.held, bool(field.kind and field.kind.blank_is_value)) for field in shape.fields}

    def plan(request: Input) -> Plan:
        window = request.window
        assert window is not None
        assert window.seal is not None
        anchor = None
        if window.position is not None:
            anchor = Anchor(anchors.value(window.position[0], window.order_by), window.position[1])
        body = structured(window, sorts[window.order_by], anchor)
        reply = yield Call(place.service, b"POST", place.before, body)
        found = read(body_of(reply))
        rows, total = found.rows, found.total
        if window.position is not None:
            total = window.position[2]
        following = None
        if len(rows) > window.limit:
            rows = rows[: window.limit]
            following = window.seal([*anchors.write(rows[-1], window.order_by), total])
        return Answer(200, outward.many(rows, following, total))

    return plan
