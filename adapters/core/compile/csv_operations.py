"""Whole collections as CSV files: imports and exports, compiled. The files themselves are translated in tables.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from adapters.core.answer.from_service import decoder
from adapters.core.answer.replies import body_of, written
from adapters.core.calls import Answer, Call, Input, Plan
from adapters.core.compile.acceptors import path_only
from adapters.core.compile.plans import Place, Planner, Pointers
from adapters.core.csv.translation import Incoming, Outgoing
from adapters.core.declare.resource import Export, Import
from adapters.core.faults import FieldError, Invalid
from adapters.core.operation import Body, Face, Operation
from adapters.core.payloads import Imported, Table
from adapters.core.request.json_body import Document
from adapters.core.request.to_service import Inward, encode
from adapters.core.shapes import Shape

if TYPE_CHECKING:
    from adapters.core.compile.builder import Compiler

_CELLS = (
    "Lists are separated by `;`, objects are JSON, an empty cell is an absent value. A cell that a spreadsheet would take "
    "for a formula has an apostrophe in front"
)


class _Count(msgspec.Struct):
    imported: int


class _Done(msgspec.Struct):
    data: _Count


_read_done = decoder(_Done)


def importing(compiler: Compiler, declared: Import) -> Operation:
    """The file is checked whole before the service sees any of it; the service takes all of its rows or none."""
    place, name = compiler.place("import", declared.path), compiler.resource.path

    def face(_: str, shape: Shape) -> Face:
        document, inward = Document(shape, partial=False), Inward(shape, partial=False)
        plan = _upload(place, inward.pointers)
        return Face(path_only, plan, Table(shape, writable=True), Imported(), lambda: Incoming(shape, document, inward))

    return compiler.operation(
        "import",
        "POST",
        "import",
        "write",
        face,
        summary=f"Import {name} from CSV",
        description=f"Creates {name} from a file in UTF-8, whose first row names the columns: the fields that a create "
        f"takes. {_CELLS}, which is taken off. Either every row becomes a record or none does: `errors` then tell the "
        "row (1 is the first below the names; empty lines are not counted) and the column of up to 100 faults.",
        body=Body.FILE,
        replayable=True,
    )


def _upload(place: Place, pointers: Pointers) -> Planner:
    """One write, whose body is the translated file."""

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"POST", place.before, writes=True, creates=True)
        if reply.status == 413:
            raise Invalid([FieldError("", "too_long", "The file is larger than the service takes.")])
        done = _read_done(written(reply, pointers, record=False))
        return Answer(200, encode(done))

    return plan


def exporting(compiler: Compiler, declared: Export) -> Operation:
    """The service's file, translated row by row while it flows."""
    place, name = compiler.place("export", declared.path), compiler.resource.path

    def face(date: str, shape: Shape) -> Face:
        outward = compiler.outwards[date]
        return Face(
            path_only,
            _download(place, f"{name}.csv"),
            gives=Table(shape, writable=False),
            translate=lambda: Outgoing(shape, outward),
        )

    return compiler.operation(
        "export",
        "GET",
        "export",
        "read",
        face,
        summary=f"Export all {name} as CSV",
        description=f"All {name} in one file in UTF-8 with a column for each field. {_CELLS}; phone numbers "
        "and amounts are left alone, and an import takes it off again. A transfer that ends without its last chunk is not "
        "whole.",
        produces="text/csv",
    )


def _download(place: Place, filename: str) -> Planner:
    """One read, whose answer becomes the file that is answered."""
    headers = ((b"content-disposition", f'attachment; filename="{filename}"'.encode("ascii")),)

    def plan(request: Input) -> Plan:
        reply = yield Call(place.service, b"GET", place.before)
        body_of(reply)
        return Answer(200, b"", headers, b"text/csv; charset=utf-8")

    return plan
