"""How a record is looked at by its id: with the call made for it, or by walking a list where a service has no such call."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial

import msgspec

from adapters.core.answer.from_service import decoder, listing
from adapters.core.answer.replies import body_of
from adapters.core.calls import Call, Id, Look, Place, Reply
from adapters.core.declare.upstream import ListQuery
from adapters.core.faults import RecordNotFound, Unsettled
from adapters.core.paging.list_calls import Query, lists
from adapters.core.paging.spans import MOST_ROWS, Span

MOST_CALLS = 10


class _Identified(msgspec.Struct):
    id: str | int


_identify = decoder(_Identified)


def directly(place: Place) -> Look:
    """One call."""

    def look(internal_id: Id) -> Generator[Call, Reply, bytes]:
        reply = yield Call(place.service, b"GET", place.of(internal_id))
        return body_of(reply, record=True)

    return look


def by_list(place: Place, declared: ListQuery, created: str) -> Look:
    """Up to 10 calls of 200 records each, the newest first; Unsettled when that does not settle it.

    created: the service's name of the field that tells when a record was made. It never changes, so only a deletion can
    move a record past a walk; then fewer are told at the end than at the start, and absence is not claimed.
    """
    walked = lists(place, declared, partial(listing, msgspec.Raw))
    query: Query = {"sort": created, "order": "desc"}

    def look(internal_id: Id) -> Generator[Call, Reply, bytes]:
        cursor, most = None, 0
        *above, own = internal_id if isinstance(internal_id, tuple) else (internal_id,)
        listed = walked.under(tuple(above))
        for step in range(MOST_CALLS):
            if walked.style == "cursor":
                seen = yield from listed.after(query, cursor, MOST_ROWS)
            else:
                seen = yield from listed.span(query, Span(step * MOST_ROWS, MOST_ROWS))
            for row in seen.rows:
                if _identify(row).id == own:
                    return bytes(row)
            cursor, most = seen.following, max(most, seen.total or 0)
            if seen.ended and (seen.total is None or seen.total >= most):
                raise RecordNotFound
            if seen.ended:
                break
        raise Unsettled

    return look
