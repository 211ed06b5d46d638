"""Contacts in and out as CSV."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Box

IMPORT = "/api/crm/contacts/import"


def imported(client: httpx.Client, content: str | bytes, media: str = "text/csv; charset=utf-8") -> httpx.Response:
    raw = content.encode() if isinstance(content, str) else content
    return client.post(IMPORT, content=raw, headers={"Content-Type": media})


def exported(client: httpx.Client) -> list[dict[str, str]]:
    answer = client.get("/api/crm/contacts/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


def total(client: httpx.Client) -> int:
    found: int = client.post("/api/crm/contacts/search", json={"limit": 1}).json()["total"]
    return found


def told(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["code"] == "import_failed"
    rows: list[dict[str, Any]] = answer.json()["error"]["rows"]
    return rows


def test_what_was_imported_is_exported(box: Box, meridian: httpx.Client) -> None:
    before = total(meridian)
    owner = box.user("owner")["user_id"]
    file = (
        "\ufefffirstName,ignored,email,tags,phoneNumbers,customFields,assigneeId,jobTitle\r\n"
        f'Åsa,x,asa@import.example,"vip; new",+91 1;+91 2,"{{""a"": [1]}}",{owner},"Line\nbreak, ""quoted"""\r\n'
        "Bo,,,,,,,\r\n"
    )
    answer = imported(meridian, file)
    assert (answer.status_code, answer.json()["data"]["imported"]) == (200, 2)
    assert box.counts()[f"POST {IMPORT}"]["created"] == 2
    assert total(meridian) == before + 2
    rows = exported(meridian)
    assert len(rows) == before + 2
    asa, bo = rows[-2:]
    assert answer.json()["data"]["ids"] == [asa["id"], bo["id"]]
    assert (asa["name"], asa["email"], asa["tags"], asa["phoneNumbers"]) == (
        "Åsa",
        "asa@import.example",
        "vip;new",
        "+91 1;+91 2",
    )
    assert (json.loads(asa["customFields"]), asa["assigneeId"], asa["jobTitle"]) == (
        {"a": [1]},
        owner,
        'Line\nbreak, "quoted"',
    )
    assert (bo["firstName"], bo["email"], bo["leadScore"]) == ("Bo", "", "0")
    assert meridian.get(f"/api/crm/contacts/{asa['id']}").json()["data"]["assigneeId"] == owner


def test_an_export_agrees_with_the_rows(meridian: httpx.Client) -> None:
    rows = exported(meridian)
    assert len(rows) == total(meridian)
    shown = meridian.get(f"/api/crm/contacts/{rows[7]['id']}").json()["data"]
    for name, cell in rows[7].items():
        value = shown[name]
        as_text = (
            ";".join(value)
            if isinstance(value, list)
            else json.dumps(value, separators=(",", ":"))
            if isinstance(value, dict)
            else value
        )
        assert cell == ("" if as_text is None else str(as_text)), name
    assert not {"tenantId", "internalNotes", "searchVector", "ownerRole"} & rows[0].keys()


def test_one_bad_row_means_no_row_and_every_fault_is_told(meridian: httpx.Client, juniper: httpx.Client) -> None:
    before = total(meridian)
    foreign = juniper.get("/api/crm/companies?limit=1").json()["data"][0]["id"]
    file = f"firstName,email,companyId\nGood,a@b.example,\n,bad,\nShort\nForeign,,{foreign}\n\nAlso good,,\n"
    assert told(imported(meridian, file)) == [
        {"row": 2, "field": "firstName", "message": "is required"},
        {"row": 2, "field": "email", "message": "is not an e-mail address"},
        {"row": 3, "field": None, "message": "has 1 cells, the column names are 3"},
        {"row": 4, "field": "companyId", "message": "does not exist"},
    ]
    assert total(meridian) == before


def test_faults_are_told_up_to_a_hundred(meridian: httpx.Client) -> None:
    assert len(told(imported(meridian, "firstName,email\n" + "A,bad\n" * 500))) == 100


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"firstName,firstName\nA,B\n",
        b"\xff\xfe\x00",
        b'firstName\n"unclosed',
        b"firstName\n\xff\n",
        b"firstName\nA\n" + b"B" * 200_000,
    ],
)
def test_files_that_are_no_csv_are_refused_whole(meridian: httpx.Client, content: bytes) -> None:
    before = total(meridian)
    told(imported(meridian, content))
    assert total(meridian) == before


def test_only_csv_is_taken(meridian: httpx.Client) -> None:
    assert imported(meridian, "firstName\nA\n", "application/json").status_code == 415


def test_an_empty_table_exports_its_column_names(box: Box) -> None:
    with box.speaker(2) as quiet:
        answer = quiet.get("/api/crm/contacts/export")
    assert answer.text.count("\r\n") == 1 and answer.text.startswith("id,firstName,")


def test_a_large_import_is_taken_and_then_undone(launch: Any) -> None:
    box = launch("--cap", "0")
    rows = 20_000
    with box.speaker(2) as quiet:
        answer = imported(quiet, "firstName,email\n" + "".join(f"A{n},a{n}@b.example\n" for n in range(rows)))
        assert answer.json()["data"]["imported"] == len(answer.json()["data"]["ids"]) == rows
        assert total(quiet) == rows
        assert told(imported(quiet, "firstName\n" + "A\n" * rows + '""\n'))[0]["row"] == rows + 1
        assert total(quiet) == rows
