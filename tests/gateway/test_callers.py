"""Tokens on their way from SQL to a worker, and their last use on the way back."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import text

from gateway import callers
from gateway.callers import Callers
from gateway.keyring import Keyring
from gateway.stores.sql import Session, Sql, tenants
from gateway.stores.sql import tokens as stored
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.tokens import Token

NOW = datetime.now(UTC)
KEYRING = Keyring.load(Keyring.create())
SECRET = b"any text that was given out"
TOKEN = Token(
    id="a" * 24,
    tenant_id="clx1",
    user_id="clxu",
    user_email="u@example.com",
    name="CI",
    kind="personal",
    hash=KEYRING.hash(SECRET),
    hash_key_id=KEYRING.hashing_id,
    display_prefix="gw_pat_abcd",
    scopes=("contact.read",),
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
    family="a" * 24,
)


@pytest.fixture
def sql(tmp_path: Path) -> Iterator[Sql]:
    url = f"sqlite:///{tmp_path}/gateway.db"
    migrate(url)
    sql = Sql(url)
    with sql.session() as session:
        tenants.add(session, Tenant("clx1", "Example", None, NOW))
        stored.insert(session, TOKEN)
    yield sql
    sql.close()


@pytest.fixture
def known(sql: Sql) -> Callers:
    absent = cast("Any", None)
    return Callers(sql, KEYRING, absent, absent, {}, {})


def _do(statement: str) -> Callable[[Session], None]:
    return lambda session: cast("None", session.execute(text(statement)))


def _last_used(session: Session) -> datetime | None:
    token = stored.get(session, TOKEN.tenant_id, TOKEN.id)
    return token.last_used_at if token is not None else None


async def test_a_last_use_that_the_database_refuses_is_written_once_it_takes_it(
    monkeypatch: pytest.MonkeyPatch, sql: Sql, known: Callers, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(callers, "FLUSH", 0.02)
    await sql.run(_do("CREATE TRIGGER full BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'full'); END"))
    assert await known.find(SECRET) is not None
    flushing = asyncio.create_task(known.flush_regularly())
    async with asyncio.timeout(20):
        while len(logged()) < 2:  # noqa: ASYNC110 - nothing announces what a worker does by itself
            await asyncio.sleep(0.01)
        assert {(line["level"], line["event"]) for line in logged()} == {("error", "last use not recorded yet")}
        assert await sql.read(_last_used) is None
        await sql.run(_do("DROP TRIGGER full"))
        while await sql.read(_last_used) is None:
            pass
    await known.stop(flushing)
