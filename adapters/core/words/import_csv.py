"""Imports: many records from one CSV file. The file itself is translated in csv/translation.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from adapters.core.answer.from_service import decoder
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner, Pointers
from adapters.core.compile.builder import Builder
from adapters.core.csv.table import IN_CELLS, Uploaded
from adapters.core.csv.translation import Incoming
from adapters.core.declare.word import Word
from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Describing, Given, Media
from adapters.core.request.acceptors import path_only
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode


@dataclass(frozen=True)
class Imported(Given):
    """An answer with the number of records that were made: `{"data": {"imported": 3}}`."""

    def content(self, about: Describing) -> Media:
        count = {"type": "integer", "minimum": 0, "description": "How many records were made."}
        data = {"type": "object", "required": ["imported"], "properties": {"imported": count}}
        return {
            "schema": about.envelope("ImportAnswer", data, "What became of a file."),
            "example": {"data": {"imported": 1}},
        }


@dataclass(frozen=True, slots=True)
class Import(Word):
    """Many records from a CSV file, all or none: `POST /{resource}/import`, to the collection's `path`."""

    path: str = "/import"

    def operations(self, build: Builder) -> Iterator[Operation]:
        """The file is checked whole before the service sees any of it; the service takes all of its rows or none."""
        place, name = build.place("import", self.path), build.resource.path

        def face(_: str, shape: Shape) -> Face:
            document, inward = Document(shape, partial=False), Inward(shape, partial=False)
            plan = _upload(place, inward.pointers)
            return Face(path_only, plan, Uploaded(shape), Imported(), lambda: Incoming(shape, document, inward))

        yield build.operation(
            "import",
            "POST",
            "import",
            "write",
            face,
            summary=f"Import {name} from CSV",
            description=f"Creates {name} from a file in UTF-8, whose first row names the columns: the fields that a create "
            f"takes. {IN_CELLS}, which is taken off. Either every row becomes a record or none does: `errors` then tell the "
            "row (1 is the first below the names; empty lines are not counted) and the column of up to 100 faults.",
            body=Body.FILE,
            replayable=True,
        )


class _Count(msgspec.Struct):
    imported: int


class _Done(msgspec.Struct):
    data: _Count


_read_done = decoder(_Done)


def _upload(place: Place, pointers: Pointers) -> Planner:
    """One write, whose body is the translated file."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"POST", place.before, request.file or b"", writes=True, creates=True)
        if reply.status == 413:
            raise Invalid([FieldError("", "too_long", "The file is larger than the service takes.")])
        done = _read_done(written(reply, pointers, record=False))
        return Answer(200, encode(done))

    return plan
