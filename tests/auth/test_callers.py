"""Tokens on their way from SQL to a worker, and their last use on the way back."""

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine, event, text

from gateway.auth.callers import KEPT, Callers
from gateway.keys.keyring import Keyring
from gateway.stores import redis_url
from gateway.stores.limits import Limiter
from gateway.stores.policies import Policy
from gateway.stores.sql import Session, Sql, batches, tenants
from gateway.stores.sql import tokens as stored
from gateway.stores.sql.batches import Batches
from gateway.stores.sql.tenants import Tenant
from gateway.stores.token_generations import Liveness
from tests.stores.records import TOKEN as STORED
from tests.stores.records import statements

NOW = datetime.now(UTC)
KEYRING = Keyring.load(Keyring.create())
SECRET = b"any text that was given out"
TOKEN = replace(
    STORED,
    hash=KEYRING.hash(SECRET),
    hash_key_id=KEYRING.hashing_id,
    created_at=NOW,
    expires_at=NOW + timedelta(days=90),
)


@pytest.fixture
def sql(migrated_file: Path, tmp_path: Path) -> Iterator[Sql]:
    shutil.copy(migrated_file, tmp_path)
    sql = Sql(f"sqlite:///{tmp_path}/{migrated_file.name}")
    with sql.session() as session:
        tenants.add(session, Tenant("clx1", "Example", None, NOW))
        stored.insert(session, TOKEN)
    yield sql
    sql.close()


@pytest.fixture
def known(sql: Sql) -> Callers:
    absent = cast("Any", None)
    return Callers(sql, KEYRING, absent, absent, {"": {}}, {})


def _do(statement: str) -> Callable[[Session], None]:
    return lambda session: cast("None", session.execute(text(statement)))


def _last_used(session: Session) -> datetime | None:
    token = stored.get(session, TOKEN.tenant_id, TOKEN.id)
    return token.last_used_at if token is not None else None


