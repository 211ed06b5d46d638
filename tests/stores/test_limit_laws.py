"""Laws of the limits, on the real script under a clock that hypothesis moves: never more, never needlessly less."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.stores.local_limits import LocalLimits
from gateway.stores.policies import Policy, Verdict
from tests.stores.timeline import Timeline

EPOCH = 1_795_000_000_000_000

policies_of_windows = st.builds(
    Policy, st.just("w"), st.integers(1, 12), st.sampled_from([0.001, 0.37, 1.0, 7.0, 60.0]), per=st.just("token")
)
policies_of_buckets = st.builds(
    Policy,
    st.just("b"),
    st.integers(1, 50),
    st.sampled_from([0.37, 1.0, 7.0, 60.0]),
    st.integers(1, 9),
    per=st.just("token"),
)
# Pauses as parts of the window: many at once, within a slice, around a slice's and the window's edge, far beyond.
pauses = st.lists(
    st.one_of(
        st.just(0.0), st.floats(0, 0.06), st.floats(0.9, 1.15), st.floats(0, 4), st.sampled_from([0.05, 1.0, 1.05])
    ),
    min_size=1,
    max_size=60,
)


@pytest.fixture(scope="module")
def timeline(valkey_url: str) -> Iterator[Timeline]:
    timeline = Timeline(valkey_url)
    yield timeline
    timeline.close()


class Local:
    """The local fallback behind the same face, so that it obeys the same laws."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._now = EPOCH
        self._limits = LocalLimits(1, lambda: (self._now + 0.5) / 1e6)

    def admit(self, at: int, policies: list[Policy], *, spreading: bool = False) -> Verdict:
        self._now = at
        return self._limits.admit([(policy.name.encode(), policy) for policy in policies], spreading=spreading)


LOCAL = Local()
stores = pytest.mark.parametrize("kind", ["store", "local"])


def pick(kind: str, timeline: Timeline) -> Timeline | Local:
    meter = timeline if kind == "store" else LOCAL
    meter.clear()
    return meter


def instants(policy: Policy, pauses: list[float]) -> Iterator[int]:
    at = EPOCH
    for pause in pauses:
        at += int(pause * policy.window * 1e6)
        yield at


