"""Deleting a record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.answer.refusals import Refusals
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.declare.word import Word
from adapters.core.operation import Face, Operation
from adapters.core.request.acceptors import path_only


@dataclass(frozen=True)
class Delete(Word):
    """`DELETE /{resource}/{id}`; 204."""

    verb: ClassVar[str] = "delete"

    def operations(self, build: Builder) -> Iterator[Operation]:
        face = Face(path_only, deleting(build.place("delete", "/{id}"), build.refusals({})))
        yield build.operation(
            "delete",
            "DELETE",
            "*",
            "delete",
            lambda *_: face,
            summary=f"Delete {build.resource.one}",
            description=f"Deletes one {build.resource.singular} for good.",
            success=204,
        )


def deleting(place: Place, refusals: Refusals) -> Planner:
    """One call, no content."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"DELETE", place.of(*request.ids), writes=True)
        written(reply, refusals, record=True)
        return Answer(204)

    return plan
