"""Nodes that answer nothing, and lines to several that are given up or only tried."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import pack
from tests.stores.nodes import Node, soon, url_of


async def test_sentinels_that_are_silent_do_not_keep_the_others_from_being_asked_for_ever(
    sentinel: tuple[list[Node], list[Node]],
) -> None:
    """Each takes a time-out, of which an attempt has four."""
    silent = [await asyncio.start_server(lambda _, writer: None, "127.0.0.1", 0) for _ in range(6)]
    places = [f"127.0.0.1:{each.sockets[0].getsockname()[1]}" for each in silent]
    url = url_of(sentinel[1][-1:])
    line = await redis_url.connect(url.replace("://", f"://{','.join(places)},"), timeout=0.2)
    try:
        assert not line.connected
        await soon(lambda: line.command("PING"), 5.0)
    finally:
        await line.aclose()
        for each in silent:
            each.close()


async def test_of_a_cluster_that_is_only_tried_nothing_is_logged_whatever_it_refuses(
    clustered: list[Node], logged: Callable[[], list[dict[str, Any]]]
) -> None:
    for node in clustered[:3]:
        node.client.config_set("maxmemory", "1")
    try:
        with pytest.raises(StoreUnavailable, match="OOM"):
            await redis_url.check(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=0.5)
    finally:
        for node in clustered[:3]:
            node.client.config_set("maxmemory", "0")
    assert logged() == []


async def test_of_a_cluster_that_is_given_up_with_a_command_under_way_nothing_goes_on(
    clustered: list[Node], logged: Callable[[], list[dict[str, Any]]]
) -> None:
    line = await redis_url.connect(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=2.0)
    await line.command("PING", "gw:{t}:x")
    waiting = line.ask(pack("BLPOP", "gw:{t}:nothing", 5))
    await asyncio.sleep(0.1)
    await line.aclose()
    with pytest.raises(StoreUnavailable, match="the line was closed"):
        await waiting
    await asyncio.sleep(0.1)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    assert [each["event"] for each in logged()] == []
