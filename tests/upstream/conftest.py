import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import uvloop

from gateway.upstream import Guard, Limiting, Policy, Pool, Retrying, Target
from tests.upstream.guarded import NEVER, MakeGuard

MakePool = Callable[..., Pool]


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """uvloop is what runs; asyncio's own transports differ enough to find assumptions."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def make_pool() -> AsyncIterator[MakePool]:
    """Builds pools with short limits, and checks afterwards that none lost count of its connections."""
    pools: list[Pool] = []

    def make(url: str, **changes: Any) -> Pool:
        limits = {"connect_timeout": 1.0, "total_timeout": 2.0, "max_connections": 4, "max_response_bytes": 1 << 20}
        pool = Pool(Target(base_url=url, **(limits | changes)))
        pools.append(pool)
        return pool

    yield make
    for pool in pools:
        assert pool._open == len(pool._idle)
        assert pool._busy == set()
        assert not [waiter for waiter in pool._waiters if not waiter.done()]
        await pool.aclose()
        assert pool._open == 0


@pytest.fixture
async def make_guard(make_pool: MakePool, request: pytest.FixtureRequest) -> MakeGuard:
    """Guards named for their test, so that their counts are its own."""

    def make(url: str, **changes: Any) -> Guard:
        policy: dict[str, Any] = {
            "total": 2.0,
            "limiting": Limiting(most=4),
            "retrying": Retrying(attempts=0),
            "breaking": NEVER,
        } | changes
        return Guard(request.node.name, make_pool(url, max_connections=policy["limiting"].most), Policy(**policy))

    return make
