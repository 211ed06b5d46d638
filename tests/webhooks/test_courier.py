"""Deliveries by a courier in this process, to real receivers (events.md §7)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from gateway.stores.sql import webhook_deliveries, webhook_endpoints, webhook_replays
from gateway.webhooks.messages import Ended, Wait, Withheld
from tests.stores.webhooks import AT
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Received, answer, receiving, says


async def test_case_1_an_event_is_one_post_with_the_id_and_the_moment_of_the_attempt(
    post: Post, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(f"{receiver.url}?token=canary")
        (event_id,) = await post.happen(1)
        (delivery,) = await post.settled(made)
    (got,) = receiver.received
    assert got.id == event_id and got.headers["x-webhook-attempt"] == "1"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["user-agent"] == "Gateway-Webhooks/1"
    assert got.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert b'"deal1"' in got.body
    assert (delivery.status, delivery.attempts, delivery.last_status) == ("delivered", 1, 204)
    (line,) = [each for each in logged() if each["event"] == "webhook attempt"]
    assert line["status"] == 204 and line["host"] == "127.0.0.1" and len(line["trace_id"]) == 32
    assert "canary" not in str(logged()), "case 38: a URL may hold a secret"


async def test_many_events_go_over_few_connections_each_once(post: Post) -> None:
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        ids = await post.happen(*range(300))
        await post.settled(made)
    assert sorted(receiver.ids()) == sorted(ids)
    assert receiver.connections <= 8 and receiver.most <= 8


async def test_a_failure_is_tried_again_on_schedule_with_a_new_moment_and_shown(post: Post) -> None:
    async with receiving(says(answer(500, body=b"no\0such"), answer())) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1)
        await post.settled(made)
    first, second = receiver.received
    assert first.id == second.id and 4.0 <= second.at - first.at < 10.0
    assert second.headers["x-webhook-attempt"] == "2"
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 3
    with post.sql.session() as session:
        failed, fine = webhook_deliveries.attempts(session, post.deliveries(made)[0].id)
    assert (failed.status, failed.answer_head) == (500, "no\N{REPLACEMENT CHARACTER}such")
    assert (fine.status, fine.answer_head) == (204, None)


async def test_case_10_an_endpoint_that_hangs_holds_up_no_other(post: Post) -> None:
    never = asyncio.Event()

    async def hang(_: Received, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with receiving(hang) as hanging, receiving() as receiver, post.delivering():
        stuck = await post.subscribe(hanging.url)
        others = [await post.subscribe(receiver.url) for _ in range(5)]
        await post.happen(*range(20))
        for other in others:
            await post.settled(other, seconds=10)
        assert hanging.most == 8, "its places and no more"
        assert {each.status for each in post.deliveries(stuck)} == {"pending"}
        never.set()


async def test_five_failures_block_the_lane_and_spend_no_more_attempts(post: Post) -> None:
    async with receiving(says(answer(500))) as receiver, post.delivering():
        made = await post.subscribe(receiver.url, max_in_flight=1)
        await post.happen(*range(30))
        await receiver.has(5)
        await asyncio.sleep(0.4)
        assert len(receiver.received) == 5
        with post.sql.session() as session:
            health = webhook_endpoints.health(session, [made.id])[made.id]
        assert health.blocked_until is not None and health.backlog == 30


async def test_case_13_nothing_comes_before_the_pause_that_was_asked_for(post: Post) -> None:
    async with receiving(says(answer(429, "Retry-After: 120"), answer())) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1)
        await receiver.has(1)
        await post.settled(made, "pending")
        await receiver.until(lambda: post.deliveries(made)[0].attempts == 1)
        (delivery,) = post.deliveries(made)
    assert delivery.next_attempt_at is not None and delivery.last_status == 429
    with post.sql.session() as session:
        (attempt,) = webhook_deliveries.attempts(session, delivery.id)
    assert 119 <= (delivery.next_attempt_at - attempt.at).total_seconds() <= 122


async def test_case_14_a_redirect_is_a_failure_that_nobody_follows(post: Post) -> None:
    redirect = answer(301, "Location: http://169.254.169.254/latest/meta-data")
    async with receiving(says(redirect)) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1)
        await receiver.until(lambda: post.deliveries(made)[0].attempts == 1)
    assert post.deliveries(made)[0].last_status == 301 and receiver.connections == 1


async def test_an_endpoint_may_refuse_a_message_or_end_itself(post: Post) -> None:
    behave = says(answer(400, "webhook-delivery: abort-message"), answer(400, "webhook-delivery: disable"))
    async with receiving(behave) as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1)
        (dead,) = await post.settled(made, "dead")
        await post.happen(2)
        await receiver.has(2)
        assert dead.reason == "aborted"
        await receiver.until(lambda: _status(post, made.id) == ("disabled", "gone"))


async def test_case_27_what_is_stopped_gets_no_further_attempt_and_what_is_under_way_finishes(post: Post) -> None:
    release = asyncio.Event()

    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await release.wait()
        writer.write(answer())

    async with receiving(slow) as receiver, post.delivering() as courier:
        made = await post.subscribe(receiver.url, max_in_flight=1)
        await post.happen(*range(5))
        await receiver.has(1)
        with post.sql.session() as session:
            webhook_endpoints.stop(session, made.id, "disabled", "owner_revoked", AT)
            assert webhook_endpoints.cancel(session, made.id, "owner_revoked", AT) == 5
        stopped = time.monotonic()
        await receiver.until(lambda: courier._held[made.id].stopped)
        assert time.monotonic() - stopped < 1
        release.set()
        await asyncio.sleep(0.3)
        assert len(receiver.received) == 1


async def test_a_renderer_withholds_waits_and_ends(post: Post) -> None:
    post.renderer.answers = {
        "deal1": Withheld("not_visible"),
        "deal2": Wait(3600, "unavailable"),
        "deal4": Ended("disabled", "contract_retired", cancel=False),
    }
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1, 2, 3)
        await receiver.has(1)
        await receiver.until(lambda: _told(post, made.id) == ["delivered None", "pending None", "withheld not_visible"])
        await post.happen(4)
        await receiver.until(lambda: _status(post, made.id) == ("disabled", "contract_retired"))
    assert len(receiver.received) == 1
    assert [each.attempts for each in post.deliveries(made) if each.status == "pending"] == [0, 0]


async def test_a_fault_of_ours_in_one_delivery_leaves_the_others_alone(post: Post) -> None:
    post.renderer.answers = {"deal1": _Broken()}  # type: ignore[dict-item]
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        await post.happen(1, 2)
        await receiver.has(1)
        await receiver.until(lambda: _told(post, made.id) == ["delivered None", "pending None"])
    assert len(receiver.received) == 1


class _Broken:
    """No answer of a renderer's."""


