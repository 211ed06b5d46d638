"""Ready is an instance whose stores take writes and whose keyring is the database's; each with real stores."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import psycopg
import pytest

from gateway.keys.keyring import Keyring, KeyringInvalid
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.observe import admin
from gateway.process import first_start, readiness
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql, hashed, tenants, tokens
from gateway.stores.sql.migrate import migrate
from tests.stores.postgres import fresh_database, hung
from tests.stores.records import TENANT, TOKEN

NOW = datetime.now(UTC)
LIVING = replace(TOKEN, created_at=NOW, expires_at=NOW + timedelta(days=1))


class _Complete:
    complete = True


async def states(line: RedisConnection, sql: Sql, keys: Keyring | None = None) -> dict[str, bool]:
    """What each check says, as `/readyz` asks them."""
    keys = keys or Keyring.load(Keyring.create())
    checks = readiness.checks(line, sql, keys, cast("Any", _Complete()))
    held = await asyncio.gather(*(admin._holds(name, check) for name, check in checks.items()))
    return dict(zip(checks, held, strict=True))


@pytest.fixture
async def alone(line: RedisConnection) -> AsyncIterator[RedisConnection]:
    """A store that is this test's: it makes it refuse."""
    yield line
    await line.command("CONFIG", "SET", "maxmemory", "0")


async def test_an_instance_with_two_writable_stores_is_ready(line: RedisConnection, url: str) -> None:
    with closing(Sql(url, pool_size=1)) as sql:
        assert await states(line, sql) == {"workers": True, "redis": True, "sql": True, "keyring": True}


async def test_a_full_store_is_not_ready(alone: RedisConnection, url: str) -> None:
    with closing(Sql(url, pool_size=1)) as sql:
        await alone.command("CONFIG", "SET", "maxmemory", "1")
        assert not (await states(alone, sql))["redis"]


async def test_a_database_without_its_layout_is_not_ready(line: RedisConnection, empty_url: str) -> None:
    with closing(Sql(empty_url, pool_size=1)) as sql:
        assert not (await states(line, sql))["sql"]


async def test_a_database_that_only_reads_is_not_ready_and_is_again_when_it_writes(
    line: RedisConnection, postgres_url: str
) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1)) as sql, psycopg.connect(url, autocommit=True) as operator:
            name = operator.info.dbname
            operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
            assert not (await states(line, sql))["sql"]
            operator.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
            # What was read meanwhile made a connection of the old kind, which the first write gives up.
            assert any([(await states(line, sql))["sql"] for _ in range(2)])


async def test_a_hung_database_is_told_within_the_time_of_a_check(line: RedisConnection, postgres_url: str) -> None:
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1, timeout=0.5)) as sql:
            assert (await states(line, sql))["sql"]
            with hung(postgres_url):
                async with asyncio.timeout(admin.CHECK_TIMEOUT + 0.5):
                    assert not (await states(line, sql))["sql"]


async def test_a_database_that_is_away_says_nothing_against_a_keyring_that_agreed(
    line: RedisConnection, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_AGREES", 0.0)
    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1, timeout=0.5)) as sql:
            keys = Keyring.load(Keyring.create())
            checks = readiness.checks(line, sql, keys, cast("Any", _Complete()))
            never = readiness.checks(line, sql, keys, cast("Any", _Complete()))["keyring"]
            assert await checks["keyring"]()
            with hung(postgres_url):
                assert await checks["keyring"]()
                with pytest.raises(StoreUnavailable):
                    await never()


async def test_another_keyring_than_the_databases_is_refused_by_the_ids_of_its_keys(
    line: RedisConnection, url: str
) -> None:
    ours, other = (Keyring.load(Keyring.create()) for _ in range(2))
    with closing(Sql(url, pool_size=1)) as sql:
        await sql.run(tenants.add, replace(TENANT, api_key_sealed=seal_tenant_key(ours, TENANT.id, "key")))
        await first_start.check_keyring(ours, sql)
        with pytest.raises(KeyringInvalid, match=ours.ids("sealing")[0]):
            await first_start.check_keyring(other, sql)
        await sql.run(tokens.insert, replace(LIVING, hash_key_id=ours.hashing_id))
        with pytest.raises(KeyringInvalid, match=ours.hashing_id):
            await first_start.check_keyring(other, sql)
        assert not (await states(line, sql, other))["keyring"]
        assert (await states(line, sql, ours))["keyring"]
        # An instance that has not read the rotated keyring yet would refuse whatever the others make.
        rotated = ours.rotate("hashing")
        await sql.run(tokens.insert, replace(LIVING, id="b" * 24, hash=b"b" * 32, hash_key_id=rotated.hashing_id))
        assert not (await states(line, sql, ours))["keyring"]
        assert (await states(line, sql, rotated))["keyring"]


async def test_a_keyring_needs_no_key_of_what_has_ended(url: str) -> None:
    keys = Keyring.load(Keyring.create()).rotate("hashing")
    current, former = keys.ids("hashing")
    with closing(Sql(url, pool_size=1)) as sql:
        await sql.run(tenants.add, replace(TENANT, api_key_sealed=None))
        expired = replace(LIVING, expires_at=NOW - timedelta(seconds=1), hash_key_id="00000000")
        await sql.run(tokens.insert, expired)
        for n, key_id in enumerate((current, former)):
            await sql.run(tokens.insert, replace(LIVING, id=f"{n}" * 24, hash=f"{n}".encode() * 32, hash_key_id=key_id))
        retired = keys.retire(former)
        with pytest.raises(KeyringInvalid, match=former):
            await first_start.check_keyring(retired, sql)
        await sql.run(hashed.end, former, NOW)
        await first_start.check_keyring(retired, sql)
        assert former not in await sql.read(hashed.living, NOW)


def test_the_check_does_not_look_at_every_token(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    with closing(Sql(url)) as sql, sql.session(read_only=True) as session:
        plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN SELECT min(hash_key_id) FROM tokens")
        assert "USING COVERING INDEX" in str(plan.all())
