"""The cost of a page in the gateway is that of its rows, not of the collection it lies in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from statistics import median
from typing import Any

import httpx
import pytest

from adapters.core.operation import Request
from gateway.keys.cursors import Cursors
from gateway.keys.keyring import Keyring
from sandbox.seed import prepare
from tests.conformance.declared import OPERATIONS
from tests.live import NEWEST, Live, sandbox_running
from tests.live import live as running

MANY, FEW = 200_000, 2_000
ASKED = 25
QUERY = {"limit": 100, "order_by": "created_at", "filters": [{"field": "first_name", "operator": "is_not_empty"}]}
SEARCH = next(operation for operation in OPERATIONS if operation.name == "contacts.search")


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A gateway in front of 200,000 contacts."""
    home = tmp_path_factory.mktemp("volume")
    with closing(prepare(home / "crm/sandbox.db", FEW)) as seeded:
        multiply(seeded, MANY // FEW)
    with sandbox_running(home / "crm") as (url, _, _):
        patient = {"base_url": url, "timeouts": {"connect": "2s", "total": "30s"}}
        with running(home / "live", crm=patient) as pair:
            pair.sandbox = httpx.Client(base_url=url, timeout=30)
            yield pair


def multiply(seeded: sqlite3.Connection, times: int) -> None:
    """So many times the contacts of the first tenant, each another hour older: seeding them would take half a minute."""
    tables = "tbl_name IN ('contacts', 'contacts_docs', 'contacts_items') AND sql IS NOT NULL"
    indexes = seeded.execute(f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND {tables}").fetchall()
    columns = [name for _, name, *_ in seeded.execute("PRAGMA table_info(contacts)")]
    row = "row + nth * (SELECT max(row) FROM contacts)"
    made = {"row": row, "id": "printf('%08x', nth) || substr(id, 9)", "c_createdAt": "c_createdAt - nth * 3600000"}
    moment = f"strftime('%Y-%m-%dT%H:%M:%S.000Z', ({made['c_createdAt']}) / 1000, 'unixepoch')"
    document = f"CAST(json_set(CAST(doc AS TEXT), '$.id', {made['id']}, '$.createdAt', {moment}) AS BLOB)"
    seeded.execute("BEGIN")
    for name, _ in indexes:
        seeded.execute(f"DROP INDEX {name}")
    counted = f"SELECT 1 AS nth UNION ALL SELECT nth + 1 FROM counted WHERE nth < {times - 1}"
    seeded.execute(f"CREATE TEMP TABLE copies AS WITH RECURSIVE counted AS ({counted}) SELECT nth FROM counted")
    copied = "FROM copies, contacts {} WHERE tenant = 1"
    items, documents = "JOIN contacts_items USING (row)", "JOIN contacts_docs USING (row)"
    seeded.execute(f"INSERT INTO contacts_items SELECT {row}, field, item {copied.format(items)}")
    seeded.execute(f"INSERT INTO contacts_docs SELECT {row}, {document} {copied.format(documents)}")
    seeded.execute(
        f"INSERT INTO contacts SELECT {', '.join(made.get(name, name) for name in columns)} {copied.format('')}"
    )
    for _, statement in indexes:
        seeded.execute(statement)
    seeded.execute("ANALYZE")
    seeded.execute("COMMIT")


def deep(live: Live) -> str:
    """The cursor of a page near the end, as clients have it who walked there."""
    asked = {"sort": {"field": "createdAt", "dir": "desc"}, "limit": 1}
    key = {"Authorization": f"Bearer {live.a.api_key}"}
    total = live.sandbox.post("/api/crm/contacts/search", json=asked, headers=key).json()["total"]
    found = live.sandbox.post("/api/crm/contacts/search", json={**asked, "offset": total - 300}, headers=key).json()
    cursors = Cursors(Keyring.load((live.served.data_dir / "keyring.json").read_text()), 3600)
    face = SEARCH.faces[NEWEST]
    assert face is not None
    sealing = partial(cursors.sealer, live.a.business_id, NEWEST)
    window = face.accept(Request((), {}, QUERY, lambda *_: [], sealing)).window
    assert window is not None and window.seal is not None
    return window.seal([found["data"][0]["createdAt"], found["data"][0]["id"], total])


def own_milliseconds(live: Live, body: dict[str, Any]) -> float:
    """What the gateway itself takes for a page of 100, by its own log."""
    for _ in range(ASKED):
        answer = live.call("POST", "/v1/contacts/search", body)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()["data"]) == 100
    lines = [line for line in live.served.events() if line.get("route") == "/v1/contacts/search"][-ASKED:]
    return float(median(line["total_ms"] - line["internal_ms"] for line in lines))


@pytest.mark.timeout(300)
def test_a_page_costs_the_gateway_the_same_among_200000_as_among_2000(live: Live, big: Live) -> None:
    took = {
        (size, page): own_milliseconds(pair, QUERY | ({"cursor": deep(pair)} if page == "deep" else {}))
        for size, pair in ((FEW, live), (MANY, big))
        for page in ("first", "deep")
    }
    print({f"{page} of {size}": round(took[size, page], 2) for size, page in took})
    total = big.call("POST", "/v1/contacts/search", {"limit": 1}).json()["meta"]["total"]
    assert total >= MANY
    least = min(took.values())
    assert all(each < 3 * least + 3 for each in took.values()), took
