"""Idempotency keys while the store is away: nothing is promised, and what was left open is settled when it is back."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from gateway.process.embedded import valkey
from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from gateway.stores.replays import Replays, Reserved, Stored
from tests.stores.test_replays import CREATED, reserve, reserved


async def test_a_lost_store_refuses_reservations_and_forgets_those_it_made_unseen(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url, timeout=0.1)
        replays = Replays(line, 60, 60)
        handle = await reserved(replays, "finishing")
        pid = int((tmp_path / "valkey" / "valkey.pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        results = await asyncio.gather(
            reserve(replays, "unseen"), replays.finish(handle, *CREATED), return_exceptions=True
        )
        assert [type(result) for result in results] == [StoreUnavailable, StoreUnavailable]
        os.kill(pid, signal.SIGCONT)
        async with asyncio.timeout(5):
            while replays._settling:
                await asyncio.wait(replays._settling)
        assert isinstance(await reserve(replays, "unseen"), Reserved)
        assert isinstance(await reserve(replays, "finishing"), Stored)
        await line.aclose()


async def test_what_a_lost_store_left_unsettled_is_tried_once_more_at_the_end_and_no_longer(tmp_path: Path) -> None:
    async with valkey.running(tmp_path) as url:
        line = await redis_url.connect(url, timeout=0.1)
        replays = Replays(line, 60, 60)
        finishing = await reserved(replays, "finishing")
        pid = int((tmp_path / "valkey" / "valkey.pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(StoreUnavailable):
            await replays.finish(finishing, *CREATED)
        os.kill(pid, signal.SIGCONT)
        async with asyncio.timeout(5):
            while not line.connected:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        await replays.aclose()
        assert not replays._settling and isinstance(await reserve(replays, "finishing"), Stored)
        await line.aclose()
        with pytest.raises(StoreUnavailable):
            await reserve(replays, "unseen")
        await replays.aclose()
        assert not replays._settling
