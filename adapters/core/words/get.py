"""Reading one record by its id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.answer.from_service import Outward
from adapters.core.calls import Answer, Input, Look, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.operation import Face, Operation
from adapters.core.payloads import One
from adapters.core.request.acceptors import path_only, selecting
from adapters.core.request.selection import FIELDS


@dataclass(frozen=True)
class Get(Word):
    """`GET /{resource}/{id}`."""

    verb: ClassVar[str] = "read"

    def operations(self, build: Builder) -> Iterator[Operation]:
        look, resource = build.look(), build.resource
        yield build.operation(
            "get",
            "GET",
            "*",
            "read",
            lambda date, shape: Face(
                selecting(path_only, shape),
                build.planned(date, lambda outward: reading(look, outward)),
                gives=One(shape),
            ),
            summary=f"Get {resource.one}",
            description=f"Reads one {resource.singular} by its id.",
            query=(FIELDS,),
        )


def reading(look: Look, outward: Outward) -> Planner:
    """One look, one record."""

    def plan(request: Input) -> Plan:
        found = yield from look(request.ids[0])
        return Answer(200, outward.one(outward.read(found)))

    return plan
