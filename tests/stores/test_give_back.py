"""A unit that is given back was never used: by a bucket, by a window, in the store and without it."""

from __future__ import annotations

import pytest

from gateway.stores.limits import Limiter
from gateway.stores.local_limits import LocalLimits
from gateway.stores.policies import Policy
from gateway.stores.redis_connection import RedisConnection

POLICIES = (
    Policy("window", 2, 600.0, per="address"),
    Policy("bucket", 2, 600.0, 2, per="address"),
)


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
async def test_a_unit_that_is_given_back_can_be_taken_again(line: RedisConnection, policy: Policy) -> None:
    limiter = Limiter(line, 1)

    async def admitted() -> bool:
        return (await limiter.admit_address("192.0.2.1", policy, "account")).allowed

    assert [await admitted() for _ in range(3)] == [True, True, False]
    await limiter.give_back("192.0.2.1", policy, "account")
    assert [await admitted() for _ in range(2)] == [True, False]
    assert (await limiter.admit_address("192.0.2.1", policy)).allowed, "what is counted apart is"


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
async def test_nobody_is_given_more_than_was_taken(line: RedisConnection, policy: Policy) -> None:
    limiter = Limiter(line, 1)
    await limiter.give_back("192.0.2.2", policy)
    await limiter.admit_address("192.0.2.2", policy)
    for _ in range(5):
        await limiter.give_back("192.0.2.2", policy)
    seen = [(await limiter.admit_address("192.0.2.2", policy)).allowed for _ in range(3)]
    assert seen == [True, True, False]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_the_same_holds_while_the_store_is_lost(policy: Policy) -> None:
    local = LocalLimits(1)
    local.give_back(b"k")
    assert [local.admit([(b"k", policy)]).allowed for _ in range(3)] == [True, True, False]
    local.give_back(b"k")
    assert [local.admit([(b"k", policy)]).allowed for _ in range(2)] == [True, False]
