"""Files of records, translated piece by piece: a client's rows into the service's, and the service's into a contract's.

Both are fed bytes as they come and give bytes to pass on, so a file of any size costs the memory of one piece.
"""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from adapters.core.answer.careful import Careful, unquoted
from adapters.core.answer.from_service import STRANGE, Outward
from adapters.core.calls import Input
from adapters.core.csv.cells import shown, written
from adapters.core.csv.rows import MOST_CELL, MOST_HELD_ROW, Records
from adapters.core.faults import FieldError, Invalid, Malformed, ServiceInvalid
from adapters.core.request.json_body import Document, nearest
from adapters.core.request.to_service import Inward
from adapters.core.shapes import Field, Shape
from adapters.core.strict_json import read_json

MOST_COLUMNS = 200
MOST_ERRORS = 100
_UNBROKEN = " If it was sent by curl: -d takes the line breaks out of a file, and --data-binary leaves them in."

Reader = Callable[[str], Any]
"""A cell that is not empty → its value."""


class Incoming:
    """calls.Translation: a client's file, checked as a create is checked, row by row.

    The first fault ends the translation; the rest is still read, so that up to 100 faults are told at once: those of the
    column names, and those of the cells below the names that are known.
    """

    __slots__ = (
        "_columns",
        "_document",
        "_errors",
        "_inward",
        "_missing",
        "_out",
        "_read",
        "_records",
        "_request",
        "_shape",
        "_writer",
    )

    def __init__(self, shape: Shape, document: Document, inward: Inward, request: Input) -> None:
        self._shape, self._document, self._inward, self._request = shape, document, inward, request
        self._records = Records(separators=",;\t")
        self._columns: list[_Column] = []
        self._missing: frozenset[str] = frozenset()
        self._errors: list[FieldError] = []
        self._read = -1
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out, lineterminator="\n")

    def feed(self, data: bytes) -> bytes:
        return self._translate(self._records.feed(data))

    def close(self) -> bytes:
        unbroken = self._read < 0
        try:
            rows = self._translate(self._records.close())
            if self._errors:
                raise Invalid(self._errors)
        except Invalid as invalid:
            if unbroken:
                first, *others = invalid.errors
                raise Invalid([dataclasses.replace(first, message=first.message + _UNBROKEN), *others]) from None
            raise
        if self._read < 0:
            raise Malformed("The file is empty. Its first row holds the names of the columns.", "csv_malformed")
        self._request.rows = self._read
        return rows

    def _translate(self, rows: Iterable[list[str]]) -> bytes:
        for cells in rows:
            self._read += 1
            if self._read == 0:
                self._header([name.strip() for name in cells])
                continue
            try:
                row = self._row(cells)
            except Invalid as invalid:
                self._errors += [_placed(error, self._read) for error in invalid.errors]
                if len(self._errors) >= MOST_ERRORS:
                    raise Invalid(self._errors[:MOST_ERRORS]) from None
                continue
            if not self._errors:
                self._writer.writerow(row)
        return _taken(self._out)

    def _header(self, names: list[str]) -> None:
        """Every fault of the column names at once; without one good name, nothing below them makes sense."""
        if len(names) > MOST_COLUMNS:
            message = f"The file has {len(names)} columns, of at most {MOST_COLUMNS}.{_UNBROKEN}"
            raise Malformed(message, "csv_malformed")
        known = self._shape.named()
        # A column without a name is none, as long as nothing stands in it.
        passed = {name for name in names if self._request.ignore_read_only and name in known and known[name].read_only}
        errors = [
            _stray(name, known)
            for name in names
            if name and name not in passed and (name not in known or known[name].read_only)
        ]
        errors += [
            FieldError("", "column_repeated", "This column is there more than once.", (), 0, name[:64])
            for name in sorted({name for name in names if name and names.count(name) > 1})
        ]
        self._missing = frozenset(name for name, field in known.items() if field.required and name not in names)
        errors += [
            FieldError(f"/{name}", "required", "This column is required.", (), 0, name)
            for name in known
            if name in self._missing
        ]
        self._errors = errors[:MOST_ERRORS]
        usable = {name for name in names if name in known and not known[name].read_only and names.count(name) == 1}
        self._columns = [_Column(name, known[name] if name in usable else None) for name in names]
        if not usable:
            raise Invalid(self._errors)
        if not errors:
            self._writer.writerow([column.held for column in self._columns if column.held])

    def _row(self, cells: list[str]) -> list[str]:
        columns = self._columns
        if len(cells) > len(columns) and not any(map(str.strip, cells[len(columns) :])):
            del cells[len(columns) :]
        if not any(column.name for column in columns[len(cells) :]):
            # A head may end in separators that its rows do without.
            cells = [*cells, *[""] * (len(columns) - len(cells))]
        if len(cells) != len(columns):
            message = f"The row has {len(cells)} cells, but there are {len(columns)} columns."
            raise Invalid([FieldError("", "cells_mismatch", message)])
        sent: dict[str, Any] = {}
        for column, cell in zip(columns, cells, strict=True):
            if not cell:
                continue
            if column.held:
                sent[column.name] = column.value(cell)
            elif not column.name and cell.strip():
                raise Invalid([FieldError("", "field_unknown", "There is a value in a column that has no name.")])
        if max(map(len, cells)) > MOST_CELL:
            raise Invalid([FieldError("", "too_long", f"A cell has at most {MOST_CELL} characters.")])
        body, _ = self._inward.translate(self._read_record(sent))
        return [written(body.get(column.held)) for column in columns if column.held]

    def _read_record(self, sent: dict[str, Any]) -> dict[str, Any]:
        """The row's fields; what it lacks because its column is missing is told once, and not for each row."""
        try:
            return self._document.read(sent)
        except Invalid as invalid:
            errors = [error for error in invalid.errors if error.pointer[1:] not in self._missing]
            if errors:
                raise Invalid(errors) from None
            return {}


