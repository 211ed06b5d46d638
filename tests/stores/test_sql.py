"""The database, its layout, tenants and audit: each test on SQLite and on PostgreSQL, both real."""

import asyncio
import pkgutil
import threading
import time
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

import gateway.stores.sql
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, audit, tenants, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.engine import open_engine
from gateway.stores.sql.migrate import _config, is_current, known, migrate
from gateway.stores.sql.models import Base
from gateway.stores.sql.tenants import Tenant
from tests.stores.records import NOW, TENANT, TOKEN, go, start

MIGRATE = """
import sys
import alembic.command
from gateway.stores.sql.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(sys.argv[1])
"""


def test_the_models_and_the_migrations_describe_the_same_tables(url: str) -> None:
    for module in pkgutil.iter_modules(gateway.stores.sql.__path__):
        import_module(f"gateway.stores.sql.{module.name}")  # so that the models of every area are known
    engine = open_engine(url, pool_size=1, timeout=5)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    engine.dispose()


def test_a_database_is_current_only_after_its_migration(empty_url: str) -> None:
    assert not is_current(empty_url)
    migrate(empty_url)
    assert is_current(empty_url)
    migrate(empty_url)
    assert is_current(empty_url)


def test_a_layout_of_a_later_release_is_worked_with(empty_url: str) -> None:
    migrate(empty_url)
    engine = open_engine(empty_url, pool_size=1, timeout=5)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    engine.dispose()
    migrate(empty_url)
    assert is_current(empty_url)


def test_the_files_of_layouts_are_named_for_the_revisions_that_alembic_finds_in_them() -> None:
    scripts = [*ScriptDirectory.from_config(_config()).walk_revisions()]
    assert [script.revision for script in reversed(scripts)] == [*known()]
    assert all(Path(script.path).name.startswith(f"{script.revision}_") for script in scripts)


def test_asking_for_the_layout_of_a_missing_file_does_not_create_it(tmp_path: Path) -> None:
    assert not is_current(f"sqlite:///{tmp_path}/none.db")
    assert list(tmp_path.iterdir()) == []


def test_three_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    starters = [start(MIGRATE, empty_url) for _ in range(3)]
    for starter in starters:
        go(starter)
    for starter in starters:
        _, errors = starter.communicate()
        assert starter.returncode == 0, errors
    assert is_current(empty_url)


def test_a_migration_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    engine = open_engine(empty_url, pool_size=1, timeout=5)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE audit (in_the_way INTEGER)"))
    with pytest.raises(StoreUnavailable, match="could not be migrated"):
        migrate(empty_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE audit"))
    migrate(empty_url)
    assert is_current(empty_url)
    engine.dispose()


def test_a_tenant_is_read_as_it_was_added(session: Session) -> None:
    assert tenants.get(session, "clx1") == TENANT
    assert tenants.get(session, "none") is None


def test_adding_a_tenant_again_replaces_name_and_key_and_keeps_its_age(session: Session) -> None:
    tenants.add(session, Tenant("clx1", "New", None, NOW + timedelta(days=9)))
    assert tenants.get(session, "clx1") == Tenant("clx1", "New", None, NOW)


def test_tenants_are_listed_by_name(session: Session) -> None:
    tenants.add(session, Tenant("clx0", "Alpha", None, NOW))
    assert [tenant.id for tenant in tenants.list(session)] == ["clx0", "clx1"]


def test_the_audit_log_is_read_from_its_end(session: Session) -> None:
    events = [
        Event(
            at=NOW,
            tenant_id=f"clx{n % 2}",
            actor="user:clxu",
            action="token.created",
            subject=f"token:{n}",
            address="192.0.2.1",
            detail={"scopes": ["a", "ü"]},
        )
        for n in range(6)
    ]
    numbers = [audit.append(session, event) for event in events]
    assert numbers == sorted(set(numbers))
    assert [event.subject for event in audit.tail(session, limit=3)] == ["token:3", "token:4", "token:5"]
    assert [event.subject for event in audit.tail(session, "clx1")] == ["token:1", "token:3", "token:5"]
    assert [event.id for event in audit.tail(session, after=numbers[3])] == numbers[4:]
    assert audit.tail(session, limit=1)[0] == replace(events[5], id=numbers[5])


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_the_audit_log(sql: Sql, change: str) -> None:
    with sql.session() as session:
        audit.append(session, Event(at=NOW, tenant_id=None, actor="cli", action="tenant.added", subject="tenant:clx1"))
    with pytest.raises(DBAPIError, match="append-only"), sql.session() as session:
        session.execute(text(change))
    with sql.session() as session:
        assert [event.actor for event in audit.tail(session)] == ["cli"]


def test_a_failure_undoes_the_whole_session(sql: Sql) -> None:
    def fail() -> None:
        with sql.session() as session:
            tokens.insert(session, TOKEN)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with sql.session() as session:
        assert tokens.list(session) == ()


def test_a_reading_session_cannot_write(sql: Sql) -> None:
    with pytest.raises((DBAPIError, StoreUnavailable)), sql.session(read_only=True) as session:
        tokens.insert(session, TOKEN)
    with sql.session() as session:
        assert tokens.list(session) == ()


async def test_work_runs_in_threads_and_reads_do_not_wait_for_a_writer(sql: Sql) -> None:
    loop_thread = threading.get_ident()
    assert await sql.run(lambda _: threading.get_ident()) != loop_thread
    with sql.session() as session:
        tokens.insert(session, TOKEN)
        async with asyncio.timeout(2):
            assert await sql.read(tokens.list) == ()
    assert len(await sql.read(tokens.list)) == 1


async def test_writers_at_once_wait_for_each_other_and_lose_nothing(sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)

    def raise_generation(session: Session) -> None:
        found = session.execute(text("SELECT generation FROM tokens")).scalar_one()
        time.sleep(0.002)
        session.execute(
            text("UPDATE tokens SET generation = generation + 1 WHERE generation >= :found"), {"found": found}
        )

    await asyncio.gather(*(sql.run(raise_generation) for _ in range(30)))
    (token,) = await sql.read(tokens.list)
    assert token.generation == 31


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_another_database_or_one_that_cannot_be_shared_is_refused(url: str) -> None:
    with pytest.raises((ValueError, ImportError), match=r"must be|needs a file"):
        Sql(url)
