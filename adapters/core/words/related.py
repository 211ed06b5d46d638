"""Related lists: the records of another resource that point at this one, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.calls import Input, Look, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.operation import Face, Operation, Request
from adapters.core.payloads import Many
from adapters.core.request.acceptors import anchored, selecting
from adapters.core.request.search_request import query_window
from adapters.core.request.selection import FIELDS
from adapters.core.shapes import Shape


@dataclass(frozen=True, slots=True)
class Related(Word):
    """The records of another resource that point here: `GET /{resource}/{id}/{name}`, by that resource's field `by`.

    of: the other's path, where that is not the name.
    """

    verb: ClassVar[str] = "read"

    name: str
    by: str
    of: str = ""

    def operations(self, build: Builder) -> Iterator[Operation]:
        child = build.sibling(self.of or self.name)
        if child is not None:
            yield self._operation(build, child)

    def _operation(self, parent: Builder, child: Builder) -> Operation:
        scope = f"{parent.resource.path}/{self.name} {child.searched.style}"
        by = child.newest.today().get(self.by)
        if by is None:
            raise TypeError(f"{scope}: {child.resource.path} have no field {self.by}")
        within = child.resource.within == self.by
        if child.compares is not None and self.by not in child.compares:
            raise TypeError(f"{scope}: the list cannot be filtered by {self.by}")

        def accept(request: Request) -> Input:
            window, cursor = query_window(request.query, child.order)
            bound = f"{scope} {request.ids[0]}" if within else scope
            if not within:
                window.where = {"field": by.held, "op": "eq", "value": request.ids[0]}
            return Input(ids=request.ids, window=anchored(window, cursor, bound, request))

        def face(date: str, _: Shape) -> Face:
            plan = child.searching(date)
            # What is asked for beneath a record is not found where the record is not.
            shape = child.shapes[date]
            plan = plan if within else _beneath(parent.look(), plan)
            return Face(selecting(accept, shape), plan, gives=Many(shape))

        return parent.operation(
            f"list_{self.name}",
            "GET",
            f"*/{self.name}",
            "read",
            face,
            of=child,
            summary=f"List the {self.name} of {parent.resource.one}",
            description=f"The {self.name} that belong to one {parent.resource.singular}, newest first, a page at a time.",
            query=("limit", "cursor", FIELDS),
            by=by,
            scopes=(f"{parent.resource.scope}.read", f"{child.resource.scope}.read"),
        )


def _beneath(look: Look, searching: Planner) -> Planner:
    """A list that belongs to a record: it is looked for first, so that a list of nobody's is no empty list."""

    def plan(request: Input) -> Plan:
        yield from look(request.ids[0])
        return (yield from searching(request))

    return plan
