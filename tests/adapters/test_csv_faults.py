"""What is wrong with a file is told whole: by row and column, up to a hundred faults at once."""

from __future__ import annotations

import pytest

from adapters.core.csv.rows import MOST_ROW
from adapters.core.faults import Malformed
from tests.adapters.files import (
    COMPANY,
    IMPORT,
    begun,
    errors,
    malformed,
)


def test_every_fault_of_the_column_names_is_told() -> None:
    told = errors("firstname,email,email,score,id,,name\nA,B,C,D,E,F,G\n")
    assert [(e.row, e.column, e.code) for e in told] == [
        (0, "firstname", "field_unknown"),
        (0, "score", "field_unknown"),
        (0, "id", "field_read_only"),
        (0, "name", "field_read_only"),
        (0, "email", "column_repeated"),
        (0, "first_name", "required"),
    ]
    assert told[0].message.endswith("Did you mean first_name?")
    assert "separated by commas" in errors("first_name;email,phones\nA;B,\n")[0].message


def test_a_column_without_a_name_and_a_surplus_cell_may_hold_nothing() -> None:
    told = errors("first_name,\nAnn,\n,\nBob,x\nCy,,x\nDi, , \n")
    assert [(e.row, e.column, e.code) for e in told] == [(2, None, "field_unknown"), (3, None, "cells_mismatch")]
    assert told[0].message == "There is a value in a column that has no name."


def test_a_head_may_end_in_separators_that_its_rows_do_without() -> None:
    told = errors("first_name,last_name,,\nAnn,A\nBob,B,\nCy,C,,\nDi\nEd,E,,,x\n")
    assert [(e.row, e.code) for e in told] == [(4, "cells_mismatch"), (5, "cells_mismatch")]


def test_faults_of_names_and_of_rows_are_told_in_one_round() -> None:
    told = errors("email,nme,email,last_name,phones,id\na,b,c,d,12,e\n\nx,y,z,w,+44 1 23,e\nshort\n")
    assert [(e.row, e.column, e.code) for e in told] == [
        (0, "nme", "field_unknown"),
        (0, "id", "field_read_only"),
        (0, "email", "column_repeated"),
        (0, "first_name", "required"),
        (1, "phones", "too_short"),
        (3, None, "cells_mismatch"),
    ]


def test_a_file_that_came_without_its_line_breaks_is_told_how_to_send_it() -> None:
    assert errors("first_name,emailAnn,a@b.exampleBo,")[0].message.endswith("--data-binary leaves them in.")
    assert "--data-binary" in str(malformed(b"first_name," + b"Ann,a@b.example" * 300))
    assert "--data-binary" not in errors("first_name,emial\nAnn,a@b.example\n")[0].message


def test_every_fault_of_a_row_is_told_with_its_place() -> None:
    told = errors(
        "first_name,email,tags,custom,company_id,phones\n"
        'Good,a@b.example,vip,"{""a"":1}",,\n'
        ",bad,,[1],con_x,12;!\n"
        "Short\n"
        f'Ok,,,{{,cmp_{COMPANY},"{"1" * 41}"\n'
    )
    assert [(e.row, e.column, e.pointer, e.code) for e in told] == [
        (2, "first_name", "/first_name", "required"),
        (2, "email", "/email", "format_invalid"),
        (2, "phones", "/phones/0", "too_short"),
        (2, "phones", "/phones/1", "too_short"),
        (2, "company_id", "/company_id", "id_invalid"),
        (2, "custom", "/custom", "type_invalid"),
        (3, None, "", "cells_mismatch"),
        (4, "custom", "/custom", "json_malformed"),
    ]


def test_a_hundred_faults_are_enough() -> None:
    assert len(errors("first_name,email\n" + "A,bad\n" * 5000)) == 100


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", "csv_malformed", "The file is empty."),
        (b"\r\n\n", "csv_malformed", "The file is empty."),
        ("first_name\nÅsa\n".encode("utf-16"), "encoding_invalid", "names is not UTF-8."),
        ("first_name\nÅsa\n".encode("utf-16-le"), "encoding_invalid", "names has a NUL character"),
        ("first_name\nBo\nÅsa\n".encode("latin-1"), "encoding_invalid", "Row 2 is not UTF-8."),
        (b"first_name\nBo\nA\0\n", "encoding_invalid", "Row 2 has a NUL character"),
        (b"first_name\nBo\xc3", "encoding_invalid", "Row 1 is not UTF-8."),
        (b'first_name\nBo\n"open', "csv_malformed", "Row 2 has a quote that is never closed."),
        (b'first_name\n"Bo"x\n', "csv_malformed", "Row 1 has text behind a closing quote."),
        (b'first_name\n"' + b"x" * 140_000, "csv_malformed", "Row 1 has a quote that is never closed."),
        (b"first_name\n" + b"x" * MOST_ROW + b"y", "csv_malformed", "Row 1 has more than 524288 characters"),
        (b"first_name\n" + b"x," * MOST_ROW, "csv_malformed", "Row 1 has more than 524288 characters"),
        (b",".join([b"x"] * 201), "csv_malformed", "The file has 201 columns, of at most 200."),
    ],
)
def test_what_is_no_csv_is_refused_with_the_row(content: bytes, code: str, told: str) -> None:
    found = malformed(content)
    assert found.code == code
    assert told in str(found)


@pytest.mark.parametrize("content", [b"x," * 1_000_000, b"first_name\n" + b"x," * 1_000_000 + b"\n"])
def test_a_million_columns_are_refused_before_they_are_read(content: bytes) -> None:
    translation = begun(IMPORT)
    pieces = [content[start : start + 16_384] for start in range(0, len(content), 16_384)]
    fed: list[bytes] = []
    with pytest.raises(Malformed, match="more than 524288 characters"):
        fed.extend(translation.feed(piece) for piece in pieces)
    assert len(fed) * 16_384 <= MOST_ROW + 16_384


def test_a_row_of_a_million_cells_in_one_piece_is_a_wrong_row() -> None:
    told = errors(b"first_name\n" + b"," * 999_999 + b"x\n")
    assert [(e.row, e.code) for e in told] == [(1, "cells_mismatch")]
    assert told[0].message == "The row has 1000000 cells, but there are 1 columns."


@pytest.mark.parametrize("size", [70_000, 140_000])
def test_a_cell_has_a_limit(size: int) -> None:
    assert [e.code for e in errors(f'first_name,custom\nA,"{{""a"":""{"x" * size}""}}"\n')] == ["too_long"]
