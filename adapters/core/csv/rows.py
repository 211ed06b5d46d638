"""CSV (RFC 4180) that arrives in pieces of any size → its rows, as soon as each is complete. UTF-8, with or without BOM.

The grammar is the `csv` module's, in its strict form. That module pulls lines and this one is pushed bytes, so a row that
is not complete yet is read again with the next piece; a bound on the row bounds what that costs and what is kept.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator

from adapters.core.faults import Malformed

MOST_ROW = 512 * 1024
"""Characters in a row of a client's file."""
MOST_CELL = 64 * 1024
"""Characters in a cell of a client's file."""
MOST_HELD_ROW = 4 * 1024 * 1024
"""Characters in a row of a service's file: a record of the largest body that a create takes, with all its quotes doubled or
its letters escaped."""

# The module's own bound on a cell is one for the whole process. Rows are bounded here, each as its file demands.
csv.field_size_limit(2 * MOST_HELD_ROW)


class _StarvedError(Exception):
    """The lines end within a row."""


class _Lines:
    """The lines of a text, each with its end, which may be LF, CRLF or CR."""

    def __init__(self, text: str, *, last: bool) -> None:
        self.text = io.StringIO(text, newline="")
        self._last = last

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.text.readline()
        if line:
            return line
        raise StopIteration if self._last else _StarvedError


class Records:
    """`feed` pieces, then `close`; both give the rows that are complete by then. Raises Malformed, which names the row.

    `most`: how many characters a row may have, about: what comes in one piece with its end is not counted. `separators`: what
    may stand between cells; the first of them that is in the row with the column names does in the whole file.

    Row 0 is the one with the column names. Lines of blanks and separators are no rows: they are neither given nor counted.
    """

    __slots__ = ("_decoder", "_most", "_rest", "_row", "_separator", "_separators")

    def __init__(self, most: int = MOST_ROW, separators: str = ",") -> None:
        self._most = most
        self._separators, self._separator = separators, separators[0]
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._rest = ""
        self._row = 0

    def feed(self, data: bytes) -> Iterator[list[str]]:
        """The rows that `data` completes."""
        return self._read(data, last=False)

    def close(self) -> Iterator[list[str]]:
        """The last row, when the file does not end in a line break."""
        return self._read(b"", last=True)

    def _read(self, data: bytes, *, last: bool) -> Iterator[list[str]]:
        broken = None
        try:
            text = self._decoder.decode(data, last)
        except UnicodeDecodeError as error:
            text = error.object[: error.start].decode("utf-8-sig")
            broken = "is not UTF-8. Save the file as CSV in UTF-8"
        text = self._rest + text
        if "\0" in text:
            text = text[: text.index("\0")]
            broken = "has a NUL character, as text in UTF-16 has. Save the file as CSV in UTF-8"
        # A CR at the very end may be the half of a CRLF.
        whole = last and broken is None
        end = len(text) if whole else max(text.rfind("\n"), text.rfind("\r", 0, len(text) - 1)) + 1
        yield from self._rows(text, end, last=whole)
        if broken is not None:
            raise self._malformed(broken, "encoding_invalid")
        if len(self._rest) > self._most:
            raise self._malformed(f"has more than {self._most} characters, or a quote that is never closed")

    def _rows(self, text: str, end: int, *, last: bool) -> Iterator[list[str]]:
        if self._row == 0:
            self._separator = _separator(text[:end], self._separators)
        lines = _Lines(text[:end], last=last)
        begun = 0
        try:
            for cells in csv.reader(lines, strict=True, delimiter=self._separator):
                begun = lines.text.tell()
                # Spreadsheets write nothing but separators for a row that was emptied.
                if any(map(str.strip, cells)):
                    yield cells
                    self._row += 1
        except _StarvedError:
            pass
        except csv.Error as error:
            unclosed = str(error).startswith("unexpected end")
            told = "has a quote that is never closed" if unclosed else "has text behind a closing quote"
            raise self._malformed(told) from None
        self._rest = text[begun:]

    def _malformed(self, what: str, code: str = "csv_malformed") -> Malformed:
        place = f"Row {self._row}" if self._row else "The row with the column names"
        return Malformed(f"{place} {what}.", code)


def _separator(text: str, separators: str) -> str:
    """What separates the cells of the first line that has more than separators."""
    blanks = f" \r\n{separators}"
    line = next((line for line in text.splitlines() if line.strip(blanks)), text)
    return next((each for each in separators if each in line), separators[0])
