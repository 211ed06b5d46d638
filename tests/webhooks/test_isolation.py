"""What endpoints that hang or are down cost the others (events.md §5 and §7, case 10): measured in turns, in one run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Final

from gateway.stores.sql.webhook_endpoints import Endpoint
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Received, Receiver, answer, receiving, says

TURNS: Final = 3 * int(os.environ.get("CHAOS_ROUNDS", "1"))
EVENTS: Final = 5  # of a turn, one after the other
HEALTHY: Final = 44


async def test_case_10_healthy_endpoints_wait_no_longer_while_one_hangs_and_five_are_down(post: Post) -> None:
    never = asyncio.Event()

    async def hang(_: Received, writer: asyncio.StreamWriter) -> None:
        await never.wait()
        writer.close()

    async with receiving() as receiver, receiving(hang) as hanging, receiving(says(answer(503))) as down:
        await _subscribed(post, [receiver] * HEALTHY, "deal.won")
        sick = await _subscribed(post, [hanging, *[down] * 5], "deal.lost")
        alone: list[float] = []
        beside: list[float] = []
        async with post.delivering():
            for turn in range(TURNS):
                alone += await _lags(post, receiver, 2 * turn * EVENTS)
                # Those that are ill have the same event to take, and more of their own.
                await post.happen(*range(100_000 + turn * 50, 100_050 + turn * 50), type="deal.lost")
                beside += await _lags(post, receiver, (2 * turn + 1) * EVENTS)
            assert hanging.most >= 8, "its places are taken"
            assert {each.status for made in sick for each in post.deliveries(made)} == {"pending"}
            never.set()
    found = {name: (median(lags), quantiles(lags, n=100)[98]) for name, lags in (("alone", alone), ("beside", beside))}
    print(f"lag of {HEALTHY} healthy endpoints, seconds, median and p99: {found}")
    # Room for the machine's other work, and for none of the seconds that an endpoint which hangs would cost.
    assert found["beside"][0] <= 1.5 * found["alone"][0] + 0.05
    assert found["beside"][1] <= 2 * found["alone"][1] + 0.25


async def _subscribed(post: Post, to: Sequence[Receiver], kind: str) -> list[Endpoint]:
    return [await post.subscribe(each.url, events=(kind,)) for each in to]


async def _lags(post: Post, receiver: Receiver, start: int) -> list[float]:
    """From the acceptance of each event to its arrival at each healthy endpoint, in seconds."""
    lags: list[float] = []
    for number in range(start, start + EVENTS):
        before = len(receiver.received)
        began = asyncio.get_running_loop().time()
        await post.happen(number)
        await receiver.has(before + HEALTHY)
        lags += [each.at - began for each in receiver.received[before:]]
    return lags
