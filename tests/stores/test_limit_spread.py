"""Refusals of one token are spread over the slots that come free: clients that obey Retry-After are hardly refused twice.

A discrete simulation of clients on the real script, under a clock that it moves, and on the local fallback.
"""

import heapq
import math
import random
from collections.abc import Iterator

import pytest

from gateway.stores.policies import Policy
from tests.stores.test_limit_laws import EPOCH, Local, pick, stores
from tests.stores.timeline import Timeline

BUCKET = Policy("token", 600, 60.0, 100, per="token")
WINDOW = Policy("search", 300, 60.0, per="token")


@pytest.fixture(scope="module")
def timeline(valkey_url: str) -> Iterator[Timeline]:
    timeline = Timeline(valkey_url)
    yield timeline
    timeline.close()


class Crowd:
    """Clients that send, wait as they are told when they are refused, and send again; `requests` counts both."""

    def __init__(self, meter: Timeline | Local, policy: Policy) -> None:
        self._meter = meter
        self._policy = policy
        self.requests = 0
        self.waits: list[int] = []
        self.ended = 0.0

    def run(self, clients: int, updates: int, *, each: int | None = None) -> float:
        """Requests for each success, until there were so many `updates`; `each`: after so many a client is content."""
        chance = random.Random(1)
        coming = [(chance.random() * 0.01, client, 0) for client in range(clients)]
        heapq.heapify(coming)
        done = 0
        while done < updates:
            now, client, made = heapq.heappop(coming)
            self.requests += 1
            verdict = self._meter.admit(EPOCH + int(now * 1e6), [self._policy], spreading=True)
            if verdict.allowed:
                done, made = done + 1, made + 1
                if each is None or made < each:
                    heapq.heappush(coming, (now + chance.uniform(0.004, 0.03), client, made))
            else:
                wait = max(1, math.ceil(verdict.readings[0].retry_after))
                self.waits.append(wait)
                heapq.heappush(coming, (now + wait + chance.random() * 0.005, client, made))
            self.ended = now
        return self.requests / done


@stores
@pytest.mark.parametrize("clients", [1, 4, 8, 16])
def test_workers_that_obey_need_at_most_1_2_requests_for_each_success(
    timeline: Timeline, kind: str, clients: int
) -> None:
    crowd = Crowd(pick(kind, timeline), BUCKET)
    assert crowd.run(clients, 600) <= 1.2
    assert len(crowd.waits) <= 0.2 * crowd.requests
    # Nothing is wasted on the way: what comes free is used.
    assert crowd.ended < 53


@stores
def test_so_do_workers_that_share_a_sliding_window(timeline: Timeline, kind: str) -> None:
    crowd = Crowd(pick(kind, timeline), WINDOW)
    assert crowd.run(16, 900) <= 1.2
    assert crowd.ended < 200


@stores
def test_many_single_requests_at_once_are_told_no_more_than_their_place_in_the_queue(
    timeline: Timeline, kind: str
) -> None:
    crowd = Crowd(pick(kind, timeline), BUCKET)
    crowd.run(150, 150, each=1)
    assert crowd.requests == 200
    assert sorted(crowd.waits) == [second for second in range(1, 6) for _ in range(10)]


@stores
def test_whoever_does_not_obey_puts_nobody_off_for_longer_than_a_minute(timeline: Timeline, kind: str) -> None:
    meter = pick(kind, timeline)
    for policy in (BUCKET, WINDOW):
        told = [
            meter.admit(EPOCH + millisecond * 1000, [policy], spreading=True).readings[0].retry_after
            for millisecond in range(3000)
        ]
        assert max(told) <= 63.1


@stores
def test_what_was_promised_keeps_nobody_from_a_unit_that_is_free(timeline: Timeline, kind: str) -> None:
    meter = pick(kind, timeline)
    for _ in range(110):
        meter.admit(EPOCH, [BUCKET], spreading=True)
    verdict = meter.admit(EPOCH + BUCKET.step, [BUCKET], spreading=True)
    assert verdict.allowed
    assert verdict.readings[0].retry_after == 0
