"""Contacts as CSV without a network: what a file says in each contract, and what the service is sent."""

from __future__ import annotations

import csv
import io
import json

import pytest

from adapters import RESOURCES
from adapters.core.calls import Translation
from adapters.core.compile.builder import compile_all
from adapters.core.csv.rows import MOST_HELD_ROW, MOST_ROW, Records
from adapters.core.faults import FieldError, Invalid, Malformed, ServiceInvalid
from adapters.core.operation import Face, Operation
from gateway.versions import CONTRACTS

NEWEST, OLDEST = "2026-09-01", "2026-06-01"
BY_NAME = {operation.name: operation for operation in compile_all(RESOURCES, CONTRACTS, {})}
IMPORT, EXPORT = BY_NAME["contacts.import"], BY_NAME["contacts.export"]
USER, COMPANY, CONTACT = "clx0a1b2c3d4e5f6g7h8i9j0k", "5f2b8c1d9e3a7b6c4d5e6f71", "5f2b8c1d9e3a7b6c4d5e6f70"


def face(operation: Operation, date: str = NEWEST) -> Face:
    found = operation.faces[date]
    assert found is not None
    return found


def begun(operation: Operation, date: str = NEWEST) -> Translation:
    translate = face(operation, date).translate
    assert translate is not None
    return translate()


def through(operation: Operation, content: bytes, date: str = NEWEST, size: int = 1 << 20) -> list[list[str]]:
    """The rows that come out when the file goes in by `size` bytes at a time."""
    translation = begun(operation, date)
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


FILE = (
    "\ufefffirst_name,owner_id,email,tags,phones,custom,company_id,job_title\r\n"
    f'Åsa,usr_{USER},asa@import.example, vip; new ;,+91 12 3;+91 45 6,"{{""a"": [1, ""b""]}}",cmp_{COMPANY},"Head, ""of"""\r\n'
    "\r\n"
    "Bo,,,,,,,\r\n"
).encode()
SENT = [
    ["firstName", "assigneeId", "email", "tags", "phoneNumbers", "customFields", "companyId", "jobTitle"],
    ["Åsa", USER, "asa@import.example", "vip;new", "+91 12 3;+91 45 6", '{"a":[1,"b"]}', COMPANY, 'Head, "of"'],
    ["Bo", "", "", "", "", "", "", ""],
]


@pytest.mark.parametrize("size", [1, 2, 7, 64, 1 << 20])
def test_public_columns_become_the_services(size: int) -> None:
    assert through(IMPORT, FILE, size=size) == SENT


@pytest.mark.parametrize("size", [1, 3, 1 << 20])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ending_will_do_and_the_last_may_be_missing(end: str, size: int) -> None:
    table = [["a", "b"], ["Ada", "Lovelace"], ['Two\nlines\rand " a quote', ""], ["Bo", "Ek"]]
    file = f'a,b{end}Ada,Lovelace{end}{end}"Two\nlines\rand "" a quote",{end}Bo,Ek'
    for content in (file.encode(), (file + end).encode()):
        records = Records()
        pieces = [content[start : start + size] for start in range(0, len(content), size)]
        assert [cells for piece in pieces for cells in records.feed(piece)] + list(records.close()) == table


def test_an_older_contract_has_its_own_columns() -> None:
    assert through(IMPORT, b"first_name,phone\nAda,+44 20 1\n", OLDEST) == [
        ["firstName", "phoneNumbers"],
        ["Ada", "+44 20 1"],
    ]
    told = errors("first_name,phones\nAda,+44 20 1\n", OLDEST)
    assert [(e.code, e.row, e.column, e.message) for e in told] == [
        ("field_unknown", 0, "phones", "There is no such column here. Did you mean phone?")
    ]


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
    assert "separated by commas" in errors("first_name;email\nA;B\n")[0].message


@pytest.mark.parametrize(
    "content",
    [
        "first_name,last_name\r\nAnn,Test\r\n,\r\nBob,Test\r\n,\r\n",
        'first_name,last_name\n"",""\nAnn,Test\n  ,\nBob,Test\n"",\t',
        ",\n,,\nfirst_name,last_name\nAnn,Test\nBob,Test\n\n,,,,,\n",
        "first_name,last_name,\r\nAnn,Test,\r\nBob,Test, \r\n",
        'first_name,last_name\nAnn,Test,\nBob,Test,,"",\n',
        ",first_name,,last_name,,,\n,Ann,,Test,,,\n ,Bob,,Test,,,,,\n",
    ],
)
def test_rows_and_columns_that_a_spreadsheet_left_empty_are_none(content: str) -> None:
    assert through(IMPORT, content.encode()) == [["firstName", "lastName"], ["Ann", "Test"], ["Bob", "Test"]]


