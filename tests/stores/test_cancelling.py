"""Tasks that are given up end, whatever they do with the first word of it."""

import asyncio
from contextlib import suppress

import pytest

from gateway.stores.cancelling import given_up


async def test_a_task_that_takes_the_first_cancellation_for_another_ends_all_the_same() -> None:
    heard = 0

    async def working() -> None:
        nonlocal heard
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1
                if heard > 1:
                    raise

    task = asyncio.create_task(working())
    await asyncio.sleep(0)
    await given_up(task)
    assert task.cancelled() and heard == 2


async def test_what_a_task_ends_with_is_nobodys_fault_and_our_own_cancellation_is_heard() -> None:
    async def failing() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            raise ValueError

    deaf = True

    async def stubborn() -> None:
        while deaf:
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)

    failed, other = asyncio.create_task(failing()), asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await given_up(failed)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await given_up(other)
    deaf = False
    await given_up(other)
