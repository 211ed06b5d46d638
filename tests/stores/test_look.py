"""Looking at what is left: it uses nothing up, and says so when nobody can tell."""

import pytest

from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Limiter
from gateway.stores.policies import Policy
from gateway.stores.redis_connection import RedisConnection

TOKEN = Policy("token", 600, 60.0, 10, per="token")
TENANT = Policy("tenant", 20, 60.0, per="tenant")


async def test_a_look_tells_what_is_left_and_takes_nothing(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    gate = limiter.gate("clx1", "a", (TOKEN, TENANT))
    for _ in range(4):
        assert (await limiter.admit(gate)).allowed
    for _ in range(30):
        token, tenant = await limiter.look("clx1", "a", (TOKEN, TENANT))
        assert tenant.remaining == 16
        assert token.remaining >= 6
    (other,) = await limiter.look("clx2", "a", (TENANT,))
    assert other.remaining == 20
    assert (await limiter.admit(gate)).readings[1].remaining == 15


async def test_a_look_at_what_is_used_up_says_when_there_is_more(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    gate = limiter.gate("clx1", "a", (TENANT,))
    for _ in range(20):
        await limiter.admit(gate)
    (reading,) = await limiter.look("clx1", "a", (TENANT,))
    assert reading.remaining == 0
    assert 0 < reading.retry_after <= reading.reset <= 64


async def test_a_look_without_the_store_is_refused(line: RedisConnection) -> None:
    limiter = Limiter(line, 1)
    await line.aclose()
    with pytest.raises(StoreUnavailable):
        await limiter.look("clx1", "a", (TENANT,))
