"""The log of events, the queue, and the lanes that couriers hold."""

import time
from datetime import timedelta

import pytest

from gateway.stores.sql import (
    Session,
    webhook_accepting,
    webhook_clock,
    webhook_deliveries,
    webhook_endpoints,
    webhook_events,
    webhook_filling,
    webhook_housekeeping,
    webhook_lanes,
    webhook_queue,
    webhook_replays,
    webhook_secrets,
    webhook_streams,
)
from gateway.stores.sql.webhook_lanes import LEASE, Lane
from gateway.stores.sql.webhook_queue import Attempt, Due, Outcome
from tests.stores.records import TENANT
from tests.stores.webhooks import AT, NOW, endpoint, event, happened, subscribed, taken_of


def delivered(due: Due) -> Outcome:
    attempt = Attempt(due.attempts + 1, AT, 12, 204, None, "192.0.2.1", b"\0" * 32, 2, None)
    return Outcome(due, attempt, "delivered", None, 0)


def drained(session: Session, lane: Lane, now: int = NOW) -> list[str]:
    """All that the lane has, delivered; the events, in order."""
    events: list[str] = []
    while taken := taken_of(session, lane.endpoint_id, 64, now):
        webhook_queue.settle(session, [delivered(due) for due in taken], now)
        events += [due.event_id for due in taken]
    return events


def test_the_time_is_the_databases(session: Session) -> None:
    assert abs(webhook_clock.now(session) - time.time() * 1000) < 2_000
    assert webhook_clock.milliseconds(webhook_clock.moment(NOW)) == NOW


def test_an_event_is_accepted_once_and_delivered_to_whoever_wants_its_type(session: Session) -> None:
    wants, other = subscribed(session), subscribed(session, events=("deal.lost",))
    first = happened(session, 1, 2)
    again = happened(session, 1)
    assert len(first.ids) == 2 and first.fed == {wants.id: 2} and not again.ids and not again.fed
    assert not taken_of(session, other.id, 64, NOW)
    events = webhook_events.page(session, TENANT.id)
    assert [each.object_id for each in events] == ["deal1", "deal2"]
    assert events[0].sequence < events[1].sequence
    assert {each.status for each in webhook_deliveries.page(session, wants.id)} == {"pending"}


def test_an_event_for_an_owner_goes_to_the_owners_other_endpoints(session: Session) -> None:
    kind = ("webhook_subscription.failing",)
    failing, watching = subscribed(session, events=kind), subscribed(session, events=kind)
    subscribed(session, events=kind, owner_id="u2")
    fed = happened(session, 1, type=kind[0], audience="u1", object_id=failing.id).fed
    assert fed == {watching.id: 1}
    assert happened(session, 2, type="webhook.test", audience=failing.id).fed == {failing.id: 1}


def test_a_lane_is_held_by_one_courier_until_its_lease_ends(session: Session) -> None:
    made = subscribed(session)
    assert not webhook_lanes.waiting(session, NOW)
    happened(session, 1)
    assert webhook_lanes.waiting(session, NOW)
    (lane,) = webhook_lanes.lease(session, "a", 8, NOW)
    assert not webhook_lanes.lease(session, "b", 8, NOW + LEASE - 1)
    (taken_over,) = webhook_lanes.lease(session, "b", 8, NOW + LEASE)
    assert not webhook_lanes.held(session, [lane], asleep=True)
    assert webhook_lanes.held(session, [taken_over], asleep=True) == {made.id: None}


def test_the_leases_of_a_dead_courier_can_be_ended_and_no_others(session: Session) -> None:
    subscribed(session)
    happened(session, 1)
    webhook_lanes.lease(session, "a_b:0:x", 8, NOW)
    for other in ("a_b:0:y", "a%", "acb:0:", "a_b:1:"):
        webhook_lanes.end_leases(session, other)
        assert not webhook_lanes.waiting(session, NOW)
    webhook_lanes.end_leases(session, "a_b:0:")
    assert webhook_lanes.waiting(session, NOW)


