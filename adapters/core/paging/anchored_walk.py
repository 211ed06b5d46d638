"""Search over a service that only lists, so that walking it neither repeats nor skips a record that was there throughout.

Places shift while records come and go, so a position does not trust them: it carries the last record that was given out,
the anchor, and how many records were before its end at the time. The next page asks for a window that should hold the
anchor and the page behind it, and finds the boundary by comparing rows with the anchor in the service's order. When the
boundary has left the window, one more call looks where it went. A window is one moment's truth, so rows behind a row that
is not beyond the anchor are certain; what is not certain is not given out: the page is short or empty, and the walk goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner, Reply, Window
from adapters.core.declare.upstream import ListQuery
from adapters.core.faults import ServiceFailed, ServiceInvalid, StaleCursor
from adapters.core.paging.anchors import Anchor, Anchors
from adapters.core.paging.list_calls import Lists, Query, Seen, lists, query_of
from adapters.core.paging.spans import MOST_ROWS, Span, back, onward
from adapters.core.shapes import Shape


@dataclass(slots=True)
class Page:
    """What is given out, and where the walk goes on: None when it is over."""

    rows: list[Any]
    position: list[Any] | None
    total: int | None = None


def search(
    place: Place, declared: ListQuery, outward: Outward, shape: Shape, _searched: tuple[str, ...] = ()
) -> Planner:
    """A page of a list. `shape`: the resource's in the newest contract."""
    held = {field.today: field.held for field in shape.fields}
    walked, anchors = lists(place, declared, outward.listing), Anchors(outward.row)
    ranges = {held[name]: told for name, told in declared.ranges.items()}
    paged = _by_cursor if declared.style == "cursor" else _anchored

    def plan(request: Input) -> Plan:
        window = request.window
        assert window is not None
        assert window.seal is not None
        page = yield from paged(walked.under(request.ids), anchors, window, query_of(window, held, ranges))
        following = None if page.position is None else window.seal(page.position)
        return Answer(200, outward.many(page.rows, following, page.total))

    return plan


def _by_cursor(walked: Lists, _: Anchors, window: Window, query: Query) -> Generator[Call, Reply, Page]:
    """The service anchors by itself: its cursor travels inside ours, `[cursor]`."""
    cursor = window.position[0] if window.position else None
    try:
        seen = yield from walked.after(query, cursor, window.limit)
    except ServiceFailed as failed:
        # The same query was answered for the page before, so it is the cursor that the service no longer takes.
        if cursor is not None and failed.status == 400:
            raise StaleCursor from None
        raise
    if len(seen.rows) > window.limit:
        raise ServiceInvalid(f"{len(seen.rows)} rows where {window.limit} were asked for")
    return Page(seen.rows, None if seen.ended else [seen.following])


def _anchored(walked: Lists, anchors: Anchors, window: Window, query: Query) -> Generator[Call, Reply, Page]:
    """Position: `[records up to and with the anchor, its sort value, its id, total of the first page]`."""
    written: list[Any]
    if window.position is None:
        seen = yield from walked.span(query, Span(0, window.limit))
        boundary, written, total = 0, [], seen.total
    else:
        passed, *written, total = window.position
        anchor = Anchor(anchors.value(written[0], window.order_by), written[1])
        seen, boundary = yield from _around(walked, anchor, passed - 1, window, query)
    lost = _is_before(seen, boundary)
    end = boundary + window.limit
    rows = [] if lost else seen.rows[boundary:end]
    if seen.ended and end >= len(seen.rows) and not lost:
        return Page(rows, None, total)
    if rows:
        written = anchors.write(rows[-1], window.order_by)
    return Page(rows, [seen.start + boundary + len(rows), *written, total], total)


def _around(
    walked: Lists, anchor: Anchor, expected: int, window: Window, query: Query
) -> Generator[Call, Reply, tuple[Seen, int]]:
    """A window that has the anchor's end, when one or two calls can find it, and how many of its rows are up to there.

    expected: 0-based place of the anchor when it was given out.
    """
    seen = yield from walked.span(query, onward(walked.style, expected, window.limit + 1))
    boundary = anchor.boundary(seen.rows, window)
    if _is_before(seen, boundary):
        span = back(walked.style, seen.start, window.limit)
    elif boundary == len(seen.rows) and not seen.ended:
        # The last row goes along, as the witness that nothing between the two windows has slipped away.
        span = onward(walked.style, seen.start + boundary - 1, MOST_ROWS)
    else:
        return seen, boundary
    seen = yield from walked.span(query, span)
    return seen, anchor.boundary(seen.rows, window)


def _is_before(seen: Seen, boundary: int) -> bool:
    """Whether records beyond the anchor may lie before this window: no row of it is known to have been passed."""
    return boundary == 0 and seen.start > 0
