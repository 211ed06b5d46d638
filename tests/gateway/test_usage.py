"""Counts on their way from a worker to SQL: what cannot be written today is written later."""

import asyncio
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from gateway import usage
from gateway.exchange import Caller
from gateway.stores.sql import Session, Sql
from gateway.stores.sql import usage as stored
from gateway.stores.sql.migrate import migrate
from gateway.usage import Usage

CALLER = Caller(
    token_id="a" * 24,
    kind="personal",
    tenant_id="clx1",
    tenant_name="Example",
    user_id="clxu",
    principal="a" * 24,
    scopes=frozenset(),
    expires_at=0.0,
    revoked=False,
    generation=1,
    headers={},
    gates={},
    read_at=0.0,
    logged="",
)


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[Sql]:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    sql = Sql(url)
    yield sql
    sql.close()


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nothing announces what a worker does by itself
            await asyncio.sleep(0.01)


def _written(session: Session) -> int:
    return sum(total.requests for total in stored.by_day(session, "clx1", None, date(2026, 1, 1)))


def _do(statement: str) -> Callable[[Session], None]:
    return lambda session: cast("None", session.execute(text(statement)))


async def test_counts_that_the_database_refuses_are_written_once_it_takes_them(
    monkeypatch: pytest.MonkeyPatch, sql: Sql, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(usage, "FLUSH", 0.02)
    await sql.run(_do("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT RAISE(ABORT, 'full'); END"))
    counts = Usage()
    flushing = asyncio.create_task(counts.flush_regularly(sql))
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    await _until(lambda: len(logged()) >= 2)
    assert {(line["level"], line["event"]) for line in logged()} == {("error", "usage not recorded yet")}
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    await sql.run(_do("DROP TRIGGER full"))
    began = time.monotonic()
    while await sql.read(_written) < 2:
        assert time.monotonic() - began < 20
    await counts.stop(flushing, sql)
    assert await sql.read(_written) == 2
