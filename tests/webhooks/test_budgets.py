"""The budgets of tenants at the ingest port: exact to the event, however many ask at once, and one question for those who do."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.stores import redis_url
from gateway.stores.limits import Gate, Limiter
from gateway.stores.policies import Policy, Verdict
from gateway.stores.redis_connection import RedisConnection
from gateway.webhooks.budgets import Budgets

QUOTA = 25
POLICY = Policy("ingest", QUOTA, 60.0, per="address")


@pytest.fixture
async def line(valkey_url: str) -> AsyncIterator[RedisConnection]:
    line = await redis_url.connect(valkey_url, timeout=5.0)
    await line.command("FLUSHALL")
    yield line
    await line.aclose()


class Counting(Limiter):
    """One that keeps how many units it was asked for, each time."""

    def __init__(self, line: RedisConnection, replicas: int = 1) -> None:
        super().__init__(line, replicas)
        self.asked: list[int] = []

    async def admit(self, gate: Gate) -> Verdict:
        self.asked.append(gate.units)
        return await super().admit(gate)


async def together(budgets: Budgets, tenant: str, count: int) -> list[float]:
    return await asyncio.gather(*(budgets.take(tenant) for _ in range(count)))


async def test_those_who_ask_in_one_turn_are_one_question(line: RedisConnection) -> None:
    limiter = Counting(line)
    budgets = Budgets(limiter, POLICY)
    waits = await asyncio.gather(together(budgets, "a", 20), together(budgets, "b", 5))
    assert [*waits] == [[0.0] * 20, [0.0] * 5]
    assert sorted(limiter.asked) == [5, 20]
    assert await together(budgets, "a", 1) == [0.0]
    (reading,) = (await limiter.admit(limiter.gate_of_address("a", POLICY, "ingest"))).readings
    assert reading.remaining == QUOTA - 20 - 1 - 1


@pytest.mark.parametrize("before", [0, 10, QUOTA])
async def test_where_there_is_too_little_for_all_each_is_answered_for_itself(
    line: RedisConnection, before: int
) -> None:
    budgets = Budgets(Counting(line), POLICY)
    assert await together(budgets, "a", before) == [0.0] * before
    waits = await together(budgets, "a", 2 * QUOTA)
    assert waits[: QUOTA - before] == [0.0] * (QUOTA - before)
    assert all(0 < wait <= 2 * POLICY.window for wait in waits[QUOTA - before :])


async def test_without_the_store_a_worker_gives_its_share_and_no_more() -> None:
    lost = await redis_url.connect("redis://127.0.0.1:1", timeout=0.2)
    waits = await together(Budgets(Counting(lost, replicas=5), POLICY), "a", 3 * QUOTA)
    assert [wait == 0 for wait in waits] == [True] * (QUOTA // 5) + [False] * (3 * QUOTA - QUOTA // 5)
    await lost.aclose()


async def test_who_is_gone_before_the_answer_leaves_the_others_theirs(line: RedisConnection) -> None:
    budgets = Budgets(Counting(line), POLICY)
    asking = [asyncio.create_task(budgets.take("a")) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    assert [await each for each in asking[1:]] == [0.0, 0.0]


async def test_a_fault_of_the_question_is_heard_by_all_who_ask(
    line: RedisConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = Limiter(line, 1)

    async def faulty(gate: Gate) -> Verdict:
        raise ZeroDivisionError(gate.units)

    monkeypatch.setattr(limiter, "admit", faulty)
    budgets = Budgets(limiter, POLICY)
    heard = await asyncio.gather(*(budgets.take("a") for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in heard] == [ZeroDivisionError] * 3
