"""Receivers that mean no good, and couriers that lose what they stand on (events.md §7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import webhook_clock, webhook_deliveries, webhook_lanes
from gateway.stores.sql.webhook_queue import Attempt
from gateway.webhooks import sending
from tests.stores.webhooks import taken_of
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Behaviour, Received, answer, receiving, says


def raw(*parts: bytes, forever: bool = False, close: bool = False) -> Behaviour:
    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        while forever:
            writer.write(b"x" * 1_000)
            await writer.drain()
            await asyncio.sleep(0.01)
        if close:
            writer.transport.abort()

    return behave


async def tried(post: Post, behave: Behaviour) -> Attempt:
    """The first attempt at such a receiver."""
    async with receiving(behave) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1)
        await receiver.until(lambda: post.deliveries(made)[0].attempts == 1)
        with post.sql.session(read_only=True) as session:
            return webhook_deliveries.attempts(session, post.deliveries(made)[0].id)[0]


async def test_case_17_a_head_without_end_is_refused(post: Post) -> None:
    attempt = await tried(post, raw(b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000))))
    assert (attempt.status, attempt.error) == (None, "invalid")


async def test_case_17_a_body_without_end_is_cut_and_a_success_stays_one(post: Post) -> None:
    attempt = await tried(post, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", forever=True))
    assert (attempt.status, attempt.error) == (200, None) and attempt.ms < 5_000


async def test_case_17_a_reset_behind_the_head_of_a_success_is_a_success(post: Post) -> None:
    attempt = await tried(post, raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", close=True))
    assert attempt.status == 200


async def test_case_17_what_is_compressed_is_not_decoded_and_little_of_it_kept(post: Post) -> None:
    bomb = answer(500, "Content-Encoding: gzip", body=b"\x1f\x8b" + b"\0" * 10_000)
    attempt = await tried(post, says(bomb))
    assert attempt.status == 500 and attempt.answer_head is not None and len(attempt.answer_head) <= 1_024
    assert "\0" not in attempt.answer_head


async def test_case_17_a_head_that_never_comes_is_a_time_out(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "WHOLE", 0.3)
    hold = asyncio.Event()

    async def never(_: Received, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    attempt = await tried(post, never)
    assert (attempt.status, attempt.error) == (None, "timeout")
    hold.set()


async def test_a_receiver_that_hangs_up_is_a_reset_and_one_that_is_not_there_no_connection(post: Post) -> None:
    assert (await tried(post, raw(close=True))).error == "reset"


async def test_case_4_outcomes_wait_while_sql_is_away_and_nothing_is_sent_twice(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(answer())

    async with receiving(slow) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        ids = await post.happen(*range(4))
        await receiver.has(4)
        with away(post, monkeypatch):
            release.set()
            await asyncio.sleep(0.4)
            assert post.statuses(made) == {"pending"}
        await post.settled(made)
    assert sorted(receiver.ids()) == sorted(ids)


async def test_case_8_a_courier_that_overslept_changes_nothing(post: Post) -> None:
    release = asyncio.Event()

    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(answer())

    async with receiving(slow) as receiver, post.delivering():
        made = await post.subscribe(receiver.url, max_in_flight=1)
        await post.happen(1)
        await receiver.has(1)
        with post.sql.session() as session:
            # What another courier does when the lease is over, by the database's clock.
            later = webhook_clock.now(session) + webhook_lanes.LEASE
            (taken_over,) = webhook_lanes.lease(session, "another", 1, later)
        release.set()
        await asyncio.sleep(0.4)
        assert post.statuses(made) == {"pending"}, "its outcome is refused by the epoch"
        with post.sql.session() as session:
            assert webhook_lanes.held(session, [taken_over], asleep=True)
            (due,) = taken_of(session, made.id, 8, webhook_clock.now(session))
        assert due.claims == 1


async def test_case_33_a_row_that_ends_its_couriers_is_parked_and_the_lane_goes_on(post: Post) -> None:
    async with receiving() as receiver:
        made = await post.subscribe(receiver.url)
        await post.happen(1, 2)
        with post.sql.session() as session:
            now = webhook_clock.now(session)
            # Twice with all that was due in hand, twice alone.
            assert [len(taken_of(session, made.id, 8, now)) for _ in range(2)] == [2, 2]
            alone = [taken_of(session, made.id, 8, now) for _ in range(2)]
            assert [len(each) for each in alone] == [1, 1]
            assert alone[0][0].delivery_id != alone[1][0].delivery_id, "the one that was tried less comes first"
            taken_of(session, made.id, 8, now)
        async with post.delivering():
            (poison,) = [each for each in await post.settled(made, "delivered", "dead") if each.status == "dead"]
    assert poison.reason == "poison" and poison.attempts == 0
    assert len(receiver.received) == 1


@contextmanager
def away(post: Post, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The database fails whoever writes."""

    async def fail(_: object, *__: object, **___: object) -> None:
        raise StoreUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(post.sql, "run", fail)
        yield
