"""What many deliveries leave behind in a courier and in the queue: nothing (events.md §7, case 39; `python -m bench.webhooks soaked` is long)."""

from __future__ import annotations

import asyncio
import gc
import os
from pathlib import Path
from typing import Final

from gateway.stores.sql import webhook_queue
from tests.webhooks.delivering import Post
from tests.webhooks.receivers import Received, answer, receiving, until

ROUND: Final = 500
ROUNDS: Final = 4 * int(os.environ.get("CHAOS_ROUNDS", "1"))


async def test_case_39_deliveries_leave_neither_memory_nor_rows_of_the_queue_behind(post: Post) -> None:
    got = 0

    async def forgetting(_: Received, writer: asyncio.StreamWriter) -> None:
        nonlocal got
        got += 1
        receiver.received.clear()
        writer.write(answer())

    memory: list[int] = []
    async with receiving(forgetting) as receiver, post.delivering() as courier:
        await post.subscribe(receiver.url)
        for number in range(ROUNDS):
            await post.happen(*range(number * ROUND, (number + 1) * ROUND))
            await until(lambda: _waiting(post) == 0, 60)
            await until(lambda: not courier._held)
            gc.collect()
            memory.append(_resident())
        assert not courier._starved and not courier._tenants and not courier._places._taken
    assert got == ROUNDS * ROUND
    # The first rounds fill caches of statements and of the allocator.
    assert memory[-1] - memory[1] < 4_000_000, memory


def _waiting(post: Post) -> int:
    with post.sql.session(read_only=True) as session:
        return webhook_queue.depth(session, 0)[0]


def _resident() -> int:
    """Bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