def test_a_claim_without_an_outcome_is_counted_until_there_is_one(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1)
    claims = [taken_of(session, made.id, 64, NOW)[0].claims for _ in range(3)]
    assert claims == [0, 1, 2]
    (due,) = taken_of(session, made.id, 64, NOW)
    webhook_queue.settle(session, [Outcome(due, None, None, None, NOW + 5)], NOW)
    assert not taken_of(session, made.id, 64, NOW + 4)
    (again,) = taken_of(session, made.id, 64, NOW + 5)
    assert again.claims == 0 and again.attempts == 0


def test_what_was_delivered_leaves_the_queue_and_stays_in_the_log(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1)
    (lane,) = webhook_lanes.lease(session, "a", 8, NOW)
    assert len(drained(session, lane)) == 1
    webhook_lanes.release(session, [made.id], NOW)
    assert not webhook_lanes.waiting(session, NOW + 10**9)
    (delivery,) = webhook_deliveries.page(session, made.id)
    assert delivery.status == "delivered" and delivery.attempts == 1 and delivery.last_status == 204
    (attempt,) = webhook_deliveries.attempts(session, delivery.id)
    assert attempt.number == 1 and attempt.status == 204
    happened(session, 2)
    assert webhook_lanes.waiting(session, NOW)


def test_a_released_lane_is_found_when_its_next_row_is_due(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1)
    webhook_lanes.lease(session, "a", 8, NOW)
    (due,) = taken_of(session, made.id, 64, NOW)
    webhook_queue.settle(session, [Outcome(due, None, None, None, NOW + 5_000)], NOW)
    webhook_lanes.release(session, [made.id], NOW)
    assert not webhook_lanes.waiting(session, NOW + 4_999)
    assert webhook_lanes.waiting(session, NOW + 5_000)


def test_what_is_missed_while_stopped_is_read_from_the_log_and_nothing_is_skipped_at_the_end(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1)
    webhook_endpoints.stop(session, made.id, "disabled", "failing", AT)
    assert not happened(session, *range(2, 702)).fed
    assert not webhook_lanes.waiting(session, NOW + 10**9)
    webhook_endpoints.resume(session, made.id, missed=True, at=AT)
    (lane,) = webhook_lanes.lease(session, "a", 8, NOW)
    sent = drained(session, lane)
    while lane.cursor is not None:
        filled = webhook_filling.fill(session, lane, NOW)
        assert filled is not None and filled.added <= 500
        lane.cursor = filled.cursor
        sent += drained(session, lane)
    assert happened(session, 5000).fed == {made.id: 1}
    sent += drained(session, lane)
    assert sorted(sent) == sorted(each.id for each in webhook_events.page(session, TENANT.id, limit=5_000))


def test_who_resumes_from_now_sees_what_was_let_go(session: Session) -> None:
    made = subscribed(session)
    webhook_endpoints.stop(session, made.id, "paused", None, AT)
    happened(session, 1)
    later = AT + timedelta(hours=1)
    webhook_endpoints.resume(session, made.id, missed=False, at=later)
    health = webhook_endpoints.health(session, [made.id])[made.id]
    assert health.missed == (AT, later) and not health.reads_from_log and health.backlog == 0
    assert happened(session, 2).fed == {made.id: 1}


def test_a_lane_with_too_many_rows_reads_from_the_log(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_accepting, "LONGEST", 20)
    made = subscribed(session)
    assert happened(session, *range(21)).fed == {made.id: 21}
    assert webhook_events.accept(session, [event(21)], NOW, [made.id]).fed == {made.id: 1}
    assert not happened(session, 22).fed
    assert webhook_endpoints.health(session, [made.id])[made.id].reads_from_log


