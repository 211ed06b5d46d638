"""Exports: all records as one CSV file. The file itself is translated in csv/translation.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from adapters.core.answer.replies import body_of
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.csv.table import CSV, IN_CELLS, Downloaded
from adapters.core.csv.translation import Outgoing
from adapters.core.declare.word import Word
from adapters.core.operation import Face, Operation
from adapters.core.request.acceptors import path_only
from adapters.core.shapes import Shape


@dataclass(frozen=True, slots=True)
class Export(Word):
    """All records as a CSV file: `GET /{resource}/export`, from the collection's `path`."""

    verb: ClassVar[str] = "read"

    path: str = "/export"

    def operations(self, build: Builder) -> Iterator[Operation]:
        """The service's file, translated row by row while it flows."""
        place, name = build.place("export", self.path), build.resource.path

        def face(date: str, shape: Shape) -> Face:
            outward = build.outwards[date]
            plan = _download(place, f"{name}.csv")
            return Face(path_only, plan, gives=Downloaded(shape), translate=lambda _: Outgoing(shape, outward))

        yield build.operation(
            "export",
            "GET",
            "export",
            "read",
            face,
            summary=f"Export all {name} as CSV",
            description=f"All {name} in one file in UTF-8 with a column for each field. {IN_CELLS}; phone numbers "
            "and amounts are left alone, and an import takes it off again. A transfer that ends without its last chunk is "
            "not whole.",
            produces=CSV,
        )


def _download(place: Place, filename: str) -> Planner:
    """One read, whose answer becomes the file that is answered."""
    headers = ((b"content-disposition", f'attachment; filename="{filename}"'.encode("ascii")),)

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"GET", place.before)
        body_of(reply)
        return Answer(200, b"", headers, b"text/csv; charset=utf-8")

    return plan