async def test_case_34_and_35_what_was_missed_and_what_is_replayed_arrive_too(post: Post) -> None:
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe(receiver.url)
        before = await post.happen(1)
        await post.settled(made)
        with post.sql.session() as session:
            webhook_endpoints.stop(session, made.id, "disabled", "failing", AT)
        missed = await post.happen(*range(2, 600))
        assert len(receiver.received) == 1
        with post.sql.session() as session:
            webhook_endpoints.resume(session, made.id, missed=True, at=AT)
        await receiver.has(599, 60)
        after = await post.happen(5000)
        await receiver.has(600)
        assert sorted(receiver.ids()) == sorted([*before, *missed, *after])
        deliveries = await post.settled(made)
        newest = max(each.created_at for each in deliveries)
        with post.sql.session() as session:
            replay = webhook_replays.begin(
                session, made.id, AT, newest.replace(year=2100), ("deal.won",), "all", newest
            )
            assert replay is not None and replay.total == 600
        await receiver.has(1_200, 60)
        assert len([each for each in receiver.received if each.headers.get("x-webhook-replay") == "1"]) == 600
        await post.settled(made)
    assert sorted(receiver.ids()[600:]) == sorted([*before, *missed, *after])


async def test_case_9_a_courier_that_stops_gives_its_lanes_back_and_another_goes_on_at_once(post: Post) -> None:
    async def slow(_: Received, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.03)
        writer.write(answer())

    async with receiving(slow) as receiver:
        made = await post.subscribe(receiver.url)
        async with post.delivering():
            ids = await post.happen(*range(100))
            await receiver.has(20)
        assert len(receiver.received) < 100
        async with post.delivering():
            await post.settled(made, seconds=10)
    assert sorted(receiver.ids()) == sorted(ids), "none lost, none twice"


async def test_two_couriers_share_the_lanes_and_send_nothing_twice(post: Post) -> None:
    async with receiving() as receiver, post.delivering(), post.delivering():
        made = [await post.subscribe(receiver.url) for _ in range(6)]
        for start in range(0, 60, 20):
            await post.happen(*range(start, start + 20))
        for each in made:
            await post.settled(each)
    assert len(receiver.received) == 360
    assert len({(each.id, each.headers["x-webhook-attempt"]) for each in receiver.received}) == 60


async def test_a_private_address_is_a_failure_that_names_the_rule(post: Post) -> None:
    async with receiving() as receiver, post.delivering():
        made = await post.subscribe("http://10.1.2.3:9000/")
        await post.happen(1)
        await receiver.until(lambda: post.deliveries(made)[0].attempts == 1)
    with post.sql.session() as session:
        (attempt,) = webhook_deliveries.attempts(session, post.deliveries(made)[0].id)
    assert (attempt.status, attempt.error) == (None, "vetted_literal")


async def test_who_never_answered_is_called_one_at_a_time(post: Post) -> None:
    async with receiving(says(answer(500))) as receiver, post.delivering():
        await post.subscribe(receiver.url, answered=False)
        await post.happen(*range(10))
        await receiver.has(2)
    assert receiver.most == 1 and receiver.received[1].at - receiver.received[0].at >= 0.9


def _status(post: Post, endpoint_id: str) -> tuple[str, str | None]:
    with post.sql.session(read_only=True) as session:
        found = webhook_endpoints.get(session, endpoint_id)
    assert found is not None
    return found.status, found.reason


def _told(post: Post, endpoint_id: str) -> list[str]:
    with post.sql.session(read_only=True) as session:
        return sorted(f"{each.status} {each.reason}" for each in webhook_deliveries.page(session, endpoint_id))
