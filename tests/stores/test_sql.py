"""Tenants, tokens and audit: each test on SQLite and on PostgreSQL, both real."""

import asyncio
import pkgutil
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib import import_module
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

import gateway.stores.sql
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, audit, tenants, tokens
from gateway.stores.sql.audit import Event
from gateway.stores.sql.engine import open_engine
from gateway.stores.sql.migrate import is_current, migrate
from gateway.stores.sql.models import Base
from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.tokens import NotRotatable, Token
from tests.stores.postgres import fresh_database, running_postgres

NOW = datetime(2026, 6, 1, 12, 0, 0, 123456, tzinfo=UTC)
TENANT = Tenant("clx1", "Ünïcode & Söhne", "sealed", NOW)
TOKEN = Token(
    id="a" * 24,
    tenant_id="clx1",
    user_id="clxu",
    user_email="u@example.com",
    name="CI",
    kind="personal",
    hash=b"\x00" * 31 + b"a",
    hash_key_id="00000001",
    display_prefix="gw_pat_abcd",
    scopes=("contact.read", "deal.all"),
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
    family="a" * 24,
)

MIGRATE = """
import sys
import alembic.command
from gateway.stores.sql.migrate import migrate
print("ready", flush=True)
sys.stdin.readline()
migrate(sys.argv[1])
"""
ROTATE = """
import sys
from datetime import datetime, timedelta, UTC
from dataclasses import replace
from gateway.stores.sql import Sql, tokens
sql = Sql(sys.argv[1])
with sql.session(read_only=True) as session:
    old = tokens.get(session, None, "a" * 24)
print("ready", flush=True)
sys.stdin.readline()
successor = replace(old, id=sys.argv[2] * 24, hash=sys.argv[2].encode() * 32, replaces=old.id)
try:
    with sql.session() as session:
        tokens.rotate(session, successor, old.created_at + timedelta(days=1), old.created_at)
    print("rotated")
except tokens.NotRotatable:
    print("refused")
"""


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/gateway.db"
    else:
        with fresh_database(request.getfixturevalue("postgres_url")) as url:
            yield url


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "gateway.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def migrated_database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        migrate(url)
        yield str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of the newest layout: a copy, because each migration takes its time."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path)
        yield f"sqlite:///{tmp_path}/gateway.db"
    else:
        template = request.getfixturevalue("migrated_database")
        with fresh_database(request.getfixturevalue("postgres_url"), template) as url:
            yield url


@pytest.fixture
def sql(url: str) -> Iterator[Sql]:
    sql = Sql(url)
    with sql.session() as session:
        tenants.add(session, TENANT)
    yield sql
    sql.close()


@pytest.fixture
def session(sql: Sql) -> Iterator[Session]:
    with sql.session() as session:
        yield session


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def go(process: subprocess.Popen[str]) -> None:
    """Lets the process go on, once it is ready."""
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "ready\n"
    process.stdin.write("\n")
    process.stdin.flush()


def successor_of(old: Token, mark: str) -> Token:
    return replace(old, id=mark * 24, hash=mark.encode() * 32, replaces=old.id, created_at=NOW + timedelta(hours=1))


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


def test_a_token_is_read_as_it_was_inserted_by_hash_and_by_id(session: Session) -> None:
    tokens.insert(session, TOKEN)
    session.expire_all()
    assert tokens.by_hash(session, [b"\x01" * 32, TOKEN.hash]) == TOKEN
    assert tokens.get(session, "clx1", TOKEN.id) == TOKEN
    assert tokens.get(session, None, TOKEN.id) == TOKEN
    assert tokens.by_hash(session, [b"\x01" * 32]) is None
    assert tokens.by_hash(session, []) is None


def test_a_token_of_another_tenant_can_neither_be_read_nor_revoked_nor_rotated(session: Session) -> None:
    tenants.add(session, Tenant("clx2", "Other", None, NOW))
    tokens.insert(session, TOKEN)
    assert tokens.get(session, "clx2", TOKEN.id) is None
    assert tokens.revoke(session, "clx2", TOKEN.id, "theft", NOW) is None
    with pytest.raises(NotRotatable):
        tokens.rotate(session, replace(successor_of(TOKEN, "b"), tenant_id="clx2"), NOW, NOW)
    assert tokens.get(session, "clx1", TOKEN.id) == TOKEN


@pytest.mark.parametrize("clash", [{"id": "b" * 24}, {"hash": b"\x01" * 32}, {"tenant_id": "none", "id": "c" * 24}])
def test_a_second_token_with_the_same_hash_or_id_or_without_a_tenant_is_refused(
    sql: Sql, clash: dict[str, object]
) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
    with pytest.raises(IntegrityError), sql.session() as session:
        tokens.insert(session, replace(TOKEN, **clash))  # type: ignore[arg-type] # the values fit their fields


def test_a_revocation_raises_the_generation_once_and_keeps_its_first_reason(session: Session) -> None:
    tokens.insert(session, TOKEN)
    revoked = tokens.revoke(session, "clx1", TOKEN.id, "leaked", NOW)
    assert revoked == replace(TOKEN, revoked_at=NOW, revoked_reason="leaked", generation=2)
    assert tokens.revoke(session, "clx1", TOKEN.id, "again", NOW + timedelta(days=1)) == revoked