async def test_a_last_use_that_the_database_refuses_is_written_once_it_takes_it(
    monkeypatch: pytest.MonkeyPatch, sql: Sql, known: Callers, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    monkeypatch.setattr(batches, "FLUSH", 0.02)
    await sql.run(_do("CREATE TRIGGER full BEFORE UPDATE ON tokens BEGIN SELECT RAISE(ABORT, 'full'); END"))
    assert await known.find(SECRET) is not None
    writing = Batches(sql, known.last_uses)
    writing.start()
    async with asyncio.timeout(20):
        while len(logged()) < 2:  # noqa: ASYNC110 - nothing announces what a worker does by itself
            await asyncio.sleep(0.01)
        assert {(line["level"], line["event"], line["reason"]) for line in logged()} == {
            ("error", "last use not recorded yet", "SQLITE_CONSTRAINT_TRIGGER")
        }
        assert await sql.read(_last_used) is None
        await sql.run(_do("DROP TRIGGER full"))
        while await sql.read(_last_used) is None:
            pass
    await writing.stop()


async def test_requests_of_one_token_ask_sql_once_while_the_store_is_lost(known: Callers) -> None:
    caller = await known.find(SECRET)
    assert caller is not None
    old = replace(caller, read_at=caller.read_at - 5)
    with statements() as seen:
        found = await asyncio.gather(*(known.renewed(old, None, lost=True) for _ in range(200)))
    assert len([each for each in seen if "FROM tokens" in each]) == 1
    assert len(set(map(id, found))) == 1 and found[0] is not None


async def test_a_look_up_that_began_before_a_revocation_does_not_answer_for_it(sql: Sql, tmp_path: Path) -> None:
    line = await redis_url.connect(f"unix://{tmp_path}/nobody")
    known = Callers(sql, KEYRING, cast("Any", None), Liveness(line), {"": {}}, {})
    caller = await known.find(SECRET)
    assert caller is not None
    old = replace(caller, read_at=caller.read_at - 5)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def hold(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM tokens" in statement and not begun.is_set():
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(10)

    event.listen(Engine, "after_cursor_execute", hold)
    try:
        before = asyncio.create_task(known.renewed(old, None, lost=True))
        await begun.wait()
        await sql.run(stored.revoke, TOKEN.tenant_id, TOKEN.id, "leaked", NOW)
        after = await known.renewed(old, 2, lost=False)
        assert after is not None and after.revoked
    finally:
        go_on.set()
        await before
        event.remove(Engine, "after_cursor_execute", hold)
        await line.aclose()


async def test_a_caller_has_the_limits_of_its_plan_and_of_one_that_is_not_configured_those_of_everybody(
    sql: Sql,
) -> None:
    absent = cast("Any", None)
    plans = {name: {"": (Policy("token", quota, 60.0, per="token"),)} for name, quota in (("", 10), ("scale", 40))}
    known = Callers(sql, KEYRING, Limiter(absent, 1), absent, plans, {})
    seen = []
    for plan in ("scale", "gone", None):
        await sql.run(tenants.set_plan, "clx1", plan)
        caller = await known.find(SECRET)
        assert caller is not None
        seen.append((caller.plan, caller.gates[""].policies[0].quota))
    assert seen == [("scale", 40), ("", 10), ("", 10)]


async def test_what_changes_for_a_tenant_raises_the_generation_of_its_living_tokens_alone(sql: Sql) -> None:
    now = datetime.now(UTC)
    before = await sql.read(stored.live, "clx1", "personal", now)
    assert await sql.run(stored.renew, "clx1", now) == tuple((each.id, each.generation + 1) for each in before)
    assert await sql.run(stored.renew, "clx1", now + timedelta(days=999)) == ()
    assert await sql.run(stored.renew, "clx2", now) == ()


def _limited(sql: Sql, quota: int, plan: str = "", key: str | None = None, **more: Any) -> Callers:
    absent = cast("Any", None)
    plans = {name: {"": (Policy("token", quota, 60.0, per="token"),)} for name in {"", plan}}
    keyring = more.pop("keyring", KEYRING)
    return Callers(sql, keyring, Limiter(absent, 1), absent, plans, {"crm": key}, **more)


async def test_who_was_known_under_one_configuration_is_known_under_the_next_with_its_limits(sql: Sql) -> None:
    former, latter = _limited(sql, 10), _limited(sql, 40)
    before = await former.find(SECRET)
    latter.inherit(former)
    with statements() as seen:
        after = latter.known(SECRET)
    assert seen == []
    assert before is not None and after is not None
    assert [each.gates[""].policies[0].quota for each in (before, after)] == [10, 40]
    assert replace(after, gates=before.gates) == before
    assert latter.known(SECRET) is after
    assert latter.known(b"another") is None


@pytest.mark.parametrize(
    "latter",
    [{"plan": "scale"}, {"key": "another key of a service"}, {"keyring": Keyring.load(Keyring.create())}],
    ids=["plans have come", "another service key", "another keyring"],
)
async def test_nobody_is_inherited_of_whom_another_configuration_says_something_else(
    sql: Sql, latter: dict[str, Any]
) -> None:
    former = _limited(sql, 10, key="key of a service")
    known = _limited(sql, 10, **({"key": "key of a service"} | latter))
    assert await former.find(SECRET) is not None
    known.inherit(former)
    assert known.known(SECRET) is None


async def test_a_caller_that_is_inherited_is_no_younger_than_it_was_and_none_of_test_mode_where_that_is_over(
    sql: Sql,
) -> None:
    former = _limited(sql, 10, testing=True)
    caller = await former.find(SECRET)
    assert caller is not None
    for changed in ({"read_at": caller.read_at - KEPT}, {"mode": "test"}):
        former._known[caller.digest] = replace(caller, **changed)
        latter = _limited(sql, 10)
        latter.inherit(former)
        assert latter.known(SECRET) is None


async def test_a_token_that_is_revoked_after_it_was_inherited_is_not_known_again(sql: Sql, tmp_path: Path) -> None:
    line = await redis_url.connect(f"unix://{tmp_path}/nobody")
    former = _limited(sql, 10)
    latter = Callers(sql, KEYRING, Limiter(line, 1), Liveness(line), former.plans, {"crm": None})
    await former.find(SECRET)
    latter.inherit(former)
    caller = latter.known(SECRET)
    assert caller is not None
    await sql.run(stored.revoke, TOKEN.tenant_id, TOKEN.id, "leaked", NOW)
    renewed = await latter.renewed(caller, caller.generation + 1, lost=False)
    assert renewed is not None and renewed.revoked
    known = latter.known(SECRET)
    assert known is not None and known.revoked
    await line.aclose()
