"""Files of contacts through the adapters, without a network."""

from __future__ import annotations

import csv
import io

import pytest

from adapters.core.calls import Input, Translation
from adapters.core.faults import FieldError, Invalid, Malformed
from adapters.core.operation import Face, Operation
from tests.conformance.declared import BY_NAME

NEWEST, OLDEST = "2026-09-01", "2026-06-01"
IMPORT, EXPORT = BY_NAME["contacts.import"], BY_NAME["contacts.export"]
USER, COMPANY, CONTACT = "clx0a1b2c3d4e5f6g7h8i9j0k", "5f2b8c1d9e3a7b6c4d5e6f71", "5f2b8c1d9e3a7b6c4d5e6f70"


def face(operation: Operation, date: str = NEWEST) -> Face:
    found = operation.faces[date]
    assert found is not None
    return found


def begun(operation: Operation, date: str = NEWEST, request: Input | None = None) -> Translation:
    translate = face(operation, date).translate
    assert translate is not None
    return translate(Input() if request is None else request)


def through(
    operation: Operation, content: bytes, date: str = NEWEST, size: int = 1 << 20, request: Input | None = None
) -> list[list[str]]:
    """The rows that come out when the file goes in by `size` bytes at a time."""
    translation = begun(operation, date, request)
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    out = b"".join([*map(translation.feed, pieces), translation.close()])
    return list(csv.reader(io.StringIO(out.decode(), newline=""), strict=True))


def errors(content: str | bytes, date: str = NEWEST) -> list[FieldError]:
    with pytest.raises(Invalid) as invalid:
        through(IMPORT, content.encode() if isinstance(content, str) else content, date)
    return invalid.value.errors


def malformed(content: bytes) -> Malformed:
    with pytest.raises(Malformed) as found:
        through(IMPORT, content)
    return found.value
