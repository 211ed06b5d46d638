"""Imports: many records from one CSV file. The file itself is translated in csv/translation.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from adapters.core.answer.from_service import decoder
from adapters.core.answer.refusals import Refusals
from adapters.core.answer.replies import written
from adapters.core.calls import Answer, Call, Input, Place, Plan, Planner
from adapters.core.compile.builder import Builder
from adapters.core.csv.table import IN_CELLS, Uploaded
from adapters.core.csv.translation import Incoming
from adapters.core.declare.ids import IdType
from adapters.core.declare.word import Word
from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Describing, Given, Media
from adapters.core.request.acceptors import file
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Shape
from adapters.core.strict_json import encode

MOST_IDS = 1000
"""Of how many records an answer tells the ids: it is kept for whoever repeats the request."""


@dataclass(frozen=True)
class Imported(Given):
    """An answer that tells what became of a file: `{"data": {"rows": 3, "imported": 3, "dry_run": false, "ids": […]}}`.

    of: the name of the record's model.
    """

    of: str
    id: IdType

    def content(self, about: Describing) -> Media:
        count = {"type": "integer", "minimum": 0}
        members = {
            "rows": count | {"description": "How many records the file has."},
            "imported": count | {"description": "How many records were made: all of them, or in a dry run none."},
            "dry_run": {"type": "boolean", "description": "Whether the file was only checked."},
            "ids": {
                "type": ["array", "null"],
                "items": {"type": "string", "pattern": self.id.pattern},
                "maxItems": MOST_IDS,
                "description": "The ids of the records that were made, in the order of the rows. Null where the service does "
                f"not tell them, in a dry run, and beyond {MOST_IDS} records.",
            },
        }
        data = {"type": "object", "required": list(members), "properties": members}
        return {
            "schema": about.envelope(f"{self.of}ImportAnswer", data, "What became of a file."),
            "example": {"data": {"rows": 1, "imported": 1, "dry_run": False, "ids": None}},
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
            plan = _upload(place, build.refusals(inward.pointers), build.resource.id)

            def translate(request: Input) -> Incoming:
                return Incoming(shape, document, inward, request)

            return Face(file, plan, Uploaded(shape), Imported(shape.name, build.resource.id), translate)

        yield build.operation(
            "import",
            "POST",
            "import",
            "write",
            face,
            summary=f"Import {name} from CSV",
            description=f"Creates {name} from a file in UTF-8, whose first row names the columns: the fields that a create "
            f"takes. {IN_CELLS}, which is taken off. Either every row becomes a record or none does: `errors` then tell the "
            "row (1 is the first below the names; empty lines are not counted) and the column of up to 100 faults. Cells are "
            "separated by commas, or throughout by `;` or tabs. `?dry_run=true` checks the file and makes nothing, and "
            "`?ignore_read_only=true` takes an export as it is: the columns that the system sets are passed over.",
            query=("dry_run", "ignore_read_only"),
            body=Body.FILE,
            replayable=True,
        )


class _Made(msgspec.Struct):
    imported: int
    ids: list[str | int] | None = None


class _Reply(msgspec.Struct):
    data: _Made


class _Outcome(msgspec.Struct):
    rows: int
    imported: int
    dry_run: bool
    ids: list[str] | None


_read_reply = decoder(_Reply)


def _upload(place: Place, refusals: Refusals, kind: IdType) -> Planner:
    """One write, whose body is the translated file; none in a dry run."""

    def plan(request: Input) -> Plan:
        if request.dry_run:
            return _told(_Outcome(request.rows, 0, dry_run=True, ids=None))
        reply = yield Call(place.service, b"POST", place.before, request.file or b"", writes=True, creates=True)
        if reply.status == 413:
            raise Invalid([FieldError("", "too_long", "The file is larger than the service takes.")])
        made = _read_reply(written(reply, refusals, record=False)).data
        return _told(_Outcome(request.rows, made.imported, dry_run=False, ids=_public(made, kind)))

    return plan


def _public(made: _Made, kind: IdType) -> list[str] | None:
    """The ids as clients know them. What is done is done: ids that cannot be are kept back and are no failure."""
    if made.ids is None or not len(made.ids) == made.imported <= MOST_IDS:
        return None
    ids = [kind.encode(internal) for internal in made.ids]
    return ids if all(kind.decode(public) is not None for public in ids) else None


def _told(outcome: _Outcome) -> Answer:
    return Answer(200, encode({"data": outcome}))
