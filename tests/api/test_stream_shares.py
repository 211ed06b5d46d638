"""Streams have a share of a service's connections, their readers a least rate, and their services a time for the first row."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest

from gateway.api import stream_shares
from gateway.api.stream_shares import StreamShares, paced
from gateway.downstream.streaming import ClientLeft
from gateway.problems import RateLimited
from gateway.upstream.errors import Saturated
from tests.live import Live


def test_a_tenant_has_a_tenth_and_all_together_have_half() -> None:
    shares = StreamShares(100)
    with ExitStack() as stack:
        for tenant in range(5):
            for _ in range(10):
                stack.enter_context(shares.one(f"t{tenant}"))
            with pytest.raises(RateLimited) as refused, shares.one(f"t{tenant}"):
                pass
            assert refused.value.members["violated_policies"] == ["streams"]
        with pytest.raises(Saturated), shares.one("another"):
            pass
    with shares.one("t0"), shares.one("another"):
        pass


async def pieces(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * 1024


async def test_a_reader_that_takes_less_than_the_least_rate_is_left() -> None:
    async def read() -> None:
        async for _ in paced(pieces(50), 0.05):
            await asyncio.sleep(0.03)

    with pytest.raises(ClientLeft):
        await read()


async def test_a_reader_that_keeps_up_gets_everything() -> None:
    taken = [piece async for piece in paced(pieces(200), 0.2)]
    assert len(taken) == 200
    assert stream_shares.SLOWEST == 65_536


def test_an_export_whose_service_gives_no_row_in_time_is_a_504(live: Live) -> None:
    with live.fault(path="/api/crm", never_end=True):
        began = time.monotonic()
        late = live.call("GET", "/v1/contacts/export")
        assert (late.status_code, late.json()["code"]) == (504, "upstream_timeout")
        assert time.monotonic() - began < 12
