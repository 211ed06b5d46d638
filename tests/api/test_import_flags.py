"""What the query of an import switches on: a dry run, and columns that are passed over."""

from __future__ import annotations

import csv
import io
import uuid

from tests.api.test_transfers import CSV, EXPORT, IMPORT, address, found, imported
from tests.live import Live


def test_a_dry_run_checks_all_and_makes_nothing_and_leaves_the_key_to_the_run_that_does(live: Live) -> None:
    email, headers = address(), CSV | {"Idempotency-Key": uuid.uuid4().hex}
    content = f"first_name,email\nAda,{email}\n".encode()
    for _ in range(2):
        before = live.counted()
        tried = live.call("POST", f"{IMPORT}?dry_run=true", content=content, headers=headers)
        assert tried.json() == {"data": {"rows": 1, "imported": 0, "dry_run": True, "ids": None}}
        assert "idempotent-replayed" not in tried.headers
        assert live.counted() == before
    wrong = live.call("POST", f"{IMPORT}?dry_run=true", content=content + b",\nBo,bad\n", headers=headers)
    assert (wrong.status_code, [error["row"] for error in wrong.json()["errors"]]) == (422, [2])
    assert found(live, email) == []
    assert imported(live, content, headers=headers).json()["data"]["imported"] == 1
    assert len(found(live, email)) == 1
    assert live.call("POST", f"{IMPORT}?dry_run=yes", content=content, headers=CSV).status_code == 400


def test_a_whole_export_comes_back_in(live: Live) -> None:
    token = live.b.tokens["owner"]
    file = live.call("GET", EXPORT, token=token).content
    rows = len(list(csv.DictReader(io.StringIO(file.decode(), newline=""), strict=True)))
    path = f"{IMPORT}?ignore_read_only=true&dry_run=true"
    back = live.call("POST", path, content=file, headers=CSV, token=token)
    assert back.json() == {"data": {"rows": rows, "imported": 0, "dry_run": True, "ids": None}}
    refused = live.call("POST", IMPORT, content=file, headers=CSV, token=token)
    assert {error["code"] for error in refused.json()["errors"]} == {"field_read_only"}
    assert "ignore_read_only=true" in refused.json()["errors"][0]["message"]
