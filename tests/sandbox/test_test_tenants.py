"""Tenants that are made while the sandbox runs: the control, what it refuses, and that no two of them share a row."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sandbox.entities import ENTITIES
from sandbox.testing.seeds import Seed
from tests.sandbox.conftest import Box, start
from tests.sandbox.door import CONTACTS, KEY, ROOT, Door, ids
from tests.sandbox.services import a_contact, got
from tests.waiting import within


def test_without_a_control_key_there_is_no_control(box: Box) -> None:
    assert box.http.get(ROOT, headers={"Authorization": "Bearer None"}).status_code == 404


def test_the_control_opens_to_its_key_alone(door: Door) -> None:
    tenant = door.create("locked")
    for key in ("none", "wrong", tenant["api_key"], door.box.service_key):
        for method, path in (
            ("GET", ""), ("POST", "/x"), ("GET", "/locked"), ("DELETE", "/locked"), ("POST", "/locked/reset"),
            ("PUT", "/locked/clock"), ("GET", "/locked/snapshots"), ("POST", "/locked/snapshots/snap_0/restore"),
        ):  # fmt: skip
            answer = door.box.http.request(method, ROOT + path, headers={"Authorization": f"Bearer {key}"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, "key_invalid"), (method, path)


def test_the_same_seed_is_the_same_ids_and_no_two_tenants_share_a_row(door: Door) -> None:
    first, second = door.create("first"), door.create("second")
    assert first["api_key"] != second["api_key"]
    assert [user["role"] for user in first["users"]] == ["owner", "admin", "manager", "member", "viewer"]
    with door.speaker(first) as one, door.speaker(second) as two:
        for path in (CONTACTS, "/api/crm/deals", "/api/finance/invoices", "/api/helpdesk/tickets", "/api/hr/employees"):
            assert ids(one, path) == ids(two, path), path
        key = ids(one)[0]
        assert [client.get(f"{CONTACTS}/{key}").json()["data"]["tenantId"] for client in (one, two)] == [
            "first",
            "second",
        ]
        before = got(two, f"{CONTACTS}/{key}")
        assert one.patch(f"{CONTACTS}/{key}", json={"jobTitle": "Changed"}).status_code == 200
        assert one.delete(f"{CONTACTS}/{ids(one)[1]}").status_code == 204
        new = a_contact(one)
        assert got(one, f"{CONTACTS}/{new}")["tenantId"] == "first"
        assert got(two, f"{CONTACTS}/{key}") == before
        assert two.get(f"{CONTACTS}/{new}").status_code == 404
        assert len(ids(two)) == 20


def test_a_test_tenant_and_a_seeded_one_are_nothing_to_each_other(door: Door) -> None:
    tenant = door.create("apart")
    owner = tenant["users"][0]["user_id"]
    live = door.box.tenants[0]
    with door.box.speaker(0) as seeded, door.speaker(tenant) as test:
        assert not {*ids(seeded)} & {*ids(test)}
    mixed = {"Authorization": f"Bearer {tenant['api_key']}", "X-Business-Id": live["business_id"]}
    assert door.box.http.get(CONTACTS, headers=mixed).json()["error"]["code"] == "business_mismatch"
    service = {"Authorization": f"Bearer {door.box.service_key}"}
    for business, status in (("apart", 200), (live["business_id"], 404)):
        headers = {**service, "X-Business-Id": business}
        answer = door.box.http.get(f"/api/auth/users/{owner}", headers=headers)
        assert answer.status_code == status
        if status == 200:
            assert answer.json()["data"]["tenantId"] == "apart"
    named = door.box.http.get("/api/auth/tenants/apart", headers={**service, "X-Business-Id": "apart"}).json()["data"]
    assert named == {"id": "apart", "name": "Test workspace"}
    session = door.box.http.post("/api/auth/signin", json={"email": tenant["users"][0]["email"], "password": "owner"})
    assert session.status_code == 401


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"seed": "huge"}, "seed"),
        ({"seed": 4}, "seed"),
        ({"records": -1}, "records"),
        ({"records": 5001}, "records"),
        ({"records": True}, "records"),
        ({"records": "20"}, "records"),
        ({"seed": "empty", "records": 3}, "records"),
        ({"name": ""}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"api_key": "short"}, "api_key"),
    ],
)
def test_what_cannot_be_made_names_the_member(door: Door, body: dict[str, Any], member: str) -> None:
    refused = door.told("POST", "/never", 400, **body)["error"]
    assert (refused["code"], [*refused["fields"]]) == ("validation_failed", [member])
    assert door.told("GET", "/never", 404)["error"]["code"] == "not_found"


def test_an_id_or_a_key_is_given_once(door: Door) -> None:
    door.create("once", api_key="sk_test_given_by_the_gateway")
    door.told("POST", "/once", 409, seed="small")
    door.told("POST", "/twice", 409, seed="small", api_key="sk_test_given_by_the_gateway")
    door.told("POST", f"/{door.box.tenants[0]['business_id']}", 409, seed="small")
    assert "fields" in door.told("POST", "/no%20id", 400, seed="small")["error"]
    for raw, code in ((b"{", "json_malformed"), (b"[]", "validation_failed"), (b" " * 70_000, "body_too_large")):
        assert door.http.post(f"{ROOT}/raw", content=raw).json()["error"]["code"] == code


@pytest.mark.parametrize("kind", ["small", "empty"])
def test_a_seed_is_complete_and_its_books_balance(kind: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    Seed.read({"seed": kind}).fill(connection)
    counts = {
        entity.plural: connection.execute(f"SELECT count(*) FROM {entity.plural}").fetchone()[0] for entity in ENTITIES
    }
    if kind == "small":
        assert counts["contacts"] == 20
        assert {name: count for name, count in counts.items() if not count} == {}
        assert max(counts.values()) < 300
    else:
        assert counts["contacts"] == counts["invoices"] == 0
        assert counts["accounts"] > 40
    for book in ("A", "C"):
        total = connection.execute("SELECT total(amount) FROM postings WHERE book IN ('B', ?)", (book,)).fetchone()[0]
        assert total == 0
    connection.close()


def test_records_say_how_many_contacts_there_are(door: Door) -> None:
    tenant = door.create("counted", records=37)
    assert (tenant["seed"], tenant["records"]) == ("small", 37)
    with door.speaker(tenant) as client:
        assert len(ids(client)) == 37


def test_a_reset_puts_the_seed_back_and_the_clock(door: Door) -> None:
    tenant = door.create("again")
    with door.speaker(tenant) as client:
        before = ids(client)
        a_contact(client)
        door.told("PUT", "/again/clock", advance="P30D")
        told = door.told("POST", "/again/reset")
        assert (told["seed"], told["records"], told["ahead_ms"]) == ("small", 20, 0)
        assert ids(client) == before
        assert door.told("POST", "/again/reset", seed="empty")["records"] == 0
        assert ids(client) == []
        a_contact(client)
        assert len(ids(client)) == 1
        assert door.told("POST", "/again/reset", seed="small", records=21)["records"] == 21
        assert len(ids(client)) == 21
    door.told("POST", "/again/reset", 400, seed="large")
    door.told("POST", "/unknown/reset", 404)


def test_a_snapshot_brings_back_rows_and_clock(door: Door) -> None:
    tenant = door.create("kept")
    with door.speaker(tenant) as client:
        fresh = door.told("POST", "/kept/snapshots", 201)
        first = a_contact(client)
        door.told("PUT", "/kept/clock", advance="P10D")
        full = door.told("POST", "/kept/snapshots", 201, name="with one")
        assert full["ahead_ms"] == 10 * 86_400_000
        second = a_contact(client)
        assert client.delete(f"{CONTACTS}/{first}").status_code == 204
        assert [one["id"] for one in door.told("GET", "/kept/snapshots")["snapshots"]] == [fresh["id"], full["id"]]

        told = door.told("POST", f"/kept/snapshots/{full['id']}/restore")
        assert told["ahead_ms"] == full["ahead_ms"]
        assert [client.get(f"{CONTACTS}/{key}").status_code for key in (first, second)] == [200, 404]
        a_contact(client)
        door.told("POST", f"/kept/snapshots/{full['id']}/restore")
        assert len(ids(client)) == 21, "what is written after a restore does not reach the snapshot"
        door.told("POST", f"/kept/snapshots/{fresh['id']}/restore")
        assert len(ids(client)) == 20

        door.told("POST", f"/kept/snapshots/{full['id']}/restore")
        door.told("DELETE", f"/kept/snapshots/{full['id']}", 204)
        door.told("POST", f"/kept/snapshots/{full['id']}/restore", 404)
        door.told("DELETE", f"/kept/snapshots/{full['id']}", 404)
        assert len(ids(client)) == 21, "who stands on a snapshot that is deleted keeps its rows"
        a_contact(client)
        assert len(ids(client)) == 22


def test_there_are_so_many_snapshots_and_no_more(door: Door) -> None:
    door.create("full", seed="empty")
    for _ in range(20):
        last = door.told("POST", "/full/snapshots", 201)["id"]
    assert door.told("POST", "/full/snapshots", 409)["error"]["code"] == "snapshots_full"
    door.told("DELETE", f"/full/snapshots/{last}", 204)
    door.told("POST", "/full/snapshots", 201)
    door.create("other", seed="empty")
    door.told("POST", f"/other/snapshots/{last}/restore", 404)


def test_whoever_is_removed_leaves_nothing(door: Door) -> None:
    folder = door.box.db.with_name("door.db-tenants")
    tenant = door.create("gone", seed="empty")
    files = {one.name for one in folder.iterdir()}
    with door.speaker(tenant) as client:
        a_contact(client)
        door.told("POST", "/gone/snapshots", 201)
        a_contact(client)
        assert {one.name for one in folder.iterdir()} - files
        door.told("DELETE", "/gone", 204)
        assert client.get(CONTACTS).status_code == 401
    assert {one.name for one in folder.iterdir()} <= files
    assert {one.stat().st_mode & 0o077 for one in folder.glob("*.db")} == {0}
    assert folder.stat().st_mode & 0o077 == 0
    door.told("DELETE", "/gone", 404)


def test_fifty_at_once_share_no_row(door: Door) -> None:
    def lives(number: int) -> tuple[int, str]:
        tenant = door.create(f"many-{number}")
        with door.speaker(tenant) as client:
            return number, a_contact(client, lastName=f"of {number}")

    with ThreadPoolExecutor(10) as people:
        found = dict(people.map(lives, range(50)))
    tenants = {one["business_id"]: one for one in door.told("GET", "")["tenants"]}
    for number, key in found.items():
        with door.speaker(tenants[f"many-{number}"]) as client:
            assert len(ids(client)) == 21
            assert got(client, f"{CONTACTS}/{key}")["lastName"] == f"of {number}"


def test_a_reset_waits_for_an_import_and_a_file_can_be_exported(door: Door) -> None:
    tenant = door.create("files")
    table = "firstName\n" + "".join(f"Person {number}\n" for number in range(3000))
    with door.speaker(tenant) as client, ThreadPoolExecutor(1) as other:
        headers = {"Content-Type": "text/csv"}
        importing = other.submit(client.post, f"{CONTACTS}/import", content=table, headers=headers)
        within(10, lambda: f"POST {CONTACTS}/import" in door.box.counts())
        door.told("POST", "/files/snapshots", 201)
        door.told("POST", "/files/reset")
        assert importing.result().json()["data"]["imported"] == 3000
        # before the reset or after it, but never half of it
        assert len(ids(client)) in {20, 3020}
        assert len(client.get(f"{CONTACTS}/export").text.splitlines()) == 1 + len(ids(client))


def test_test_tenants_outlive_the_process(seeded: Path, tmp_path: Path) -> None:
    db = tmp_path / "box.db"
    shutil.copy(seeded, db)
    box = start(db, "--cap", "0", SANDBOX_CONTROL_KEY=KEY)
    door = Door(box)
    door.create("untouched")
    written = door.create("written")
    with door.speaker(written) as client:
        key = a_contact(client)
    door.told("PUT", "/written/clock", advance="P2D")
    snapshot = door.told("POST", "/written/snapshots", 201)["id"]
    box.stop()
    stray = db.with_name("box.db-tenants") / "stray.db"
    stray.write_bytes(b"left behind")
    box = start(db, "--cap", "0", SANDBOX_CONTROL_KEY=KEY)
    try:
        door = Door(box)
        assert not stray.exists()
        assert len(door.told("GET", "")["tenants"]) == 2
        assert door.told("GET", "/written/clock")["ahead_ms"] == 2 * 86_400_000
        with door.speaker(written) as client:
            assert client.get(f"{CONTACTS}/{key}").status_code == 200
            a_contact(client)
            door.told("POST", f"/written/snapshots/{snapshot}/restore")
            assert len(ids(client)) == 21
    finally:
        assert box.stop() == 0
