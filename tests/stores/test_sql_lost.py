"""A database that is away, busy, hung or read-only: told in time, by name, and used again when it is back."""

import asyncio
import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import is_current, migrate
from tests.stores.postgres import fresh_database


def failure(url: str, *statements: str) -> str:
    """What is said when the statements fail."""

    def execute(session: Session) -> None:
        for statement in statements:
            session.execute(text(statement))

    with closing(Sql(url, timeout=0.1)) as sql, pytest.raises(StoreUnavailable) as said:
        asyncio.run(sql.run(execute))
    return str(said.value)


def test_a_failure_of_sqlite_names_the_file_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "x.db"
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = failure(f"sqlite:///{file}", "SELECT 1")
    assert f"{file}: database is locked: another process keeps it locked" in locked
    lost = failure(f"sqlite:///{tmp_path}/none/x.db", "SELECT 1")
    assert f"{tmp_path}/none/x.db: unable to open database file: give this user" in lost
    file.write_bytes(b"garbage" * 999)
    assert "file is not a database" in failure(f"sqlite:///{file}", "SELECT 1")
    with pytest.raises(StoreUnavailable, match="file is not a database: restore it from the backup"):
        migrate(f"sqlite:///{file}")


def test_a_failure_of_postgresql_names_host_and_reason_and_never_who_connects(postgres_url: str) -> None:
    refused = failure("postgresql://somebody:hunter2@127.0.0.1:1/x", "SELECT 1")
    assert "127.0.0.1:1/x: Connection refused" in refused
    unknown = failure("postgresql://somebody:hunter2@nowhere.invalid/x", "SELECT 1")
    assert "nowhere.invalid:5432/x: " in unknown
    assert not {"hunter2", "somebody"} & set(re.findall(r"\w+", refused + unknown))
    slow = failure(postgres_url, "SET LOCAL statement_timeout = 1", "SELECT pg_sleep(1)")
    assert "SQLSTATE 57014" in slow


async def test_an_unreachable_database_is_a_store_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/no/such/dir.db", f"postgresql://u@/d?host={tmp_path}"):
        sql = Sql(url)
        with pytest.raises(StoreUnavailable):
            await sql.read(tenants.list)
        assert not is_current(url)
        with pytest.raises(StoreUnavailable):
            migrate(f"postgresql://u@/d?host={tmp_path}")
        sql.close()


async def test_a_locked_sqlite_fails_in_time(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    sql = Sql(url, timeout=0.1)
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await sql.run(tenants.list)
    other.execute("ROLLBACK")
    other.close()
    assert await sql.run(tenants.list) == ()
    sql.close()


async def test_work_for_which_no_connection_is_free_in_time_is_refused(url: str) -> None:
    sql = Sql(url, pool_size=1, timeout=0.3)
    began = time.monotonic()
    work = [sql.read(lambda _: time.sleep(0.2)) for _ in range(20)]
    ended = await asyncio.gather(*work, return_exceptions=True)
    assert time.monotonic() - began < 2
    refused = [each for each in ended if isinstance(each, StoreUnavailable)]
    assert 18 <= len(refused) < 20 and "no database connection" in str(refused[0])
    assert await sql.read(lambda _: 7) == 7
    sql.close()


async def test_cancelled_work_gives_its_connection_back_once_and_not_before_it_ends(url: str) -> None:
    sql = Sql(url, pool_size=1, timeout=0.1)
    begun, go_on = threading.Event(), threading.Event()

    def hold(_: Session) -> None:
        begun.set()
        go_on.wait(10)

    holding = asyncio.create_task(sql.read(hold))
    assert await asyncio.to_thread(begun.wait, 10)
    waiting = asyncio.create_task(sql.read(tenants.list))
    await asyncio.sleep(0)
    for task in (waiting, holding):
        task.cancel()
    await asyncio.gather(waiting, holding, return_exceptions=True)
    with pytest.raises(StoreUnavailable):
        await sql.read(tenants.list)
    go_on.set()
    sql._timeout = 5.0
    assert await sql.read(lambda _: 7) == 7
    assert sql._free._value == 1
    sql.close()


async def test_a_restarted_postgresql_is_used_again(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        sql = Sql(url, pool_size=1)
        assert await sql.read(tenants.list) == ()
        with psycopg.connect(url) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        assert await sql.read(tenants.list) == ()
        sql.close()
