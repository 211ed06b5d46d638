"""The program: starting, stopping, its commands, its switches."""

import json
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.sandbox.conftest import COMMAND, ROOT, Box, run, start


def test_a_new_database_is_seeded_with_tenants_roles_and_rows(tmp_path: Path) -> None:
    began = time.monotonic()
    box = start(tmp_path / "new" / "deep.db", "--cap", "0")
    assert time.monotonic() - began < 10
    try:
        assert len(box.tenants) >= 2
        for number, tenant in enumerate(box.tenants[:2]):
            assert tenant["business_id"].startswith("clx")
            assert [user["role"] for user in tenant["users"]] == ["owner", "admin", "manager", "member", "viewer"]
            with box.speaker(number) as client:
                totals = {
                    plural: client.post(f"/api/crm/{plural}/search", json={}).json()["total"]
                    for plural in ("contacts", "companies", "deals", "tasks", "notes", "activities")
                }
            assert totals == {
                "contacts": 2000, "companies": 200, "deals": 400, "tasks": 600, "notes": 600, "activities": 1000,
            }  # fmt: skip
    finally:
        assert box.stop() == 0


def test_the_seed_is_the_same_every_time(seeded: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.db"
    start(again, "--cap", "0").stop()

    def everything(path: Path) -> list[object]:
        with sqlite3.connect(path) as connection:
            tables = ("contacts_docs", "deals_docs", "activities_docs", "tenants", "users")
            return [connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in tables]

    assert everything(seeded) == everything(again)


def test_the_seed_holds_what_makes_mappings_stumble(seeded: Path) -> None:
    with sqlite3.connect(seeded) as connection:
        contacts = [json.loads(doc) for (doc,) in connection.execute("SELECT doc FROM contacts_docs")]
    assert any(len(contact["phoneNumbers"]) > 1 for contact in contacts)
    for name in ("lastName", "email", "companyId", "assigneeId", "source", "lastContactedAt", "internalNotes"):
        assert any(contact[name] is None for contact in contacts), name
    for name in ("createdAt", "name", "leadScore"):
        assert len({contact[name] for contact in contacts}) < len(contacts), name
    assert any(not contact["name"].isascii() for contact in contacts)


def test_starting_again_is_quick_and_keeps_the_rows(launch: Callable[..., Box]) -> None:
    box = launch()
    with box.speaker(0) as client:
        key = client.post("/api/crm/contacts", json={"firstName": "Kept"}).json()["data"]["id"]
    assert box.stop() == 0
    began = time.monotonic()
    process = subprocess.Popen([*COMMAND, "serve", "--db", str(box.db)], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["port"]
    took = time.monotonic() - began
    headers = {"Authorization": f"Bearer {box.tenants[0]['api_key']}"}
    kept = httpx.get(f"http://127.0.0.1:{port}/api/crm/contacts/{key}", headers=headers)
    process.terminate()
    assert process.wait(10) == 0
    assert kept.json()["data"]["firstName"] == "Kept"
    assert took < 3


def test_sigterm_lets_a_request_in_flight_finish(launch: Callable[..., Box]) -> None:
    box = launch()
    box.fault(path="/api/crm/contacts", delay_ms=600)
    with socket.create_connection(("127.0.0.1", box.http.base_url.port or 0)) as line:
        key = box.tenants[0]["api_key"]
        line.sendall(f"GET /api/crm/contacts HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode())
        time.sleep(0.2)
        box.process.terminate()
        line.settimeout(5)
        assert line.recv(65536).startswith(b"HTTP/1.1 200")
    assert box.process.wait(10) == 0


def test_a_taken_port_is_told_in_one_line(box: Box, tmp_path: Path) -> None:
    told = run("serve", "--db", str(tmp_path / "x.db"), "--port", str(box.http.base_url.port))
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1 and "in use" in told.stderr


def test_a_process_that_dies_while_seeding_leaves_a_database_that_the_next_start_seeds(tmp_path: Path) -> None:
    db = tmp_path / "torn.db"
    process = subprocess.Popen(
        [*COMMAND, "serve", "--db", str(db), "--contacts", "20000"], cwd=ROOT, stdout=subprocess.PIPE
    )
    deadline = time.monotonic() + 10
    while not db.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    process.kill()
    process.wait()
    assert run("credentials", "--db", str(db)).returncode == 1
    box = start(db, "--contacts", "50")
    with box.speaker(0) as client:
        assert client.post("/api/crm/contacts/search", json={}).json()["total"] == 50
    box.stop()


def test_roles_and_activity_change_while_it_runs(launch: Callable[..., Box]) -> None:
    box = launch()
    user = box.user("member")
    headers = {"Authorization": f"Bearer {box.service_key}"}

    def seen() -> tuple[str, bool]:
        found = box.http.get(f"/api/auth/users/{user['user_id']}", headers=headers).json()["data"]
        return found["role"], found["active"]

    assert seen() == ("member", True)
    assert run("set-role", "--db", str(box.db), "--user", user["email"], "--role", "viewer").returncode == 0
    assert seen() == ("viewer", True)
    assert run("set-active", "--db", str(box.db), "--user", user["email"], "--active", "no").returncode == 0
    assert seen() == ("viewer", False)


def test_commands_say_what_is_wrong(seeded: Path, tmp_path: Path) -> None:
    unknown = run("set-role", "--db", str(seeded), "--user", "nobody@x.example", "--role", "viewer")
    assert (unknown.returncode, unknown.stderr) == (1, "sandbox: there is no user nobody@x.example\n")
    absent = run("credentials", "--db", str(tmp_path / "absent.db"), "--json")
    assert absent.returncode == 1 and "holds no sandbox data" in absent.stderr
    assert not (tmp_path / "absent.db").exists()


def test_credentials_are_shown_to_people_and_to_scripts(seeded: Path) -> None:
    scripted = json.loads(run("credentials", "--db", str(seeded), "--json").stdout)
    first = scripted["tenants"][0]
    assert first.keys() == {"business_id", "name", "api_key", "users"}
    assert first["users"][0].keys() == {"email", "password", "role", "user_id"}
    shown = run("credentials", "--db", str(seeded)).stdout
    assert first["api_key"] in shown and first["users"][0]["password"] in shown


def test_documented_only_hides_everything_assumed(launch: Callable[..., Box]) -> None:
    box = launch("--documented-only", "--cap", "0")
    with box.speaker(0) as client:
        contact = client.get("/api/crm/contacts?limit=1").json()["data"][0]["id"]
        deal = client.get("/api/crm/deals?limit=1").json()["data"][0]["id"]
        assert client.patch(f"/api/crm/deals/{deal}", json={"value": 5}).status_code == 200
        assert client.post("/api/crm/activities", json={"kind": "call"}).status_code == 201
        assert client.get("/api/crm/companies").status_code == 200
        assert client.get("/api/crm/reports/forecast").status_code == 200
        assert client.delete(f"/api/crm/contacts/{contact}").status_code == 204
        for method, path in (
            ("POST", "/api/crm/contacts/search"), ("POST", f"/api/crm/contacts/{contact}/tags"),
            ("POST", "/api/crm/companies"), ("GET", f"/api/crm/deals/{deal}"), ("DELETE", f"/api/crm/deals/{deal}"),
            ("GET", "/api/crm/pipelines"), ("GET", "/api/crm/tasks"), ("POST", "/api/crm/notes"),
            ("GET", "/api/crm/activities"), ("GET", "/api/auth/me"),
        ):  # fmt: skip
            assert client.request(method, path).status_code == 404, (method, path)


def test_the_cap_holds_for_a_workspace_and_is_told_in_headers(launch: Callable[..., Box]) -> None:
    box = launch("--cap", "3")
    with box.speaker(0) as one, box.speaker(1) as other:
        remaining = [one.get("/api/crm/pipelines").headers["x-ratelimit-remaining"] for _ in range(3)]
        assert remaining == ["2", "1", "0"]
        refused = one.get("/api/crm/pipelines")
        assert refused.status_code == 429
        assert refused.json()["error"]["code"] == "rate_limited"
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert abs(int(refused.headers["x-ratelimit-reset"]) - time.time() - 60) < 3
        assert other.get("/api/crm/pipelines").status_code == 200


def test_creates_repeat_unless_told_to_deduplicate(launch: Callable[..., Box]) -> None:
    key = {"Idempotency-Key": "once"}
    for options, expected in (((), 2), (("--deduplicate",), 1)):
        box = launch(*options)
        with box.speaker(0) as client:
            made = {
                client.post("/api/crm/contacts", json={"firstName": "A"}, headers=key).json()["data"]["id"]
                for _ in "12"
            }
        assert len(made) == expected
        assert box.counts()["POST /api/crm/contacts"] == {"requests": 2, "created": expected}


def test_a_reset_puts_the_seed_back(launch: Callable[..., Box]) -> None:
    box = launch()
    service_key = box.service_key
    with box.speaker(0) as client:
        before = client.get("/api/crm/contacts?limit=200").json()
        for _ in range(2):
            client.post("/api/crm/contacts", json={"firstName": "Gone"})
            client.delete(f"/api/crm/contacts/{before['data'][0]['id']}")
            box.fault(status=500)
            assert box.http.post("/_control/reset").status_code == 204
            assert client.get("/api/crm/contacts?limit=200").json() == before
    tenant = box.tenants[0]["business_id"]
    answered = box.http.get(f"/api/auth/tenants/{tenant}", headers={"Authorization": f"Bearer {service_key}"})
    assert answered.status_code == 200