class _Column:
    """A column of a client's file. `held` is the service's name of its field, and empty for one that is no field."""

    __slots__ = ("_read", "held", "name")

    def __init__(self, name: str, field: Field | None) -> None:
        self.name, self.held = name, field.held if field else ""
        self._read: Reader | None = _public_reader(field) if field else None

    def value(self, cell: str) -> Any:
        """What a cell says; Invalid when it is not the JSON that it should be."""
        assert self._read is not None
        try:
            return self._read(cell)
        except Malformed as malformed:
            message = str(malformed).replace("The body", "The cell")
            raise Invalid([FieldError(f"/{self.name}", "json_malformed", message)]) from None


def _stray(name: str, known: dict[str, Field]) -> FieldError:
    if name in known:
        message = "This column is set by the system and cannot be imported; `?ignore_read_only=true` passes over it."
        return FieldError("", "field_read_only", message, (), 0, name)
    writable = [known_name for known_name, field in known.items() if not field.read_only]
    hint = nearest(name, writable)
    if ";" in name or "\t" in name:
        hint = " Columns are separated by commas."
    return FieldError("", "field_unknown", f"There is no such column here.{hint}", tuple(writable), 0, name[:64])


def _placed(error: FieldError, row: int) -> FieldError:
    """The error of a record, with its place in the file."""
    column = error.pointer.split("/")[1].replace("~1", "/").replace("~0", "~") if error.pointer else None
    return dataclasses.replace(error, row=row, column=column)


class Outgoing:
    """calls.Translation: the service's file, in the fields of one contract. Raises ServiceInvalid when it is not what was declared."""

    __slots__ = ("_out", "_outward", "_places", "_records", "_shape", "_writer")

    def __init__(self, shape: Shape, outward: Outward) -> None:
        self._shape, self._outward = shape, outward
        self._records = Records(MOST_HELD_ROW)
        self._places: list[tuple[int, str, Reader]] | None = None
        self._out = io.StringIO(newline="")
        self._writer = csv.writer(self._out)

    def feed(self, data: bytes) -> bytes:
        return self._translate(self._records.feed(data))

    def close(self) -> bytes:
        rows = self._translate(self._records.close())
        if self._places is None:
            raise ServiceInvalid("an export without column names")
        return rows

    def _translate(self, rows: Iterable[list[str]]) -> bytes:
        try:
            for cells in rows:
                if self._places is None:
                    self._places = self._header(cells)
                    self._writer.writerow([field.name for field in self._shape.fields])
                    continue
                record = self._record(cells, self._places)
                self._writer.writerow([shown(value) for value in msgspec.structs.astuple(record)])
        except (Malformed, IndexError, *STRANGE) as error:
            raise ServiceInvalid(unquoted(error)) from None
        return _taken(self._out)

    def _record(self, cells: list[str], places: list[tuple[int, str, Reader]]) -> Any:
        try:
            held = {name: read(cells[place]) for place, name, read in places if cells[place]}
            record = msgspec.convert(held, self._outward.row)
            self._outward.publish((record,))
        except STRANGE:
            # A cell that does not read is empty where that may be, so that one bad row does not end the file.
            strict = {name: _or_strange(read, cells[place]) for place, name, read in places if cells[place]}
            return Careful(self._outward, self._shape).mended(strict)
        return record

    def _header(self, names: list[str]) -> list[tuple[int, str, Reader]]:
        """Where each declared field is; columns that are not declared are left where they are."""
        return [
            (names.index(field.held), field.held, _held_reader(field))
            for field in self._shape.fields
            if field.held in names or not (field.nullable or field.default is not None or field.down)
        ]


def _public_reader(field: Field) -> Reader:
    """How a cell of an import reads in this contract; raises Malformed when it should be JSON and is not."""
    return field.kind.from_cell if field.kind is not None else lambda cell: read_json(cell.encode())


def _held_reader(field: Field) -> Reader:
    """How a cell of the service's export reads; raises ValueError, ArithmeticError or MsgspecError when it cannot."""
    return field.kind_today.from_held_cell if field.kind_today is not None else msgspec.json.decode


def _or_strange(read: Reader, cell: str) -> Any:
    """The cell's value, or one that no field holds."""
    try:
        return read(cell)
    except STRANGE:
        return [{}]


def _taken(out: io.StringIO) -> bytes:
    text = out.getvalue()
    out.seek(0)
    out.truncate()
    return text.encode()
