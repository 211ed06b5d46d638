"""Statements about many rows at once, on both databases: alike whatever the number, and whatever the values."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from gateway.stores.sql import Sql, many
from gateway.stores.sql.models import Base
from gateway.stores.sql.webhook_models import AttemptRow, QueueRow

ATTEMPTS, QUEUE = (Base.metadata.tables[row.__tablename__] for row in (AttemptRow, QueueRow))
HOSTILE = ("", "'); DROP TABLE webhook_queue; --", '{"a"', "a,b", "\\", "é\N{SNOWMAN}", "NULL")


def attempt(number: int, **columns: Any) -> dict[str, Any]:
    return {
        "delivery_id": f"{number:024}",
        "number": 1,
        "at": datetime(2026, 11, 2, 12, 0, number % 60, 250_000, tzinfo=UTC),
        "ms": number,
        "status": None if number % 2 else 204,
        "error": None,
        "address": None,
        "body_sha256": bytes([number % 256]) * 32,
        "body_bytes": number,
        "answer_head": None,
        **columns,
    }


def row(number: int) -> dict[str, Any]:
    common = {"endpoint_id": "e" * 24, "event_id": "v" * 24, "rank": 0, "due_at": number, "accepted_at": 2**40}
    return {"delivery_id": f"{number:024}", **common, "attempts": 0, "claims": 0}


@pytest.mark.parametrize("count", [0, 1, 2, 1_000])
def test_rows_are_kept_as_they_were_given(sql: Sql, count: int) -> None:
    given = [attempt(number) for number in range(count)]
    with sql.session() as session:
        many.add(session, ATTEMPTS, given)
        found = session.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.delivery_id)).mappings().all()
    assert [{name: each[name] for name in given[0]} for each in found] == given if count else not found


def test_texts_and_nulls_are_no_part_of_the_statement(sql: Sql) -> None:
    given = [attempt(number, answer_head=text) for number, text in enumerate((*HOSTILE, None))]
    with sql.session() as session:
        many.add(session, ATTEMPTS, given)
        found = session.scalars(select(ATTEMPTS.c.answer_head).order_by(ATTEMPTS.c.delivery_id)).all()
        assert [*found] == [*HOSTILE, None]
        assert not session.execute(select(ATTEMPTS).where(many.among(session, ATTEMPTS.c.delivery_id, HOSTILE))).all()


def test_each_row_is_changed_by_its_own_values_and_no_other_is(sql: Sql) -> None:
    with sql.session() as session:
        many.add(session, QUEUE, [row(number) for number in range(500)])
        changes = [{"delivery_id": f"{number:024}", "due_at": number * 10, "claims": 2} for number in range(0, 500, 2)]
        many.change(session, QUEUE, "delivery_id", changes)
        many.change(session, QUEUE, "delivery_id", [])
        found = session.execute(select(QUEUE.c.due_at, QUEUE.c.claims).order_by(QUEUE.c.delivery_id)).all()
    assert [tuple(each) for each in found] == [(number, 0) if number % 2 else (number * 10, 2) for number in range(500)]