def test_a_column_without_a_name_and_a_surplus_cell_may_hold_nothing() -> None:
    told = errors("first_name,\nAnn,\n,\nBob,x\nCy,,x\nDi, , \n")
    assert [(e.row, e.column, e.code) for e in told] == [(2, None, "field_unknown"), (3, None, "cells_mismatch")]
    assert told[0].message == "There is a value in a column that has no name."


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


EXPORTED = "id,tenantId,firstName,lastName,name,email,phoneNumbers,jobTitle,companyId,assigneeId,source,lifecycleStage,leadScore,tags,customFields,lastContactedAt,createdAt,updatedAt"
ROW = [
    CONTACT, "clx-secret", "Ada", "", "Ada", "=cmd@x.example", "+44 20 1;+1 2", '=HYPERLINK("http://x")', COMPANY, USER,
    "-1+1|x", "'tis", "42", "vip;@new", '{"a":"b"}', "", "2026-06-01T09:00:00.000Z", "2026-06-17T14:30:00.120Z",
]  # fmt: skip
SHOWN = {
    "id": f"con_{CONTACT}",
    "first_name": "Ada",
    "last_name": "",
    "name": "Ada",
    "email": "'=cmd@x.example",
    "phones": "+44 20 1;+1 2",
    "job_title": '\'=HYPERLINK("http://x")',
    "company_id": f"cmp_{COMPANY}",
    "owner_id": f"usr_{USER}",
    "source": "'-1+1|x",
    "lifecycle_stage": "'tis",
    "lead_score": "42",
    "tags": "vip;'@new",
    "custom": '{"a":"b"}',
    "last_contacted_at": "",
    "created_at": "2026-06-01T09:00:00Z",
    "updated_at": "2026-06-17T14:30:00.120Z",
}


def service_file(*rows: list[str]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([EXPORTED.split(","), *rows])
    return out.getvalue().encode()


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
def test_the_services_columns_become_public_and_no_other_passes(size: int) -> None:
    names, row = through(EXPORT, service_file(ROW), size=size)
    assert dict(zip(names, row, strict=True)) == SHOWN


@pytest.mark.parametrize("letter", ["x", '"', "é", "\n"])
@pytest.mark.parametrize("size", [16_384, 1 << 24])
def test_a_record_larger_than_an_import_takes_is_exported(letter: str, size: int) -> None:
    custom = json.dumps({"a": letter * 500_000})
    large = [*ROW[:14], custom, *ROW[15:]]
    names, row, other = through(EXPORT, service_file(large, ROW), size=size)
    assert json.loads(dict(zip(names, row, strict=True))["custom"]) == json.loads(custom)
    assert dict(zip(names, other, strict=True)) == SHOWN


def test_a_row_without_end_is_given_up() -> None:
    translation = begun(EXPORT)
    translation.feed(service_file() + b"x" * MOST_HELD_ROW)
    with pytest.raises(ServiceInvalid):
        translation.feed(b"x")


def test_an_older_contract_exports_its_own_columns() -> None:
    names, row = through(EXPORT, service_file(ROW), OLDEST)
    older = dict(zip(names, row, strict=True))
    assert older.pop("phone") == "+44 20 1"
    assert older.items() <= SHOWN.items()


def test_columns_are_found_by_name_and_an_optional_one_may_be_missing() -> None:
    table = [EXPORTED.split(","), ROW]
    turned = [list(reversed(line[:4] + line[5:])) for line in table]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(turned)
    names, row = through(EXPORT, out.getvalue().encode())
    assert dict(zip(names, row, strict=True)) == SHOWN | {"name": ""}


def test_what_was_exported_is_imported_as_it_was() -> None:
    names, row = through(EXPORT, service_file(ROW))
    fixed = {"id", "name", "email", "lead_score", "last_contacted_at", "created_at", "updated_at"}
    kept = [(name, cell) for name, cell in zip(names, row, strict=True) if name not in fixed]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(zip(*kept, strict=True))
    held, sent = through(IMPORT, out.getvalue().encode())
    held_before = dict(zip(EXPORTED.split(","), ROW, strict=True))
    assert dict(zip(held, sent, strict=True)) == {name: held_before[name] for name in held}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html><body>Sign in</body></html>\n",
        b"id,id\n1,2\n",
        service_file([*ROW[:12], "many", *ROW[13:]]),
        service_file([*ROW[:14], "[", *ROW[15:]]),
        service_file(["", *ROW[1:]]),
        service_file(ROW[:9]),
        service_file(ROW)[:-20] + b"\xff",
        service_file(ROW) + b'"',
    ],
)
def test_a_service_that_sends_something_else_is_found_out(content: bytes) -> None:
    with pytest.raises(ServiceInvalid):
        through(EXPORT, content)
