"""Imports and exports over HTTP: a real gateway before a real sandbox."""

from __future__ import annotations

import csv
import io
import socket
import time
import uuid
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.stores.sql import Sql, usage
from tests.attacks.wire import connect, head
from tests.live import OLDEST, Live
from tests.live import live as running

IMPORT, EXPORT = "/v1/contacts/import", "/v1/contacts/export"
CSV = {"Content-Type": "text/csv; charset=utf-8"}


@pytest.fixture(scope="module")
def strict(spare: Live) -> Live:
    """A gateway with little patience and room."""
    spare.set_up(server={"body_timeout": "500ms", "max_import": "256KiB"})
    return spare


def imported(live: Live, content: str | bytes, **more: Any) -> httpx.Response:
    raw = content.encode() if isinstance(content, str) else content
    return live.call("POST", IMPORT, content=raw, **{"headers": CSV, **more})


def exported(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def found(live: Live, email: str, **more: Any) -> list[dict[str, Any]]:
    query = {"filters": [{"field": "email", "operator": "eq", "value": email}]}
    rows: list[dict[str, Any]] = live.call("POST", "/v1/contacts/search", query, **more).json()["data"]
    return rows


def address() -> str:
    return f"{uuid.uuid4().hex}@import.example"


def form(*parts: tuple[str, bytes]) -> tuple[dict[str, str], bytes]:
    body = b"".join(b"--edge\r\n%b\r\n\r\n%b\r\n" % (head.encode(), content) for head, content in parts)
    return {"Content-Type": "multipart/form-data; boundary=edge"}, body + b"--edge--\r\n"


FILE_PART = 'Content-Disposition: form-data; name="file"; filename="people.csv"\r\nContent-Type: text/csv'


def test_what_is_imported_is_found_and_exported(live: Live) -> None:
    email = address()
    answer = imported(
        live, f'\ufefffirst_name,email,phones,tags,custom\r\nÅsa,{email},+44 20 1;+1 2,vip,"{{""a"":1}}"\r\n'
    )
    assert answer.status_code == 200
    (row,) = found(live, email)
    assert answer.json() == {"data": {"rows": 1, "imported": 1, "dry_run": False, "ids": [row["id"]]}}
    assert (row["first_name"], row["phones"], row["tags"], row["custom"]) == (
        "Åsa",
        ["+44 20 1", "+1 2"],
        ["vip"],
        {"a": 1},
    )
    answer = live.call("GET", EXPORT, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="contacts.csv"'
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["version"] == "2026-09-01"
    (line,) = [line for line in exported(answer) if line["email"] == email]
    assert list(line) == list(row)
    assert (line["id"], line["phones"], line["custom"]) == (row["id"], "+44 20 1;+1 2", '{"a":1}')


def test_an_export_has_every_contact_of_the_tenant_and_no_other(live: Live) -> None:
    lines = exported(live.call("GET", EXPORT, token=live.b.tokens["viewer"]))
    total = live.call("POST", "/v1/contacts/search", {"limit": 1}, token=live.b.tokens["viewer"]).json()["meta"][
        "total"
    ]
    assert len(lines) == total
    for line in lines[:3]:
        record = live.call("GET", f"/v1/contacts/{line['id']}", token=live.b.tokens["viewer"]).json()["data"]
        assert {name: cell for name, cell in line.items() if isinstance(record[name], str)} == {
            name: value for name, value in record.items() if isinstance(value, str)
        }
        assert live.call("GET", f"/v1/contacts/{line['id']}").status_code == 404


def test_an_older_contract_imports_and_exports_its_own_columns(live: Live) -> None:
    email = address()
    assert imported(live, f"first_name,email,phone\nAda,{email},+44 20 1\n", version=OLDEST).status_code == 200
    assert found(live, email)[0]["phones"] == ["+44 20 1"]
    lines = exported(live.call("GET", EXPORT, version=OLDEST))
    assert "phones" not in lines[0]
    assert [line["phone"] for line in lines if line["email"] == email] == ["+44 20 1"]


def test_formulas_leave_as_text_and_come_back_as_they_were(live: Live) -> None:
    email, formula = address(), "=HYPERLINK(1)"
    live.call("POST", "/v1/contacts", {"first_name": formula, "email": email, "tags": ["@x"]})
    (line,) = [line for line in exported(live.call("GET", EXPORT)) if line["email"] == email]
    assert (line["first_name"], line["tags"]) == ("'" + formula, "'@x")
    again = address()
    assert imported(live, f"first_name,tags,email\n{line['first_name']},{line['tags']},{again}\n").status_code == 200
    assert [(row["first_name"], row["tags"]) for row in found(live, again)] == [(formula, ["@x"])]


def test_a_form_with_one_file_will_do_and_is_the_same_request(live: Live) -> None:
    email, key = address(), {"Idempotency-Key": uuid.uuid4().hex}
    content = f"first_name,email\nAda,{email}\n".encode()
    headers, body = form((FILE_PART, content))
    first = imported(live, body, headers=headers | key)
    assert (first.status_code, first.json()["data"]["imported"]) == (200, 1)
    again = imported(live, content, headers=CSV | key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert len(found(live, email)) == 1
    spelled = b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") + b",\r\n"
    assert imported(live, spelled, headers=CSV | key).headers["idempotent-replayed"] == "true"
    other = imported(live, content + b"Bo,\n", headers=CSV | key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [(FILE_PART, b"first_name\nA\n"), (FILE_PART, b"first_name\nB\n")],
        [('Content-Disposition: form-data; name="other"', b"first_name\nA\n")],
        [("Content-Type: text/csv", b"first_name\nA\n")],
    ],
)
def test_a_form_with_anything_else_is_refused(live: Live, parts: list[tuple[str, bytes]]) -> None:
    headers, body = form(*parts)
    before = live.counted()
    for cut in (body, body[:-12]):
        refused = imported(live, cut, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (400, "multipart_malformed")
    assert live.counted() == before


@pytest.mark.parametrize(
    "media",
    [
        *(None, "application/json", "text/plain", "application/vnd.ms-excel"),
        *(f"text/csv; charset={name}" for name in ("latin-1", "ISO-8859-1", "windows-1252", "utf-16", "utf-7")),
    ],
)
def test_other_media_types_and_encodings_are_refused(live: Live, media: str | None) -> None:
    refused = imported(live, b"first_name\nA\n", headers={"Content-Type": media} if media else {})
    assert (refused.status_code, refused.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("media", ["image/png", "text/csv; charset=ISO-8859-1", "text/csv; charset=utf-16"])
def test_an_image_or_another_encoding_in_the_form_is_refused(live: Live, media: str) -> None:
    headers, body = form((FILE_PART.replace("text/csv", media), b"first_name\nA\n"))
    assert imported(live, body, headers=headers).status_code == 415


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "csv_malformed"),
        ("first_name\nÅ\n".encode("utf-16"), "encoding_invalid"),
        (b"first_name\nA\0\n", "encoding_invalid"),
        (b'first_name\n"A', "csv_malformed"),
        (b"x," * 1_000_000, "csv_malformed"),
        (b"first_name\n" + b"x," * 1_000_000, "csv_malformed"),
        (b'first_name\n"' + b"x" * 2_000_000, "csv_malformed"),
    ],
)
def test_what_is_no_csv_is_a_problem_and_no_call(live: Live, content: bytes, code: str) -> None:
    before = live.counted()
    refused = imported(live, content)
    assert (refused.status_code, refused.json()["code"]) == (400, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert live.counted() == before


def test_one_wrong_row_means_no_row_and_no_call(live: Live) -> None:
    before = live.counted()
    refused = imported(live, "first_name,email\nAda,a@b.example\n,bad\nBo\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert [(e["row"], e["column"], e["pointer"], e["code"]) for e in refused.json()["errors"]] == [
        (2, "first_name", "/first_name", "required"),
        (2, "email", "/email", "format_invalid"),
        (3, None, "", "cells_mismatch"),
    ]
    refused = imported(live, "first_name,email,email,nme,id\n")
    assert {(e["row"], e["column"], e["code"]) for e in refused.json()["errors"]} == {
        (0, "email", "column_repeated"),
        (0, "nme", "field_unknown"),
        (0, "id", "field_read_only"),
    }
    assert live.counted() == before


def test_rows_that_the_service_refuses_are_told_with_row_and_column(live: Live) -> None:
    email = address()
    nobody = "usr_clx" + "0" * 22
    refused = imported(live, f"first_name,email,owner_id\n\nAda,{email},\nBo,,{nobody}\n")
    assert refused.status_code == 422
    assert [(e["row"], e["column"], e["code"]) for e in refused.json()["errors"]] == [(2, "owner_id", "refused")]
    assert found(live, email) == []


def test_a_service_that_dies_on_an_import_leaves_its_outcome_open(live: Live) -> None:
    key = {"Idempotency-Key": uuid.uuid4().hex}
    content = f"first_name,email\nAda,{address()}\n"
    with live.fault(path="/api/crm/contacts/import", cut="before", then_execute=True):
        lost = imported(live, content, headers=CSV | key)
    assert lost.status_code == 502
    again = imported(live, content, headers=CSV | key)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_outcome_unknown")


def test_an_export_answers_csv_to_whoever_takes_it(live: Live) -> None:
    refused = live.call("GET", EXPORT, headers={"Accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    ("fault", "status"), [({"status": 500}, 502), ({"html": True}, 502), ({"status": 429}, 429), ({"cut": "body"}, 502)]
)
def test_an_export_that_fails_before_its_first_row_is_a_problem(live: Live, fault: dict[str, Any], status: int) -> None:
    with live.fault(path="/api/crm/contacts/export", **fault):
        assert live.call("GET", EXPORT).status_code == status


def test_an_export_that_breaks_off_does_not_look_whole_and_is_logged(live: Live) -> None:
    good = live.sandbox.get("/api/crm/contacts/export", headers={"Authorization": f"Bearer {live.a.api_key}"}).text
    with (
        live.fault(path="/api/crm/contacts/export", status=200, body=good + "only,three,cells\r\n"),
        pytest.raises(httpx.RemoteProtocolError, match="incomplete chunked read"),
    ):
        live.call("GET", EXPORT)
    line = next(line for line in reversed(live.served.events()) if line.get("route") == EXPORT)
    assert (line["status"], line["code"]) == (200, "upstream_invalid")
    assert line["bytes"] > 100_000


def test_an_export_that_the_end_of_the_server_cuts_off_is_logged_and_counted(tmp_path: Path) -> None:
    with running(tmp_path, server={"shutdown_grace": "1s"}) as pair:
        titles, _, rows = pair.sandbox.get(
            "/api/crm/contacts/export", headers={"Authorization": f"Bearer {pair.a.api_key}"}
        ).text.partition("\r\n")
        # More than the buffers on the way hold, for a client that does not read.
        long = f"{titles}\r\n" + rows * (16 * 2**20 // len(rows))
        with pair.fault(path="/api/crm/contacts/export", status=200, body=long), connect(pair) as client:
            client.sendall(head(pair, "GET", EXPORT))
            assert client.recv(12) == b"HTTP/1.1 200"
            pair.served.stop()
        (line,) = [line for line in pair.served.events() if line.get("route") == EXPORT]
        assert (line["status"], line["code"]) == (200, "shutting_down") and 0 < line["bytes"] < len(long)
        with closing(Sql(f"sqlite:///{pair.served.data_dir / 'gateway.db'}")) as sql, sql.session() as session:
            counted = usage.by_day(session, pair.a.business_id, None, date(2026, 1, 1))
        assert sum(each.requests for each in counted) == 1


def test_the_log_tells_how_much_was_sent(live: Live) -> None:
    answer = live.call("GET", EXPORT)
    line = next(line for line in reversed(live.served.events()) if line.get("route") == EXPORT)
    assert (line["bytes"], line.get("code")) == (len(answer.content), None)


def test_a_file_beyond_the_limit_is_refused_announced_or_not(strict: Live) -> None:
    content = b"first_name\n" + b"A\n" * 140_000
    refused = imported(strict, content)
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")
    headers = {"Authorization": f"Bearer {strict.a.tokens['owner']}", "Version": "2026-09-01", **CSV}
    pieces = iter([content[:200_000], content[200_000:]])
    refused = strict.client.post(IMPORT, content=pieces, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")


def test_a_file_that_does_not_arrive_is_not_waited_for(strict: Live) -> None:
    with socket.create_connection(("127.0.0.1", strict.served.port), timeout=10) as client:
        head = (
            f"POST {IMPORT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {strict.a.tokens['owner']}\r\n"
            "Version: 2026-09-01\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\nfirst_name\n"
        )
        client.sendall(head.encode())
        began = time.monotonic()
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"body_timeout" in answer
        assert time.monotonic() - began < 5
