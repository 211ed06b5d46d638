"""An outage that writes alone meet: a primary that has become a standby, a disk that is full."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg
import pytest

from gateway.observe import outage
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import migrate, ready
from tests.stores.postgres import fresh_database
from tests.stores.test_sql_lost import read_only


async def test_an_outage_of_writes_is_told_once_and_is_over_when_one_works_however_much_is_read_meanwhile(
    postgres_url: str, logged: Callable[[], list[dict[str, Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outage, "HELD", 0.0)

    def told() -> list[str]:
        return [line["event"] for line in logged() if line["event"].startswith("store ")]

    with fresh_database(postgres_url) as url:
        migrate(url)
        with closing(Sql(url, pool_size=1)) as sql:
            read_only(url, "on")
            for _ in range(3):
                assert await sql.read(tenants.list) == ()
                with pytest.raises(StoreUnavailable, match="25006"):
                    await sql.run(ready)
            assert told() == ["store lost"]
            with psycopg.connect(url) as admin:
                admin.execute("SET TRANSACTION READ WRITE")
                admin.execute(f"ALTER DATABASE {admin.info.dbname} SET default_transaction_read_only = off".encode())
            assert await sql.run(ready)
            assert told() == ["store lost", "store back"]
