"""Searching, which is how records are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.calls import Input, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.faults import FieldError, Invalid, RecordNotFound
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.paging.planned import nothing
from adapters.core.payloads import Many, Query
from adapters.core.request.acceptors import anchored, parted
from adapters.core.request.filters import Filters
from adapters.core.request.search_request import SearchRequest
from adapters.core.request.selection import Selection
from adapters.core.shapes import Shape


@dataclass(frozen=True)
class Search(Word):
    """`POST /{resource}/search` with filters, text, order, limit and cursor."""

    verb: ClassVar[str] = "read"

    def operations(self, build: Builder) -> Iterator[Operation]:
        resource = build.resource
        scope = f"{resource.path} {build.searched.style}"

        def face(date: str, shape: Shape) -> Face:
            search = SearchRequest(shape, Filters(shape, build.compares), resource.order, Selection(shape))
            named = shape.today()
            within = named[resource.within] if resource.within else None

            def accept(request: Request) -> Input:
                window, cursor = search.read(request.document)
                return Input(window=anchored(window, cursor, scope, request), fields=search.chosen(request.document))

            def accept_within(request: Request) -> Input:
                assert within is not None
                window, cursor = search.read(request.document)
                above, window.where = parted(window.where, within.held)
                if above is None:
                    message = f"A search needs the condition that {within.name!r} is (eq) one id."
                    raise Invalid([FieldError("/filters", "filter_required", message, (within.name,))])
                bound = anchored(window, cursor, f"{scope} {above}", request)
                return Input(ids=(above,), window=bound, fields=search.chosen(request.document))

            searched = tuple(named[name].name for name in resource.searched)
            query = Query(shape, search.filters, search.sorts, searched, within, selects=True)
            plan = build.searching(date)
            return Face(accept_within if within else accept, _or_nothing(plan) if within else plan, query, Many(shape))

        yield build.operation(
            "search",
            "POST",
            "search",
            "read",
            face,
            summary=f"Search {resource.path}",
            description=f"Lists {resource.path}, filtered and in order, a page at a time. `{{}}` is a valid search.",
            body=Body.JSON,
            limited_as="search",
        )


def _or_nothing(searching: Planner) -> Planner:
    """A search beneath a record: where that one is not there, or is not visible, nothing is found."""

    def plan(request: Input) -> Plan:
        try:
            return (yield from searching(request))
        except RecordNotFound:
            return nothing()

    return plan
