"""Streams have a share of a service's connections, their readers a least rate, and their services a time for the first row."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from gateway.api import stream_shares
from gateway.api.stream_shares import StreamShares, paced
from gateway.downstream.streaming import ClientSlow
from gateway.problems import RateLimited
from gateway.upstream.errors import Saturated
from tests.live import Live

EXPORTED = "/api/crm/contacts/export"


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

    with pytest.raises(ClientSlow):
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


def test_a_tenant_whose_exports_hold_all_they_may_leaves_everybody_else_their_searches(live: Live) -> None:
    def export(_: int) -> tuple[int, str]:
        answer = live.call("GET", "/v1/contacts/export")
        return answer.status_code, answer.json()["code"]

    def search() -> tuple[int, float]:
        began = time.monotonic()
        answer = live.call("POST", "/v1/contacts/search", {"limit": 1}, token=live.b.tokens["owner"])
        return answer.status_code, time.monotonic() - began

    with live.fault(method="GET", path=EXPORTED, never_end=True), ThreadPoolExecutor(25) as threads:
        asked = [threads.submit(export, number) for number in range(25)]
        beside = []
        while not all(each.done() for each in asked):
            beside.append(search())
            time.sleep(0.05)
        told = Counter(each.result() for each in asked)
    # A tenth of the hundred connections that one worker has to the service.
    assert told == {(504, "upstream_timeout"): 10, (429, "rate_limited"): 15}
    assert beside and {status for status, _ in beside} == {200}
    # Had they waited for a connection, it would have been as long as the exports take.
    assert min(took for _, took in beside) < 1
    assert live.call("GET", "/v1/contacts/export").status_code == 200
