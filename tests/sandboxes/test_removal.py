"""What is left of a sandbox when it is over: nothing but what the audit says of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, LargeBinary

from gateway.sandboxes import expiry
from gateway.stores.sql import Session, Sql, sandboxes, tenants
from gateway.stores.sql.models import Base, Instant
from gateway.stores.sql.tenants import Tenant

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
# Of no tenant, or of one that is no sandbox: a sandbox has no apps of its own.
SHARED = {"clients", "client_secrets", "webhook_templates", "webhook_couriers", "audit"}


def _value(column: Any, who: str) -> Any:
    if column.name in {"tenant_id", "owner_tenant_id"}:
        return who
    if column.foreign_keys:
        (foreign,) = column.foreign_keys
        return None if column.nullable else ("app" if foreign.column.table.name == "clients" else _key(who))
    match column.type:
        case Instant() | DateTime():
            return NOW
        case Date():
            return NOW.date()
        case LargeBinary():
            return f"{who} {column}".encode()[:32]
        case Boolean() | Integer():
            return 1
        case JSON():
            return []
    return "app" if column.name == "client_id" else _key(who)


def _key(who: str) -> str:
    return f"of-{who}"[:12]


def _fill(session: Session, who: str) -> None:
    """A row in every table, each of which belongs to the tenant, by its own column or by what it is beneath."""
    for table in Base.metadata.sorted_tables:
        if table.name in SHARED or table.name == "tenants":
            continue
        row = {column.name: _value(column, who) for column in table.columns}
        session.execute(insert(table).values(row))


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.fixture
def sql(migrated_file: Path, tmp_path: Path) -> Any:
    shutil.copy(migrated_file, tmp_path)
    made = Sql(f"sqlite:///{tmp_path}/{migrated_file.name}")
    yield made
    made.close()


def _app(session: Session) -> None:
    table = Base.metadata.tables["clients"]
    row = {column.name: _value(column, "app") for column in table.columns}
    session.execute(insert(table).values({**row, "id": "app", "owner_tenant_id": None}))


async def test_no_row_of_any_table_stays_and_none_of_others_goes(sql: Sql) -> None:
    def write(session: Session) -> None:
        _app(session)
        for who, mode in (("clxone", "test"), ("clxtwo", "test")):
            tenants.add(session, Tenant(who, who, None, NOW, mode=mode, owner_id="clxowner", expires_at=NOW))  # type: ignore[arg-type]
            _fill(session, who)

    await sql.run(write)
    ended = await sql.run(sandboxes.remove, "clxone")
    assert ended == ((_key("clxone"), 2),)

    def left(session: Session) -> dict[str, int]:
        return {table.name: _count(session, table) for table in Base.metadata.sorted_tables if table.name not in SHARED}

    counts = await sql.read(left)
    assert set(counts.values()) == {1}, counts


async def test_a_workspace_is_never_removed_as_a_sandbox(sql: Sql) -> None:
    await sql.run(tenants.add, Tenant("clxlive", "Acme", None, NOW))
    assert await sql.run(sandboxes.remove, "clxlive") == ()
    assert await sql.read(tenants.get, "clxlive") is not None


async def test_those_that_have_ended_are_found_and_the_others_listed(sql: Sql) -> None:
    def write(session: Session) -> None:
        for who, owner, minutes in (("clxa", "clxo", -1), ("clxb", "clxo", 1), ("clxc", None, 1)):
            ends = NOW + timedelta(minutes=minutes)
            tenants.add(session, Tenant(who, who, None, NOW, mode="test", owner_id=owner, expires_at=ends))
        tenants.add(session, Tenant("clxlive", "Acme", None, NOW))

    await sql.run(write)
    assert [each.id for each in await sql.read(sandboxes.expired, NOW, 10)] == ["clxa"]
    assert [each.id for each in await sql.read(sandboxes.list, "clxo", NOW)] == ["clxb"]
    assert {each.id for each in await sql.read(sandboxes.list, None, NOW)} == {"clxb", "clxc"}
    assert await sql.read(sandboxes.living, "clxo", NOW) == await sql.read(sandboxes.living, None, NOW) == 1
    assert [each.id for each in await sql.read(tenants.list)] == ["clxlive"]


async def test_whatever_fails_sandboxes_that_have_ended_are_looked_for_again(
    monkeypatch: pytest.MonkeyPatch, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    tries = asyncio.Semaphore(0)

    async def once(*_: Any) -> int:
        tries.release()
        raise TypeError("a program tells a moment without a zone")

    monkeypatch.setattr(expiry, "PAUSE", 0.01)
    monkeypatch.setattr(expiry, "once", once)
    nobody: Any = None
    following = asyncio.create_task(expiry.follow(nobody, nobody, alone=False))
    async with asyncio.timeout(5):
        for _ in range(3):
            await tries.acquire()
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    told = {(line["level"], line["event"], line["error"]) for line in logged()}
    assert told == {("error", "sandboxes not removed yet", "builtins.TypeError")}