def test_a_rotation_shortens_the_old_token_to_the_overlap_and_links_both(session: Session) -> None:
    tokens.insert(session, TOKEN)
    successor = successor_of(TOKEN, "b")
    ends = NOW + timedelta(hours=24)
    old = tokens.rotate(session, successor, ends, NOW)
    assert old == replace(TOKEN, expires_at=ends, rotated_to=successor.id, generation=2)
    assert tokens.get(session, "clx1", TOKEN.id) == old
    assert tokens.get(session, "clx1", successor.id) == successor
    assert successor.family == old.family


def test_a_rotation_never_prolongs_the_old_token(session: Session) -> None:
    tokens.insert(session, replace(TOKEN, expires_at=NOW + timedelta(minutes=1)))
    old = tokens.rotate(session, successor_of(TOKEN, "b"), NOW + timedelta(hours=24), NOW)
    assert old.expires_at == NOW + timedelta(minutes=1)


def test_a_revoked_expired_or_rotated_token_cannot_be_rotated_and_no_successor_stays(sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
        tokens.rotate(session, successor_of(TOKEN, "b"), NOW, NOW)
        for mark, state in {"c": {"revoked_at": NOW}, "d": {"expires_at": NOW}}.items():
            tokens.insert(session, replace(TOKEN, id=mark * 24, hash=mark.encode() * 32, **state))  # type: ignore[arg-type] # as above
    for old in (TOKEN.id, "c" * 24, "d" * 24):
        with pytest.raises(NotRotatable), sql.session() as session:
            tokens.rotate(session, replace(successor_of(TOKEN, "e"), replaces=old), NOW, NOW)
    with sql.session() as session:
        assert tokens.get(session, None, "e" * 24) is None


def test_of_two_processes_that_rotate_one_token_one_succeeds(url: str, sql: Sql) -> None:
    with sql.session() as session:
        tokens.insert(session, TOKEN)
    workers = [start(ROTATE, url, mark) for mark in "bc"]
    for worker in workers:
        go(worker)
    assert sorted(worker.communicate()[0] for worker in workers) == ["refused\n", "rotated\n"]
    with sql.session() as session:
        assert len(tokens.list(session)) == 2


def test_listing_pages_through_all_tokens_newest_first_with_the_dead_ones(session: Session) -> None:
    made = [
        replace(TOKEN, id=f"{n:024}", hash=bytes([n]) * 32, created_at=NOW + timedelta(hours=n // 2)) for n in range(9)
    ]
    for token in made:
        tokens.insert(session, token)
    tokens.revoke(session, "clx1", made[4].id, "x", NOW)
    pages, last = [], None
    while page := tokens.list(session, "clx1", limit=4, before=last):
        pages.append([token.id for token in page])
        last = page[-1]
    assert pages == [[f"{n:024}" for n in part] for part in ((8, 7, 6, 5), (4, 3, 2, 1), (0,))]
    assert tokens.list(session, "clx2") == ()
    assert len(tokens.list(session, user_id="clxu")) == 9
    assert tokens.list(session, user_id="other") == ()


def test_last_use_is_noted_in_batches_and_never_moved_back(session: Session) -> None:
    other = replace(TOKEN, id="b" * 24, hash=b"b" * 32)
    tokens.insert(session, TOKEN)
    tokens.insert(session, other)
    later = NOW + timedelta(minutes=5)
    tokens.touch_last_used(session, {TOKEN.id: later, other.id: NOW, "unknown": NOW})
    tokens.touch_last_used(session, {TOKEN.id: NOW, other.id: later})
    assert [token.last_used_at for token in tokens.list(session)] == [later, later]
    assert all(token.generation == 1 for token in tokens.list(session))
    tokens.touch_last_used(session, {})


def test_moments_come_back_in_utc_whatever_zone_they_were_given_in(session: Session) -> None:
    berlin = NOW.astimezone(timezone(timedelta(hours=2)))
    tokens.insert(session, replace(TOKEN, created_at=berlin))
    session.expire_all()
    found = tokens.get(session, None, TOKEN.id)
    assert found is not None
    assert found.created_at == NOW
    assert found.created_at.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(sql: Sql) -> None:
    with pytest.raises(Exception, match="time zone"), sql.session() as session:
        tokens.insert(session, replace(TOKEN, created_at=NOW.replace(tzinfo=None)))


def test_the_audit_log_is_read_from_its_end(session: Session) -> None:
    events = [
        Event(NOW, f"clx{n % 2}", "user:clxu", "token.created", f"token:{n}", "192.0.2.1", {"scopes": ["a", "ü"]})
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
        audit.append(session, Event(NOW, None, "cli", "tenant.added", "tenant:clx1"))
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


def test_no_plaintext_token_can_be_in_the_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    sql = Sql(url)
    with sql.session() as session:
        tenants.add(session, TENANT)
        tokens.insert(session, TOKEN)
    sql.close()
    columns = {column.name for column in Base.metadata.tables["tokens"].columns}
    assert columns.isdisjoint({"token", "secret", "plaintext"})
    assert b"gw_pat_abcd" in (tmp_path / "gateway.db").read_bytes()


@pytest.mark.parametrize("url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:"])
def test_another_database_or_one_that_cannot_be_shared_is_refused(url: str) -> None:
    with pytest.raises((ValueError, ImportError), match=r"must be|needs a file"):
        Sql(url)
