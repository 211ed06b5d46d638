"""The listings of operators: the same rows from a file and from a session, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.stores import listings
from gateway.stores.listings import Listing, Row
from gateway.stores.sql import Sql, audit, clients, grants, listing, tenants, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.clients import Client, Secret
from gateway.stores.sql.grants import Grant
from tests.stores.records import NOW, TENANT, TOKEN

LATER = NOW + timedelta(hours=1)
OTHER = replace(TENANT, id="clx2", name="Another")
GONE = replace(TENANT, id="clx3", name="Gone")
CLIENT = Client(
    "app_1", "App", "none", ("https://a.example/cb", "http://127.0.0.1/"), ("contact.read",), ("code",), NOW, "cli"
)
GRANT = Grant(
    "g" * 24, "app_1", "clx1", "clxu", "u@example.com", ("contact.read", "deal.read"), "https://i", NOW, LATER
)
APPS = replace(TOKEN, id="b" * 24, hash=b"b" * 32, kind="app", family=GRANT.id, last_used_at=LATER)
MINE = replace(TOKEN, created_at=LATER, revoked_at=LATER, revoked_reason="lost")
SECRETS = [Secret(f"s{n}", "app_1", bytes([n]) * 32, "00000001", f"gw_cs_{n}", NOW + timedelta(n)) for n in (1, 2)]
DETAIL = {"name": "Å", "list": [1, None]}
NOBODY: dict[str, object] = {"tenant": None, "id": None, "client": None}


@pytest.fixture
def filled(sql: Sql) -> Sql:
    with sql.session() as session:
        for tenant in (OTHER, GONE):
            tenants.add(session, tenant)
        tenants.remove(session, GONE.id, LATER)
        clients.add(session, CLIENT)
        for secret in SECRETS:
            clients.add_secret(session, secret)
        grants.insert(session, GRANT)
        tokens.insert(session, MINE)
        tokens.insert(session, APPS)
        for number in range(3):
            event = Event(at=NOW, tenant_id="clx1", actor="cli", action=f"a.{number}", subject="s", detail=DETAIL)
            audit.append(session, event)
    return sql


def rows(filled: Sql, wanted: Listing, **values: object) -> list[Row]:
    with filled.session(read_only=True) as session:
        return listing.rows(session, wanted, NOBODY | values)


def test_what_is_stored_is_listed_in_order_and_in_types_of_python(filled: Sql) -> None:
    assert rows(filled, listings.TENANTS) == [
        {"id": each.id, "name": each.name, "created_at": NOW, "plan": None} for each in (OTHER, TENANT)
    ]
    first, second = rows(filled, listings.TOKENS)
    assert (first["id"], first["scopes"], first["revoked_at"], first["last_used_at"]) == (
        *(MINE.id, MINE.scopes, LATER),
        None,
    )
    assert (second["id"], second["kind"], second["last_used_at"]) == (APPS.id, "app", LATER)
    assert all(row[name] == getattr(MINE, name) for row in (first,) for name in first if name != "rotated_to")
    (client,) = rows(filled, listings.CLIENTS)
    assert {name: tuple(value) if isinstance(value, list) else value for name, value in client.items()} == {
        name: getattr(CLIENT, name) for name in client
    }
    assert [row["display_prefix"] for row in rows(filled, listings.CLIENT_SECRETS, id="app_1")] == [
        "gw_cs_2",
        "gw_cs_1",
    ]
    (grant,) = rows(filled, listings.GRANTS)
    assert grant == {name: getattr(GRANT, name) for name in grant if name != "last_used_at"} | {"last_used_at": LATER}
    entries = rows(filled, listings.AUDIT, after=0, count=2)
    assert [(row["action"], row["at"], row["detail"]) for row in entries] == [
        ("a.2", NOW, DETAIL),
        ("a.1", NOW, DETAIL),
    ]
    assert [row["action"] for row in rows(filled, listings.AUDIT, after=entries[1]["id"], count=9)] == ["a.2"]


def test_a_listing_is_of_one_tenant_or_app_if_one_is_named(filled: Sql) -> None:
    for wanted in (listings.TOKENS, listings.GRANTS, listings.AUDIT):
        for tenant, some in (("clx1", True), ("clx2", False), ("x' OR 1=1 --", False)):
            assert bool(rows(filled, wanted, tenant=tenant, after=0, count=9)) is some
    assert [row["id"] for row in rows(filled, listings.TOKENS, id=APPS.id)] == [APPS.id]
    assert rows(filled, listings.CLIENTS, id="app_2") == rows(filled, listings.GRANTS, client="app_2") == []


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_file_gives_what_a_session_gives(filled: Sql, url: str) -> None:
    for wanted in (listings.TENANTS, listings.TOKENS, listings.CLIENTS, listings.GRANTS, listings.AUDIT):
        values = NOBODY | {"after": 0, "count": 9}
        found = listings.of_file(Path(url.removeprefix("sqlite:///")), wanted, values)
        assert found == rows(filled, wanted, **values) != []


def test_a_removed_tenant_is_none_until_it_is_added_again(sql: Sql) -> None:
    with sql.session() as session:
        tenants.remove(session, TENANT.id, LATER)
    with sql.session() as session:
        assert tenants.get(session, TENANT.id) is None and tenants.list(session) == ()
        tenants.add(session, replace(TENANT, name="Back"))
    with sql.session() as session:
        assert [tenant.name for tenant in tenants.list(session)] == ["Back"]