def test_a_replay_brings_back_what_did_not_arrive_and_a_redelivery_what_did(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1, 2)
    (lane,) = webhook_lanes.lease(session, "a", 8, NOW)
    first, second = taken_of(session, made.id, 64, NOW)
    webhook_queue.settle(session, [delivered(first), Outcome(second, None, "dead", "attempts", 0)], NOW)
    replay = webhook_replays.begin(session, made.id, AT, AT + timedelta(hours=1), (), "undelivered", AT)
    assert replay is not None and replay.total == 2
    assert webhook_replays.begin(session, made.id, AT, AT, (), "all", AT) is None
    assert webhook_replays.fill(session, lane, NOW) == 1
    (due,) = taken_of(session, made.id, 64, NOW)
    assert due.event_id == second.event_id and due.rank == 1
    assert webhook_replays.fill(session, lane, NOW) == 0
    found = webhook_replays.get(session, replay.id)
    assert found is not None and found.done == 2 and found.finished_at is not None
    made_again = {webhook_deliveries.redeliver(session, first.delivery_id, AT) for _ in range(2)}
    assert len(made_again) == 2 and None not in made_again
    rows = taken_of(session, made.id, 64, NOW, besides=[due.delivery_id])
    assert {each.delivery_id for each in rows} == made_again


def test_at_most_two_secrets_sign_the_newest_first(session: Session) -> None:
    made = subscribed(session)
    hours = [AT + timedelta(hours=hour) for hour in range(3)]
    for number, at in enumerate(hours):
        webhook_secrets.add(session, made.id, f"sealed{number}", "whsec_", at, overlap=timedelta(hours=24))
    assert [each.sealed for each in webhook_secrets.live(session, made.id, hours[2])] == ["sealed2", "sealed1"]
    webhook_secrets.add(session, made.id, "sealed3", "whsec_", hours[2])
    assert [each.sealed for each in webhook_secrets.live(session, made.id, hours[2])] == ["sealed3"]


def test_who_is_deleted_has_what_waits_cancelled(session: Session) -> None:
    made = subscribed(session)
    webhook_secrets.add(session, made.id, "sealed", "whsec_", AT)
    happened(session, 1)
    assert webhook_endpoints.remove(session, made.id, AT) and not webhook_endpoints.remove(session, made.id, AT)
    (delivery,) = webhook_deliveries.page(session, made.id)
    assert (delivery.status, delivery.reason) == ("cancelled", "deleted")
    assert webhook_endpoints.of_tenant(session, TENANT.id) == ()


def test_a_turn_is_one_couriers_until_it_ends(session: Session) -> None:
    assert webhook_housekeeping.turn(session, "housekeeping", "a", NOW, 1_000)
    assert not webhook_housekeeping.turn(session, "housekeeping", "b", NOW + 999, 1_000)
    assert webhook_housekeeping.turn(session, "housekeeping", "a", NOW + 500, 1_000)
    assert webhook_housekeeping.turn(session, "housekeeping", "b", NOW + 1_500, 1_000)
    assert webhook_housekeeping.beat(session, "a", NOW) is None
    assert webhook_housekeeping.beat(session, "b", NOW + 70_000) == NOW
    assert webhook_housekeeping.living(session, NOW + 70_000) == 1


def test_what_is_old_is_forgotten_and_what_still_waits_is_not(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1, 2)
    first, _ = taken_of(session, made.id, 64, NOW)
    webhook_queue.settle(session, [delivered(first)], NOW)
    assert webhook_housekeeping.forget(session, AT, AT) == 0
    later = AT + timedelta(days=31)
    assert webhook_housekeeping.forget(session, later, later) == 3
    assert len(webhook_deliveries.page(session, made.id)) == len(webhook_events.page(session, TENANT.id)) == 1
    assert webhook_housekeeping.stored(session) > 0


def test_sleeping_lanes_with_work_are_repaired(session: Session) -> None:
    made = subscribed(session)
    happened(session, 1)
    webhook_lanes.lease(session, "a", 8, NOW)
    assert webhook_lanes.repair(session, NOW + 10_000) == 0
    assert webhook_lanes.states(session, NOW) == {"leased": 1}
    assert webhook_streams.last(session, TENANT.id) == 1
    assert webhook_endpoints.get(session, made.id) == made
    assert endpoint(id=made.id) == made
