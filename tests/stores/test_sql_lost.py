"""A database that is away, busy, hung or read-only: told in time, by name, and used again when it is back."""

import asyncio
import re
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.orm import Session

from gateway.observe import outage
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import is_current, migrate, ready
from tests.stores.pgbouncer import pooled
from tests.stores.postgres import fresh_database, hung, running_postgres
from tests.stores.records import TENANT


def failure(url: str, *statements: str) -> str:
    """What is said when the statements fail."""

    def execute(session: Session) -> None:
        for statement in statements:
            session.execute(text(statement))

    with closing(Sql(url, timeout=0.6)) as sql, pytest.raises(StoreUnavailable) as said:
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
    sql = Sql(url, timeout=0.6)
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        await sql.run(tenants.list)
    other.execute("ROLLBACK")
    other.close()
    assert await sql.run(tenants.list) == ()
    sql.close()


async def test_work_for_which_no_connection_is_free_in_time_is_refused(url: str) -> None:
    sql = Sql(url, pool_size=1, timeout=1.5)
    assert await sql.read(lambda _: 7) == 7
    began = time.monotonic()
    work = [sql.read(lambda _: time.sleep(0.8)) for _ in range(20)]
    ended = await asyncio.gather(*work, return_exceptions=True)
    assert time.monotonic() - began < 3
    refused = [each for each in ended if isinstance(each, StoreUnavailable)]
    assert 18 <= len(refused) < 20 and "no database connection" in str(refused[-1])
    assert await sql.read(lambda _: 7) == 7
    sql.close()


async def test_cancelled_work_gives_its_connection_back_once_and_not_before_it_ends(url: str) -> None:
    sql = Sql(url, pool_size=1, timeout=1.5)
    assert await sql.read(lambda _: 7) == 7
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
    sql._timeout = 15.0
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


async def test_a_postgresql_that_hangs_is_waited_for_no_longer_than_told(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=3, timeout=1.0)) as sql:
            await asyncio.gather(*(sql.read(tenants.list) for _ in range(3)))
            with hung(postgres_url):
                began = time.monotonic()
                # More than there are connections, and once more when those are known to be of no use.
                for _ in range(2):
                    asked = [sql.read(tenants.list) for _ in range(8)]
                    ended = await asyncio.gather(*asked, return_exceptions=True)
                    assert [type(each) for each in ended] == [StoreUnavailable] * 8
                assert time.monotonic() - began < 2.8
            assert await _soon(sql) == ()


async def test_a_hung_postgresql_delays_neither_the_end_nor_the_start_of_a_process(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        sql = Sql(url, pool_size=1, timeout=1.0)
        assert await sql.read(tenants.list) == ()
        with hung(postgres_url):
            asked = asyncio.create_task(sql.read(tenants.list))
            await asyncio.sleep(0)
            began = time.monotonic()
            # In this very thread: no timer of the loop runs meanwhile.
            sql.close()
            assert time.monotonic() - began < 1.8
            with pytest.raises(StoreUnavailable):
                await asked
            began = time.monotonic()
            with pytest.raises(StoreUnavailable):
                migrate(url, timeout=1.0)
            assert not is_current(url, timeout=1.0)
            assert time.monotonic() - began < 6  # a connection is tried for 2 s at least


async def test_a_request_that_has_gone_leaves_no_connection_hanging(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1, timeout=0.5)) as sql:
            assert await sql.read(tenants.list) == ()
            with hung(postgres_url):
                asked = asyncio.create_task(sql.read(tenants.list))
                await asyncio.sleep(0.05)
                asked.cancel()
                async with asyncio.timeout(2):
                    await asyncio.gather(asked, return_exceptions=True)
                    await sql._free.acquire()
                sql._free.release()


async def test_a_database_that_takes_no_writes_is_unavailable_for_them_and_read_on(postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1)) as sql:
            await sql.run(tenants.add, TENANT)
            read_only(url, "on")
            assert await sql.read(tenants.list) == (TENANT,)
            with pytest.raises(StoreUnavailable, match="25006 ReadOnlySqlTransaction"):
                await sql.run(tenants.add, replace(TENANT, name="other"))
            with pytest.raises(StoreUnavailable, match="25006"):
                await sql.run(ready)
            with psycopg.connect(url) as admin:
                admin.execute("SET TRANSACTION READ WRITE")
                admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = off".encode())
            # The old connection would refuse for ever: it was dropped at the refusal.
            assert await sql.run(ready)


