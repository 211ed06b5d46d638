"""Client text that no column can hold: whoever looks for it finds nothing, on either database."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from gateway.oauth import clients as apps
from gateway.stores.errors import NoSuchRow
from gateway.stores.sql import Sql, clients, connections
from gateway.stores.sql.migrate import migrate
from tests.stores.records import NOW, TENANT


@pytest.mark.parametrize("text", ["\0", "a\0b", "app_" + "0" * 23 + "\0", "é", "x" * 10_000, ""])
async def test_an_id_of_an_app_has_a_shape_before_it_is_looked_for(sql: Sql, text: str) -> None:
    assert await sql.read(apps.known, text) is None
    assert await sql.read(apps.live, text) is None


async def test_what_reaches_the_database_without_a_shape_is_not_there(sql: Sql) -> None:
    for look, key in ((clients.get, ("\0",)), (connections.live, (TENANT.id, "\0", NOW))):
        try:
            found = await sql.read(look, *key)
        except NoSuchRow:
            continue  # PostgreSQL
        assert not found


def test_a_new_database_is_for_its_user_alone(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        migrate(f"sqlite:///{tmp_path}/gateway.db")
    finally:
        os.umask(old)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes
