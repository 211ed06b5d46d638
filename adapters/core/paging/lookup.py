"""How records are looked at by their ids: with the call made for one, with a search for all of them, or by walking a list where
a service has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from adapters.core.answer.from_service import decoder, listing
from adapters.core.answer.replies import body_of
from adapters.core.calls import Call, Id, Look, Place, Reply
from adapters.core.declare.upstream import ListQuery
from adapters.core.faults import RecordNotFound, Unsettled
from adapters.core.paging.list_calls import Query, lists
from adapters.core.paging.spans import MOST_ROWS, Span
from adapters.core.strict_json import encode

MOST_CALLS = 10

Found = Generator[Call, Reply, dict[Id, bytes]]
LookAll = Callable[[Sequence[Id]], Found]
"""Internal ids → those of the records that are there, as their service wrote them."""


@dataclass(frozen=True, slots=True)
class Several:
    """How several records are looked at. ahead: the calls, in the order of the ids, where each of these has one of its own."""

    look: LookAll
    ahead: Callable[[Sequence[Id]], Sequence[Call]] | None = None


class _Identified(msgspec.Struct):
    id: str | int


_identify = decoder(_Identified)


def among(rows: Sequence[msgspec.Raw], wanted: Sequence[Id]) -> dict[Id, bytes]:
    """Those of the rows that have these ids."""
    asked, found = frozenset(wanted), {}
    for row in rows:
        own = _identify(row).id
        if own in asked:
            found[own] = bytes(row)
    return found


def one_of(look_all: LookAll) -> Look:
    """A look at one record, as at several."""

    def look(internal_id: Id) -> Generator[Call, Reply, bytes]:
        found = yield from look_all((internal_id,))
        if internal_id not in found:
            raise RecordNotFound
        return found[internal_id]

    return look


def directly(place: Place) -> Look:
    """One call."""

    def look(internal_id: Id) -> Generator[Call, Reply, bytes]:
        reply = yield Call(place.service, b"GET", place.of(internal_id))
        return body_of(reply, record=True)

    return look


def each_directly(place: Place) -> Several:
    """A call for each."""

    def ahead(wanted: Sequence[Id]) -> tuple[Call, ...]:
        return tuple(Call(place.service, b"GET", place.of(each)) for each in wanted)

    def look(wanted: Sequence[Id]) -> Found:
        found = {}
        for each, call in zip(wanted, ahead(wanted), strict=True):
            reply = yield call
            if reply.status != 404:
                found[each] = body_of(reply)
        return found

    return Several(look, ahead)


def by_search(place: Place, order: str) -> LookAll:
    """One structured search for all. order: the service's name of a field that it sorts by."""
    read = listing(msgspec.Raw, "data")

    def look(wanted: Sequence[Id]) -> Found:
        where, sort = {"field": "id", "op": "in", "value": list(wanted)}, {"field": order, "dir": "desc"}
        body = encode({"sort": sort, "limit": len(wanted), "where": where})
        return among(read(body_of((yield Call(place.service, b"POST", place.before, body)))).rows, wanted)

    return look


def by_list(place: Place, declared: ListQuery, created: str) -> LookAll:
    """Up to 10 calls of 200 records each, the newest first, beneath each record that these are beneath; Unsettled when that does
    not settle it.

    created: the service's name of the field that tells when a record was made. It never changes, so only a deletion can
    move a record past a walk; then fewer are told at the end than at the start, and absence is not claimed.
    """
    walked = lists(place, declared, partial(listing, msgspec.Raw))
    query: Query = {"sort": created, "order": "desc"}

    def walk(above: tuple[Id, ...], wanted: Sequence[Id]) -> Found:
        cursor, most, found = None, 0, dict[Id, bytes]()
        listed = walked.under(above)
        for step in range(MOST_CALLS):
            if walked.style == "cursor":
                seen = yield from listed.after(query, cursor, MOST_ROWS)
            else:
                seen = yield from listed.span(query, Span(step * MOST_ROWS, MOST_ROWS))
            found |= among(seen.rows, wanted)
            cursor, most = seen.following, max(most, seen.total or 0)
            if len(found) == len(wanted) or (seen.ended and (seen.total is None or seen.total >= most)):
                return found
            if seen.ended:
                break
        raise Unsettled

    def look(wanted: Sequence[Id]) -> Found:
        found: dict[Id, bytes] = {}
        beneath: dict[tuple[Id, ...], dict[Id, Id]] = {}
        for each in wanted:
            *above, own = each if isinstance(each, tuple) else (each,)
            beneath.setdefault(tuple(above), {})[own] = each
        for parents, named in beneath.items():
            try:
                rows = yield from walk(parents, tuple(named))
            except RecordNotFound:  # what they are beneath is not there
                continue
            found |= {named[own]: row for own, row in rows.items()}
        return found

    return look