@stores
@settings(max_examples=120, deadline=None)
@given(policy=policies_of_windows, pauses=pauses)
def test_no_interval_of_a_windows_length_admits_more_than_the_quota(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter, admitted = pick(kind, timeline), []
    for at in instants(policy, pauses):
        if meter.admit(at, [policy]).allowed:
            admitted.append(at)
            # The interval may start anywhere: the worst ones start just after an admission.
            since = bisect_left(admitted, at - int(policy.window * 1e6) + 1)
            assert len(admitted) - since <= policy.quota


@stores
@settings(max_examples=120, deadline=None)
@given(policy=policies_of_windows, pauses=pauses)
def test_a_window_refuses_only_when_its_quota_was_used_within_a_window_and_a_slice(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter, admitted = pick(kind, timeline), []
    for at in instants(policy, pauses):
        if meter.admit(at, [policy]).allowed:
            admitted.append(at)
        else:
            recent = [one for one in admitted if one > at - policy.step * (policy.slices + 1)]
            assert len(recent) >= policy.quota


@stores
@settings(max_examples=120, deadline=None)
@given(policy=st.one_of(policies_of_windows, policies_of_buckets), pauses=pauses)
def test_retry_after_is_the_first_microsecond_that_admits(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter = pick(kind, timeline)
    for at in instants(policy, pauses):
        verdict = meter.admit(at, [policy])
        if not verdict.allowed:
            wait = round(verdict.readings[0].retry_after * 1e6)
            assert wait > 0
            assert not meter.admit(at + wait - 1, [policy]).allowed
            assert meter.admit(at + wait, [policy]).allowed
            return


@stores
@settings(max_examples=120, deadline=None)
@given(policy=policies_of_windows, pauses=pauses)
def test_a_windows_retry_after_is_at_most_one_slice_later_than_an_exact_log_would_say(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter, admitted = pick(kind, timeline), []
    for at in instants(policy, pauses):
        verdict = meter.admit(at, [policy])
        if verdict.allowed:
            admitted.append(at)
            continue
        exact = admitted[-policy.quota] + policy.step * policy.slices
        assert exact <= at + round(verdict.readings[0].retry_after * 1e6) <= exact + policy.step


@stores
@settings(max_examples=120, deadline=None)
@given(policy=policies_of_buckets, pauses=pauses)
def test_a_bucket_admits_its_burst_and_then_one_each_step(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter = pick(kind, timeline)
    level, before = float(policy.capacity * policy.step), EPOCH
    for at in instants(policy, pauses):
        level = min(policy.capacity * policy.step, level + at - before)
        before = at
        verdict = meter.admit(at, [policy])
        assert verdict.allowed == (level >= policy.step)
        level -= policy.step * verdict.allowed
        assert verdict.readings[0].remaining == level // policy.step
        assert round(verdict.readings[0].reset * 1e6) == policy.capacity * policy.step - level


@stores
@settings(max_examples=120, deadline=None)
@given(policy=st.one_of(policies_of_windows, policies_of_buckets), pauses=pauses)
def test_remaining_can_be_spent_at_once_and_no_more(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    meter = pick(kind, timeline)
    verdicts = [meter.admit(at, [policy]) for at in instants(policy, pauses)]
    at, last = list(instants(policy, pauses))[-1], verdicts[-1].readings[0]
    assert 0 <= last.remaining <= policy.capacity
    spent = [meter.admit(at, [policy]) for _ in range(last.remaining + 1)]
    assert [verdict.allowed for verdict in spent] == [True] * last.remaining + [False]
    assert [verdict.readings[0].remaining for verdict in spent[:-1]] == list(reversed(range(last.remaining)))


@stores
@settings(max_examples=120, deadline=None)
@given(policy=st.one_of(policies_of_windows, policies_of_buckets), pauses=pauses)
def test_at_reset_the_policy_is_whole_again_and_not_a_microsecond_before(
    timeline: Timeline, kind: str, policy: Policy, pauses: list[float]
) -> None:
    for early in (0, 1):
        meter = pick(kind, timeline)
        at, verdict = EPOCH, None
        for at in instants(policy, pauses):
            verdict = meter.admit(at, [policy])
        assert verdict is not None
        whole = at + round(verdict.readings[0].reset * 1e6) - early
        after = meter.admit(whole, [policy])
        assert (after.allowed and after.readings[0].remaining == policy.capacity - 1) == (not early)


@stores
@settings(max_examples=120, deadline=None)
@given(window=policies_of_windows, bucket=policies_of_buckets, pauses=pauses)
def test_a_request_refused_by_one_policy_takes_nothing_from_the_other(
    timeline: Timeline, kind: str, window: Policy, bucket: Policy, pauses: list[float]
) -> None:
    meter, both = pick(kind, timeline), [window, bucket]
    admitted = 0
    for _ in range(30):
        verdict = meter.admit(EPOCH, both)
        admitted += verdict.allowed
        assert [reading.remaining for reading in verdict.readings] == [p.capacity - admitted for p in both]
    assert admitted == min(window.capacity, bucket.capacity)
    waits = [reading.retry_after for reading in verdict.readings]
    assert [wait > 0 for wait in waits] == [policy.capacity == admitted for policy in both]


@settings(max_examples=120, deadline=None)
@given(policy=st.one_of(policies_of_windows, policies_of_buckets), pauses=pauses, back=st.floats(0, 1e6))
def test_a_clock_set_back_neither_grants_more_nor_locks_out(
    timeline: Timeline, policy: Policy, pauses: list[float], back: float
) -> None:
    timeline.clear()
    at, last = EPOCH, None
    for at in instants(policy, pauses):
        last = timeline.admit(at, [policy]).readings[0]
    assert last is not None
    at -= int(back * 1e6)
    verdict = timeline.admit(at, [policy])
    assert verdict.readings[0].remaining <= last.remaining
    longest = policy.step * (policy.slices + 1 if policy.slices else policy.capacity)
    assert round(verdict.readings[0].reset * 1e6) <= longest
    assert timeline.admit(at + longest, [policy]).allowed


@stores
@settings(max_examples=120, deadline=None)
@given(
    enforced=policies_of_windows, tried=policies_of_buckets, pauses=pauses, spreading=st.booleans(), last=st.booleans()
)
def test_a_shadow_changes_no_verdict_and_says_what_it_would_have_said_alone(
    timeline: Timeline, kind: str, enforced: Policy, tried: Policy, pauses: list[float], spreading: bool, last: bool
) -> None:
    meter, shadow = pick(kind, timeline), replace(tried, shadow=True)
    both = [enforced, shadow] if last else [shadow, enforced]
    times = list(instants(enforced, pauses))
    together = [meter.admit(at, both, spreading=spreading) for at in times]
    meter.clear()
    alone = [meter.admit(at, [enforced], spreading=spreading) for at in times]
    assert [verdict.allowed for verdict in together] == [verdict.allowed for verdict in alone]
    assert [verdict.refusing for verdict in together] == [verdict.refusing for verdict in alone]
    meter.clear()
    passed = [(at, verdict) for at, verdict in zip(times, together, strict=True) if verdict.allowed]
    would = [() if meter.admit(at, [tried]).allowed else (tried.name,) for at, _ in passed]
    assert [verdict.shadowed for _, verdict in passed] == would
    assert all(verdict.shadowed == () for verdict in together if not verdict.allowed)
