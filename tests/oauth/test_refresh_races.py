"""On PostgreSQL, where writers do not wait for each other of themselves: a refresh and the end of its family at one moment.

Whichever comes first, no access token outlives the end. Each order is forced: one transaction is held open until the
other is seen to wait for a lock, or is through without having waited. No test sleeps for luck.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from gateway.keys.token_format import mint, new_id
from gateway.oauth.server import Outcome
from gateway.stores.sql import Session, Sql, clients, consents, grants, tenants
from tests.oauth.ending import (
    KEYS,
    TENANT,
    USER,
    WAYS,
    Bench,
    Family,
    Write,
    alive,
    disconnected,
    family,
    leaked,
    refreshing,
    reused,
)
from tests.stores.postgres import fresh_database

# The orders are forced above; this many are left to chance. The long form: RACES=200 pytest …
ROUNDS = int(os.environ.get("RACES", "24"))


@pytest.fixture(scope="module")
def bench(postgres_url: str, migrated_database: str) -> Iterator[Bench]:
    with fresh_database(postgres_url, migrated_database) as url:
        sql = Sql(url, pool_size=8)
        with sql.session() as session:
            tenants.add(session, TENANT)
        yield Bench(sql, url)
        sql.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


@pytest.fixture
def made(bench: Bench) -> Family:
    return family(bench)


@pytest.mark.parametrize("way", WAYS)
def test_a_token_of_a_refresh_that_came_first_ends_with_its_family(
    bench: Bench, made: Family, threads: ThreadPoolExecutor, way: Callable[[Family], Write]
) -> None:
    with bench.held(refreshing(made)) as outcome:
        assert isinstance(outcome, Outcome) and outcome.status == 200
        ending = threads.submit(bench.alone, way(made))
        bench.waits_or_is_done(ending)
    ending.result(10)
    assert alive(bench, made) == []


@pytest.mark.parametrize("way", WAYS)
def test_a_refresh_that_came_second_finds_its_family_ended(
    bench: Bench, made: Family, threads: ThreadPoolExecutor, way: Callable[[Family], Write]
) -> None:
    with bench.held(way(made)):
        refresh = threads.submit(bench.alone, refreshing(made))
        bench.waits_or_is_done(refresh)
    outcome = refresh.result(10)
    assert isinstance(outcome, Outcome) and outcome.status in {400, 401}
    assert alive(bench, made) == []


def test_the_ends_of_a_family_never_wait_for_each_other_in_a_circle(
    bench: Bench, made: Family, threads: ThreadPoolExecutor
) -> None:
    # The grant is held by a third; whoever ends the family by reuse asks for it first, who disconnects has the consent.
    with bench.held(lambda session: grants.held(session, made.grant.id)):
        reuse = threads.submit(bench.alone, reused(made))
        bench.waits_or_is_done(reuse)
        leaving = threads.submit(bench.alone, disconnected(made))
        bench.waits_or_is_done(leaving, others=1)
    for ending in (reuse, leaving):
        ending.result(10)
    assert alive(bench, made) == []


def test_a_retry_that_turns_out_to_be_a_reuse_while_it_waits_ends_the_family(
    bench: Bench, made: Family, threads: ThreadPoolExecutor
) -> None:
    first = bench.alone(refreshing(made))
    assert isinstance(first, Outcome)
    with bench.held(refreshing(made, first.body["refresh_token"])):
        retry = threads.submit(bench.alone, refreshing(made))
        bench.waits_or_is_done(retry)
        leaving = threads.submit(bench.alone, disconnected(made))
        bench.waits_or_is_done(leaving, others=1)
    outcome = retry.result(10)
    leaving.result(10)
    assert isinstance(outcome, Outcome) and outcome.body["error"] == "invalid_grant"
    assert alive(bench, made) == []


def test_two_reports_of_the_same_leaks_in_another_order_both_end(bench: Bench, threads: ThreadPoolExecutor) -> None:
    one = family(bench)
    two = family(bench, one.client)
    bench.alone(lambda session: consents.forget(session, one.client.id, TENANT.id, USER))
    working = [threads.submit(bench.alone, way(of)) for of in (one, two) for way in (leaked, disconnected)]
    for each in working:
        each.result(10)
    assert alive(bench, one) + alive(bench, two) == []


def test_races_that_nobody_arranged_leave_no_survivor(bench: Bench, threads: ThreadPoolExecutor) -> None:
    survivors, refreshed = [], 0
    for nth in range(ROUNDS):
        way = WAYS[nth % len(WAYS)]
        of = family(bench)
        # In turn a little sooner and a little later, so that both orders come up.
        writes = (refreshing(of), way(of)) if nth % 2 else (way(of), refreshing(of))
        working = [threads.submit(bench.alone, write) for write in writes]
        outcome = working[0 if nth % 2 else 1].result(10)
        working[1 if nth % 2 else 0].result(10)
        assert isinstance(outcome, Outcome)
        refreshed += outcome.status == 200
        survivors += alive(bench, of)
    assert survivors == []
    assert refreshed > 2, "or else nothing was tried"


def test_of_eight_new_secrets_at_once_two_live(bench: Bench, made: Family) -> None:
    keys, now = KEYS, datetime.now(UTC)

    def write(session: Session) -> None:
        text = mint("gw", "secret")
        secret = clients.Secret(new_id(), made.client.id, keys.hash(text.encode()), keys.hashing_id, "gw_cs_", now)
        clients.add_secret(session, secret)

    with ThreadPoolExecutor(8) as eight:
        for each in [eight.submit(bench.alone, write) for _ in range(8)]:
            each.result(10)
    found = bench.alone(lambda session: clients.secrets(session, made.client.id))
    assert isinstance(found, tuple) and len(found) == clients.LIVE_SECRETS
