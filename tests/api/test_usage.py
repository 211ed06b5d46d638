"""Counts on their way from a worker to SQL: what cannot be written today is written later."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import select, text

from gateway.api import usage
from gateway.api.usage import Usage
from gateway.auth.caller import Caller
from gateway.stores.sql import Session, Sql, batches
from gateway.stores.sql import usage as stored
from gateway.stores.sql.batches import Batches
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.usage_models import UsageRow

CALLER = Caller(
    digest=b"",
    token_id="a" * 24,
    kind="personal",
    audience="api",
    tenant_id="clx1",
    tenant_name="Example",
    plan="",
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


def _days(session: Session) -> list[date]:
    return list(session.scalars(select(UsageRow.day)))


def _do(statement: str) -> Callable[[Session], None]:
    return lambda session: cast("None", session.execute(text(statement)))


async def test_counts_that_the_database_refuses_are_written_once_it_takes_them(
    monkeypatch: pytest.MonkeyPatch, sql: Sql, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(batches, "FLUSH", 0.02)
    await sql.run(_do("CREATE TRIGGER full BEFORE INSERT ON usage BEGIN SELECT RAISE(ABORT, 'full'); END"))
    counts = Usage()
    writing = Batches(sql, *counts.batches)
    writing.start()
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    await _until(lambda: len(logged()) >= 2)
    assert {(line["level"], line["event"], line["reason"]) for line in logged()} == {
        ("error", "usage not recorded yet", "SQLITE_CONSTRAINT_TRIGGER")
    }
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    await sql.run(_do("DROP TRIGGER full"))
    began = time.monotonic()
    while await sql.read(_written) < 2:
        assert time.monotonic() - began < 20
    await writing.stop()
    assert await sql.read(_written) == 2


async def test_what_waits_for_the_database_when_everything_ends_is_written_all_the_same(
    monkeypatch: pytest.MonkeyPatch, sql: Sql
) -> None:
    monkeypatch.setattr(batches, "FLUSH", 0.02)
    leave = threading.Event()
    busy = [asyncio.create_task(sql.read(lambda _: leave.wait(2))) for _ in range(5)]
    await asyncio.sleep(0.1)
    counts = Usage()
    writing = Batches(sql, *counts.batches)
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    writing.start()
    await _until(lambda: not counts._counts)
    stopping = asyncio.create_task(writing.stop())
    await asyncio.sleep(0.1)
    leave.set()
    await asyncio.gather(stopping, *busy)
    assert await sql.read(_written) == 1


async def test_what_is_too_old_is_forgotten_once_a_day(monkeypatch: pytest.MonkeyPatch, sql: Sql) -> None:
    monkeypatch.setattr(batches, "FLUSH", 0.02)
    today = datetime.now(UTC).date()
    kept, old = (
        stored.Count("a" * 24, today - usage.KEPT - timedelta(days=age), "", "ok", "t", "u", 1) for age in (0, 1)
    )
    counts = Usage()
    await sql.run(stored.add, [kept, old])
    writing = Batches(sql, *counts.batches)
    writing.start()
    began = time.monotonic()
    while await sql.read(_days) != [kept.day]:
        assert time.monotonic() - began < 20
    await sql.run(stored.add, [old])
    for _ in range(3):
        counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
        await _until(lambda: not counts._counts)
    await writing.stop()
    assert set(await sql.read(_days)) == {today, kept.day, old.day}


async def test_what_cannot_be_forgotten_does_not_keep_counts_from_being_written(
    monkeypatch: pytest.MonkeyPatch, sql: Sql, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(batches, "FLUSH", 0.02)
    old = stored.Count("a" * 24, date(2020, 1, 1), "", "ok", "t", "u", 1)
    await sql.run(stored.add, [old])
    await sql.run(_do("CREATE TRIGGER kept BEFORE DELETE ON usage BEGIN SELECT RAISE(ABORT, 'kept'); END"))
    counts = Usage()
    counts.note(CALLER, "2026-09-01", 200, "203.0.113.7")
    writing = Batches(sql, *counts.batches)
    writing.start()
    await _until(lambda: len(logged()) >= 2)
    assert {(line["level"], line["event"]) for line in logged()} == {("error", "old usage not forgotten yet")}
    assert await sql.read(_written) == 1
    await sql.run(_do("DROP TRIGGER kept"))
    began = time.monotonic()
    while old.day in await sql.read(_days):
        assert time.monotonic() - began < 20
    await writing.stop()
    assert await sql.read(_written) == 1
