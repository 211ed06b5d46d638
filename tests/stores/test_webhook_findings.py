"""What `gateway doctor` and the metrics tell of webhooks, on both databases."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import delete, func, select, text

from gateway.config import Settings, load
from gateway.keys import token_format
from gateway.process.doctor_webhooks import examine_webhooks
from gateway.stores.sql import Sql, webhook_clock, webhook_housekeeping, webhook_queue, webhook_registrations
from gateway.stores.sql.webhook_models import QueueRow
from gateway.stores.sql.webhook_registrations import Registration
from tests.stores.records import TENANT
from tests.stores.webhooks import AT
from tests.waiting import within


def settings(**variables: str) -> Settings:
    return load(None, {f"GATEWAY_{name}": value for name, value in variables.items()}, {})


async def found(sql: Sql, given: Settings, *, running: bool = True) -> dict[str, tuple[str, str, str]]:
    said = await examine_webhooks(given, sql, running=running)
    return {each.check: (each.state, each.detail, each.fix) for each in said}


def due(seconds: float, now: int) -> QueueRow:
    at = now - round(seconds * 1000)
    given = {name: token_format.new_timed_id(now) for name in ("delivery_id", "endpoint_id", "event_id")}
    return QueueRow(**given, rank=0, due_at=at, accepted_at=at, attempts=0, claims=0)


async def test_all_is_well_where_couriers_live_and_nothing_is_late(sql: Sql, url: str) -> None:
    with sql.session() as session:
        now = webhook_clock.now(session)
        webhook_housekeeping.beat(session, "courier", now)
        session.add(due(10, now))
    said = await found(sql, settings())
    assert {state for state, _, _ in said.values()} == {"ok"}, said
    assert {"couriers", "deliveries", "registrations", "stored events"} <= said.keys()
    assert ({"queue", "clock of sql"} <= said.keys()) == url.startswith("postgresql")


async def test_couriers_that_are_missing_are_told_where_a_gateway_runs(sql: Sql) -> None:
    assert (await found(sql, settings(), running=False))["couriers"][0] == "skipped"
    assert (await found(sql, settings()))["couriers"][0] == "failed"
    with sql.session() as session:
        webhook_housekeeping.beat(session, "courier", webhook_clock.now(session))
    two = settings(WEBHOOKS__COURIERS="2", SERVER__REPLICAS="2")
    state, detail, fix = (await found(sql, two))["couriers"]
    assert (state, detail.split(" have")[0]) == ("warning", "1 of 4") and fix
    assert (await found(sql, settings(WEBHOOKS__COURIERS="0")))["couriers"][0] == "ok"


async def test_what_is_late_pending_or_full_is_a_warning_with_what_to_do(sql: Sql) -> None:
    capability = token_format.random_text(32)
    row = Registration(
        token_format.new_timed_id(0), TENANT.id, b"h" * 32, "key", capability, None, "pending", AT, None, None
    )
    with sql.session() as session:
        session.add(due(400, webhook_clock.now(session)))
        webhook_registrations.add(session, row)
        taken = webhook_housekeeping.stored(session)
    said = await found(sql, settings(WEBHOOKS__MAX_STORED=f"{round(taken * 1.1 / 1024)}KiB"))
    assert said["deliveries"][0] == "warning" and "has been due for 4" in said["deliveries"][1]
    assert said["registrations"][0] == said["stored events"][0] == "warning"
    assert (await found(sql, settings(WEBHOOKS__MAX_STORED=f"{taken // 1024}KiB")))["stored events"][0] == "failed"
    assert all(fix for state, _, fix in said.values() if state in ("warning", "failed"))


async def test_dead_rows_of_the_queue_are_told_on_postgresql_alone(sql: Sql) -> None:
    with sql.session() as session:
        if webhook_queue.tuples(session) is None:
            assert session.get_bind().dialect.name == "sqlite"
            return
        session.execute(text("ALTER TABLE webhook_queue SET (autovacuum_enabled = false)"))
        now = webhook_clock.now(session)
        session.add_all(due(1, now) for _ in range(1_100))
    with sql.session() as session:
        kept = select(QueueRow.delivery_id).limit(100).scalar_subquery()
        session.execute(delete(QueueRow).where(QueueRow.delivery_id.not_in(kept)))
        session.execute(select(func.pg_stat_force_next_flush()))

    def counted() -> bool:
        with sql.session() as session:
            return webhook_queue.tuples(session) == (100, 1_000)

    within(20, counted)
    assert (await found(sql, settings()))["queue"][0] == "ok", "a thousand are few"
    with sql.session() as session:
        now = webhook_clock.now(session)
        session.add(due(1, now))
        session.flush()
        session.execute(delete(QueueRow).where(QueueRow.due_at == now - 1000))
        session.execute(select(func.pg_stat_force_next_flush()))
    until = time.monotonic() + 20
    while (said := (await found(sql, settings()))["queue"])[0] != "warning":
        assert time.monotonic() < until, said
        await asyncio.sleep(0.02)
    assert "1001 dead rows beside 100" in said[1] and said[2]
