"""Searching, which is how records are listed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.calls import Input
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.operation import Body, Face, Operation, Request
from adapters.core.payloads import Many, Query
from adapters.core.request.acceptors import anchored
from adapters.core.request.filters import Filters
from adapters.core.request.search_request import SearchRequest
from adapters.core.shapes import Shape


@dataclass(frozen=True)
class Search(Word):
    """`POST /{resource}/search` with filters, text, order, limit and cursor."""

    verb: ClassVar[str] = "read"

    def operations(self, build: Builder) -> Iterator[Operation]:
        resource = build.resource
        scope = f"{resource.path} {build.searched.style}"

        def face(date: str, shape: Shape) -> Face:
            search = SearchRequest(shape, Filters(shape, build.searched.compares), resource.order)

            def accept(request: Request) -> Input:
                window, cursor = search.read(request.document)
                return Input(window=anchored(window, cursor, scope, request))

            named = shape.today()
            searched = tuple(named[name].name for name in resource.searched)
            query = Query(shape, search.filters, search.sorts, searched)
            return Face(accept, build.searching(date), query, Many(shape))

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
