"""When a delivery is tried again, and how an endpoint that fails is treated (events.md §3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.stores.sql.webhook_lanes import Lane
from gateway.webhooks import health, schedule
from gateway.webhooks.health import Pace
from gateway.webhooks.schedule import DAY, HOUR, OLDEST, SECOND

MINUTE = 60 * SECOND
NOW = 1_764_257_890_000


def lane(**columns: int | None) -> Lane:
    given: dict[str, object] = {
        "endpoint_id": "e",
        "tenant_id": "t",
        "epoch": 1,
        "blocked_until": 0,
        "blocks": 0,
        "failing_since": None,
        "failures": 0,
        "streak": 0,
        "warned": 0,
        "gone_at": None,
        "succeeded_at": NOW - DAY,
        "failed_at": None,
        "cursor": None,
    }
    return Lane(**given | columns)  # type: ignore[arg-type]


@given(st.lists(st.floats(0, 1), min_size=9, max_size=9))
def test_ten_attempts_go_out_within_sixty_to_ninety_one_hours(chances: list[float]) -> None:
    now = NOW
    for attempt, chance in enumerate(chances, 1):
        due = schedule.again(now, NOW, attempt, chance)
        assert due is not None and due > now
        now = due
    assert 60 * HOUR <= now - NOW <= 91 * HOUR
    assert schedule.again(now, NOW, 10, 0.5) is None


def test_in_the_mean_they_take_75_hours_and_35_minutes() -> None:
    assert sum(schedule.DELAYS) == 75 * HOUR + 35 * MINUTE + 5 * SECOND


@given(st.integers(1, 9), st.floats(0, 1), st.integers(0, DAY), st.integers(0, 120 * HOUR))
def test_nothing_is_tried_in_the_past_before_it_is_asked_for_or_when_it_is_too_old(
    attempts: int, chance: float, pause: int, age: int
) -> None:
    due = schedule.again(NOW + age, NOW, attempts, chance, not_before=pause)
    if due is None:
        assert age + max(pause, schedule.DELAYS[attempts] * 1.2) > OLDEST
    else:
        assert NOW + age + max(pause, schedule.DELAYS[attempts] * 0.8 - 1) <= due <= NOW + OLDEST


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        ("-1", 0),
        ("tomorrow", 0),
        (str(10**12), 86_400),
        ("9" * 5_000, 86_400),
        ("Thu, 27 Nov 2025 15:40:10 GMT", 120),
        ("Thu, 27 Nov 2025 15:00:00 GMT", 0),
        ("Thu, 27 Nov 9999 15:00:00 GMT", 86_400),
        ("1.5", 0),
        ("", 0),
        ("\xb2", 0),
    ],
)
def test_case_13_a_pause_that_is_asked_for_is_kept_up_to_a_day_and_nonsense_is_none(text: str, seconds: int) -> None:
    assert schedule.retry_after({b"retry-after": text.encode("latin-1")}, 1_764_257_890) == seconds * SECOND
    assert schedule.retry_after({}, 1_764_257_890) == 0


@given(st.binary(max_size=60))
def test_whatever_an_endpoint_asks_for_is_a_pause_between_nothing_and_a_day(value: bytes) -> None:
    assert 0 <= schedule.retry_after({b"retry-after": value}, 1_764_257_890) <= DAY


def test_five_failures_in_a_row_block_a_lane_for_longer_each_time_and_one_success_opens_it() -> None:
    failing = lane()
    assert [health.failed(failing, NOW, 500) for _ in range(5)] == [False] * 4 + [True]
    assert failing.blocked_until == NOW + 30 * SECOND
    # What was under way already does not make it longer.
    assert not health.failed(failing, NOW + 1, 500) and failing.blocked_until == NOW + 30 * SECOND
    now, pauses = failing.blocked_until, []
    for _ in range(7):
        assert health.failed(failing, now, None)
        pauses.append((failing.blocked_until - now) // SECOND)
        now = failing.blocked_until
    assert pauses == [60, 120, 240, 480, 900, 900, 900]
    assert health.succeeded(failing, now)
    assert (failing.blocked_until, failing.blocks, failing.failures, failing.failing_since) == (0, 0, 0, None)
    assert not health.succeeded(failing, now)


def test_case_14_an_endpoint_that_says_twice_that_it_is_gone_is_given_up() -> None:
    gone = lane()
    health.failed(gone, NOW, 410)
    health.failed(gone, NOW + SECOND, 410)
    assert health.given_up(gone, NOW + SECOND) is None, "both were under way at once"
    health.failed(gone, NOW + 5 * MINUTE, 410)
    assert health.given_up(gone, NOW + 5 * MINUTE) == "gone"
    back = lane()
    health.failed(back, NOW, 410)
    health.failed(back, NOW + MINUTE, 500)
    health.failed(back, NOW + 5 * MINUTE, 410)
    assert health.given_up(back, NOW + 5 * MINUTE) is None


def test_an_endpoint_is_given_up_after_five_days_and_ten_failures_and_its_owner_warned_twice() -> None:
    failing = lane()
    warned = []
    for hour in range(0, 5 * 24 + 1, 6):
        now = NOW + hour * HOUR
        health.failed(failing, now, 500)
        if health.warning(failing, now):
            warned.append(hour)
        if hour < 5 * 24:
            assert health.given_up(failing, now) is None
    assert health.given_up(failing, NOW + 5 * DAY) == "failing"
    assert warned == [24, 72]


def test_case_15_a_name_that_resolves_to_nothing_for_a_day_ends_neither_delivery_nor_endpoint() -> None:
    failing, now, number = lane(), NOW, 0
    while now - NOW < DAY:
        health.failed(failing, now, None)
        number += 1
        assert health.given_up(failing, now) is None
        again = schedule.again(now, NOW, number, 0.5, not_before=0, gone=False)
        assert again is not None and again > now, "the next one is always to come"
        now = max(again, failing.blocked_until)
    assert number >= 7, "it was tried all the time"
    assert health.succeeded(failing, now) and failing.failing_since is None


def test_few_failures_do_not_end_an_endpoint_that_hardly_gets_events() -> None:
    quiet = lane()
    for day in range(9):
        health.failed(quiet, NOW + day * DAY, 500)
    assert health.given_up(quiet, NOW + 8 * DAY) is None
    health.failed(quiet, NOW + 9 * DAY, 500)
    assert health.given_up(quiet, NOW + 9 * DAY) == "failing"


def test_who_never_answered_is_called_once_a_second_and_given_up_after_a_day() -> None:
    stranger = lane(succeeded_at=None)
    pace = Pace.of(stranger, 64, None)
    assert pace.room(0, 0, 100.0, replay=False) and not pace.room(1, 0, 100.0, replay=False)
    pace.sent(100.0)
    assert not pace.room(0, 0, 100.5, replay=False) and pace.room(0, 0, 101.0, replay=False)
    health.failed(stranger, NOW, None)
    health.failed(stranger, NOW + DAY, None)
    assert health.given_up(stranger, NOW + DAY) == "failing"


def test_case_12_after_an_outage_the_endpoint_gets_one_then_twice_as_many_each_second() -> None:
    pace = Pace.of(lane(failing_since=NOW), 8, None)
    limits = []
    for tenth in range(60):
        pace.answered(0.05, 204, 10 + tenth / 10)
        limits.append(int(pace.limit))
    assert limits[0] == 2 and limits[9] == 2 and limits[10] == 4 and limits[20] == 8 and max(limits) == 8
    pace.answered(0.05, 429, 17.0)
    assert pace.limit == 4
    pace.answered(11.0, 200, 18.0)
    assert pace.limit == 2


def test_replays_take_half_of_the_places() -> None:
    pace = Pace.of(lane(), 8, None)
    assert pace.room(3, 3, 0.0, replay=True) and not pace.room(4, 4, 0.0, replay=True)
    assert pace.room(7, 4, 0.0, replay=False) and not pace.room(8, 4, 0.0, replay=False)


@given(st.lists(st.tuples(st.sampled_from([200, 204, 429, 500, 503, None]), st.floats(0, 20)), max_size=60))
def test_the_pace_never_leaves_what_the_owner_asked_for(answers: list[tuple[int | None, float]]) -> None:
    pace = Pace.of(lane(failing_since=NOW), 16, None)
    for number, (status, seconds) in enumerate(answers):
        pace.answered(seconds, status, float(number))
        assert 1 <= pace.limit <= 16
