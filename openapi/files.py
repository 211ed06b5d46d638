"""CSV files in requests and answers, described by their columns."""

from __future__ import annotations

import csv
import io
from typing import Any

from adapters.core.csv.cells import shown
from adapters.core.declare.kinds import Reference
from adapters.core.payloads import Table
from adapters.core.shapes import Field
from openapi.schemas import Schema

CSV = "text/csv"
DISPOSITION: dict[str, Any] = {
    "Content-Disposition": {
        "description": "A name to keep the file under.",
        "schema": {"type": "string"},
        "example": 'attachment; filename="records.csv"',
    }
}


def table(contents: Table) -> dict[str, Any]:
    """The media type object of a bare file."""
    return {"schema": _schema(contents), "example": _example(contents)}


def form(contents: Table) -> dict[str, Any]:
    """The media type object of a form with the file in it."""
    file = _schema(contents) | {"format": "binary", "contentMediaType": CSV}
    schema = {"type": "object", "required": ["file"], "additionalProperties": False, "properties": {"file": file}}
    return {"schema": schema, "encoding": {"file": {"contentType": CSV}}}


def _columns(contents: Table) -> list[Field]:
    return [field for field in contents.shape.fields if not (contents.writable and field.read_only)]


def _schema(contents: Table) -> Schema:
    columns = ", ".join(
        f"`{field.name}` (required)" if contents.writable and field.required else f"`{field.name}`"
        for field in _columns(contents)
    )
    return {"type": "string", "description": f"CSV (RFC 4180) in UTF-8. Columns: {columns}."}


def _example(contents: Table) -> str:
    """One record; to be sent, it refers to no other, since examples are tried out."""
    columns = [f for f in _columns(contents) if not (contents.writable and isinstance(f.kind, Reference))]
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([field.name for field in columns])
    writer.writerow([shown(field.example) for field in columns])
    return text.getvalue()
