"""Contacts as CSV without a network: what a file says in each contract, and what the service is sent."""

from __future__ import annotations

import csv
import io
import json

import pytest

from adapters.core.calls import Input
from adapters.core.csv.rows import MOST_HELD_ROW, Records
from adapters.core.faults import Invalid, ServiceInvalid
from tests.adapters.files import (
    COMPANY,
    CONTACT,
    EXPORT,
    IMPORT,
    NEWEST,
    OLDEST,
    USER,
    begun,
    errors,
    through,
)

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


@pytest.mark.parametrize("date", [NEWEST, OLDEST])
def test_a_whole_export_is_imported_when_it_may_pass_over_what_the_system_sets(date: str) -> None:
    row = [cell if name != "email" else "ada@x.example" for name, cell in zip(EXPORTED.split(","), ROW, strict=True)]
    out = io.StringIO(newline="")
    csv.writer(out).writerows(through(EXPORT, service_file(row), date))
    request = Input(ignore_read_only=True)
    held, sent = through(IMPORT, out.getvalue().encode(), date, request=request)
    before = dict(zip(EXPORTED.split(","), row, strict=True))
    if date == OLDEST:
        before["phoneNumbers"] = before["phoneNumbers"].split(";")[0]
    assert dict(zip(held, sent, strict=True)) == {name: before[name] for name in held}
    assert (len(held), request.rows) == (11, 1)


def test_a_column_that_nobody_knows_is_not_passed_over() -> None:
    with pytest.raises(Invalid) as invalid:
        through(IMPORT, b"id,score,first_name\n1,2,A\n", request=Input(ignore_read_only=True))
    assert [error.column for error in invalid.value.errors] == ["score"]


@pytest.mark.parametrize("size", [1, 5, 1 << 20])
@pytest.mark.parametrize("separator", [";", "\t"])
def test_cells_may_be_separated_as_spreadsheets_elsewhere_do(separator: str, size: int) -> None:
    rows = [
        ["", "", ""],
        ["first_name", "tags", "job_title"],
        ["Ann", "vip;new", "a, b"],
        ["", "", ""],
        ["Bo", "", "x\ty"],
    ]
    if separator == "\t":
        rows[-1][-1] = "x;y"
    else:
        rows[-1][-1] = "x; y"
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(rows)
    content = "\ufeff" + out.getvalue()
    assert through(IMPORT, content.encode(), size=size) == [
        ["firstName", "tags", "jobTitle"],
        ["Ann", "vip;new", "a, b"],
        ["Bo", "", rows[-1][-1]],
    ]


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
