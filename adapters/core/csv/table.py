"""CSV files in requests and answers, described by their columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from adapters.core.csv.cells import shown
from adapters.core.payloads import Describing, Given, Media, Sent
from adapters.core.shapes import Field, Shape

CSV, FORM = "text/csv", "multipart/form-data"
IN_CELLS = (
    "Lists are separated by `;`, objects are JSON, an empty cell is an absent value. A cell that a spreadsheet would take "
    "for a formula has an apostrophe in front"
)


@dataclass(frozen=True)
class Uploaded(Sent):
    """A CSV file of records of `shape`, one a row, with the columns that a client may set; alone, or in a form."""

    shape: Shape

    def content(self, about: Describing) -> dict[str, Media]:
        columns = [field for field in self.shape.fields if not field.read_only]
        told = ", ".join(f"`{each.name}` (required)" if each.required else f"`{each.name}`" for each in columns)
        # Examples are tried out, so it refers to no other record.
        bare = {
            "schema": _file(told),
            "example": _text([each for each in columns if each.kind is None or not each.kind.points_to]),
        }
        file = _file(told) | {"format": "binary", "contentMediaType": CSV}
        schema = {"type": "object", "required": ["file"], "additionalProperties": False, "properties": {"file": file}}
        # The form first: clients are made of the first media type, and a bare file has no schema of a name.
        return {FORM: {"schema": schema, "encoding": {"file": {"contentType": CSV}}}, CSV: bare}

    def sample(self) -> Any:
        """Column names and no row: a file that makes nothing."""
        return ",".join(field.name for field in self.shape.fields if field.required) + "\n"


@dataclass(frozen=True)
class Downloaded(Given):
    """A CSV file of records of `shape`, one a row, with all columns."""

    shape: Shape
    headers: ClassVar[Mapping[str, Any]] = {
        "Content-Disposition": {
            "description": "A name to keep the file under.",
            "schema": {"type": "string"},
            "example": 'attachment; filename="records.csv"',
        }
    }

    def content(self, about: Describing) -> Media:
        columns = self.shape.fields
        return {"schema": _file(", ".join(f"`{each.name}`" for each in columns)), "example": _text(columns)}


def _file(columns: str) -> dict[str, Any]:
    return {"type": "string", "description": f"CSV (RFC 4180) in UTF-8. Columns: {columns}."}


def _text(columns: list[Field] | tuple[Field, ...]) -> str:
    """A file with one record."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in columns])
    writer.writerow([shown(field.example) for field in columns])
    return text.getvalue()
