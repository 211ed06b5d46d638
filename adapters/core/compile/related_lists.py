"""Related lists: the records of another resource that point at this one, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from adapters.core.calls import Input
from adapters.core.compile import plans
from adapters.core.compile.acceptors import anchored
from adapters.core.declare.resource import ListQuery, Related
from adapters.core.operation import Face, Operation, Request
from adapters.core.payloads import Many
from adapters.core.request.search_request import query_window

if TYPE_CHECKING:
    from adapters.core.compile.builder import Compiler


def operations(parent: Compiler, by_path: Mapping[str, Compiler]) -> Iterator[Operation]:
    """The operations of a resource's declared relations. `by_path`: every resource's compiler."""
    for declared in parent.resource.related:
        if declared.name in by_path:
            yield _related(parent, by_path[declared.name], declared)


def _related(parent: Compiler, child: Compiler, declared: Related) -> Operation:
    scope = f"{parent.resource.path}/{declared.name} {child.paged}"
    by = child.newest.today()[declared.by].held
    if isinstance(child.searched, ListQuery) and declared.by not in child.searched.filters:
        raise TypeError(f"{scope}: the list cannot be filtered by {declared.by}")

    def accept(request: Request) -> Input:
        window, cursor = query_window(request.query)
        window.where = {"field": by, "op": "eq", "value": request.ids[0]}
        return Input(ids=request.ids, window=anchored(window, cursor, scope, request))

    def face(date: str) -> Face:
        return Face(accept, plans.beneath(parent.look(), child.searching(date)), gives=Many(child.shapes[date]))

    return parent.operation(
        f"list_{declared.name}",
        "GET",
        f"*/{declared.name}",
        "read",
        lambda date, _: face(date),
        summary=f"List the {declared.name} of {parent.resource.one}",
        description=f"The {declared.name} that belong to one {parent.resource.singular}, newest first, a page at a time.",
        query=("limit", "cursor"),
        scopes=(f"{parent.resource.scope}.read", f"{child.resource.scope}.read"),
    )