async def test_writes_find_the_new_primary_when_the_old_one_is_demoted(postgres_url: str) -> None:
    with fresh_database(postgres_url) as first, running_postgres() as second_server:
        name = make_url(first).database
        with psycopg.connect(second_server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"'.encode())
        folder = parse_qs(urlsplit(second_server).query)["host"][0]
        both, second = f"{first}&host={folder}", second_server.replace("/postgres?", f"/{name}?")
        for url in (first, second):
            migrate(url)
        with closing(Sql(both, pool_size=2)) as sql:
            await sql.run(tenants.add, TENANT)
            read_only(first, "on")
            # Whatever a write finds out, what was read before it goes on.
            assert await sql.read(tenants.list) in {(TENANT,), ()}
            await asyncio.gather(sql.run(ready), sql.run(ready), return_exceptions=True)
            await sql.run(tenants.add, replace(TENANT, name="after the failover"))
        with closing(Sql(second)) as alone:
            assert [tenant.name for tenant in await alone.read(tenants.list)] == ["after the failover"]


@pytest.mark.parametrize(("state", "says"), [("42501", "InsufficientPrivilege"), ("0A000", "FeatureNotSupported")])
async def test_what_the_database_does_not_let_the_gateway_do_is_a_database_that_failed(
    postgres_url: str, state: str, says: str
) -> None:
    with fresh_database(postgres_url) as url, closing(Sql(url, pool_size=1)) as sql:
        failing = text(f"DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END $$")
        with pytest.raises(StoreUnavailable, match=f"SQLSTATE {state} {says}"):
            await sql.run(lambda session: session.execute(failing))


async def test_a_pooler_that_gives_connections_by_the_transaction_works(postgres_url: str) -> None:
    with fresh_database(postgres_url) as direct, pooled(direct) as url:
        migrate(url)
        # More sessions than the pooler has connections, and each statement often enough to be worth preparing.
        with closing(Sql(url, pool_size=8, timeout=10.0)) as sql, closing(Sql(url, pool_size=8, timeout=10.0)) as other:
            await sql.run(tenants.add, TENANT)
            asked = [each.read(tenants.get, TENANT.id) for _ in range(100) for each in (sql, other)]
            assert await asyncio.gather(*asked) == [TENANT] * 200
            for _ in range(10):
                assert await sql.run(ready)
            limits = await sql.read(lambda session: session.execute(text("SHOW statement_timeout")).scalar_one())
            assert limits == "8s"
            prepared = await sql.read(lambda session: session.execute(text("TABLE pg_prepared_statements")).all())
            assert prepared == []
        with closing(Sql(url, pool_size=1, timeout=1.0)) as sql, pytest.raises(StoreUnavailable, match="57014"):
            await sql.read(lambda session: session.execute(text("SELECT pg_sleep(9)")))


async def test_an_outage_is_told_once_with_reason_and_host_and_its_end_with_its_length(
    postgres_url: str, logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "HELD", 0.0)
    with fresh_database(postgres_url) as url, closing(Sql(f"{url}&password=hunter2", timeout=2.0)) as sql:
        with psycopg.connect(postgres_url, autocommit=True) as admin:
            name = sql._engine.url.database
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'.encode())
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await sql.read(lambda _: None)
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'.encode())
        for _ in range(3):
            await sql.read(lambda _: None)
    lost, back = [line for line in logged() if line["event"].startswith("store ")]
    assert (lost["event"], lost["store"], lost["host"]) == ("store lost", "sql", f"the local socket/{name}")
    assert "not currently accepting connections" in lost["reason"]
    assert (back["event"], back["store"]) == ("store back", "sql") and back["seconds"] >= 0
    assert "hunter2" not in str((lost, back)) and "tester" not in str((lost, back))


def read_only(url: str, state: str) -> None:
    """Whether new connections to the database may write; the old ones end."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = {state}".encode())
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def _soon(sql: Sql) -> object:
    """What the database says when it answers again."""
    async with asyncio.timeout(10):
        while True:
            try:
                return await sql.read(tenants.list)
            except StoreUnavailable:
                await asyncio.sleep(0.05)
