"""What apps leave behind is forgotten when it is of no use, in pieces that end in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.keys.token_format import Kind
from gateway.oauth import retention
from gateway.oauth.retention import Retention
from gateway.stores.sql import Sql, clients, grants, tokens
from gateway.stores.sql.batches import Batches
from gateway.stores.sql.grants import Grant, Refresh
from tests.stores.records import TOKEN
from tests.stores.test_sql_apps import APP

NOW = datetime.now(UTC)
GRANT = Grant("g" * 24, "app_1", "clx1", "clxu", "u@example.com", ("a",), "https://i", NOW, NOW + timedelta(days=180))


def refresh(mark: str, lived: timedelta) -> Refresh:
    return Refresh(mark * 24, GRANT.id, mark.encode() * 32, "00000001", NOW - timedelta(days=30), NOW + lived)


@pytest.fixture
def filled(sql: Sql) -> Sql:
    hour = timedelta(hours=1)
    with sql.session() as session:
        clients.add(session, APP)
        grants.insert(session, GRANT)
        for mark, lived in (("l", hour), ("d", -hour), ("e", -hour), ("f", -hour)):
            grants.add_refresh(session, refresh(mark, lived))
        made: list[tuple[str, Kind, timedelta]] = [("p", "personal", -50 * hour), ("q", "app", -50 * hour)]
        for mark, kind, lived in [*made, ("r", "app", -hour)]:
            expired = replace(TOKEN, id=mark * 24, hash=mark.encode() * 32, family=mark * 24, expires_at=NOW + lived)
            tokens.insert(session, replace(expired, kind=kind))
    return sql


def left(sql: Sql) -> tuple[str, str]:
    with sql.session(read_only=True) as session:
        refreshes = [mark for mark in "ldef" if grants.refresh_by_id(session, mark * 24) is not None]
        return "".join(refreshes), "".join(sorted(token.id[0] for token in tokens.list(session)))


async def test_expired_tokens_of_apps_are_forgotten_and_personal_ones_stay_listed(filled: Sql) -> None:
    await Batches(filled, Retention().batch).flush()
    # An access token that expired within the day is still told apart from an unknown one.
    assert left(filled) == ("l", "pr")


async def test_what_does_not_fit_into_one_transaction_is_for_the_next(
    filled: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST", 2)
    batches = Batches(filled, Retention().batch)
    await batches.flush()
    assert len(left(filled)[0]) == 2
    await batches.flush()
    assert left(filled) == ("l", "pr")
