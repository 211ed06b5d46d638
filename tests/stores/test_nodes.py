"""A store of several nodes: the limits hold across them, and a primary that is killed is replaced within seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from gateway.stores.limits import Limiter
from gateway.stores.policies import Policy
from gateway.stores.redis_connection import Script, pack
from gateway.stores.redis_nodes import ClusterConnection, SentinelConnection, _slot
from tests.stores.nodes import Node, running_node, soon, until, url_of

COUNT = Script("return redis.call('INCRBY', KEYS[1], ARGV[1]) + redis.call('INCR', KEYS[2])")


async def test_the_primary_that_sentinels_name_is_used_and_its_successor_after_it(
    sentinel: tuple[list[Node], list[Node]],
) -> None:
    nodes, sentinels = sentinel
    line = await redis_url.connect(url_of(sentinels), timeout=0.5)
    assert isinstance(line, SentinelConnection) and line.connected
    decided: list[tuple[float, bool]] = []

    async def admit() -> None:
        """Limits decide all the while, by themselves when they must."""
        policy, limiter = Policy("address", quota=1_000_000, window=60.0, burst=None, per="address"), Limiter(line, 1)
        while True:
            verdict = await limiter.admit_address("10.0.0.1", policy)
            assert verdict.allowed
            decided.append((time.monotonic(), verdict.local))
            await asyncio.sleep(0.01)

    admitting = asyncio.create_task(admit())
    try:
        await line.command("SET", "gw:{t}:x", "1")
        # By now a replica has it.
        assert await line.command("WAIT", 1, 1000) >= 1
        nodes[0].kill()
        await asyncio.to_thread(until, lambda: "master" in [each.role for each in nodes[1:]])
        took = await soon(lambda: line.command("INCR", "gw:{t}:x"), 5.0)
        back = time.monotonic()
        print(f"writes {took:.2f} s after the election")
        assert int(await line.command("GET", "gw:{t}:x")) >= 2
        await asyncio.sleep(0.2)
        assert not admitting.done()
        local = [moment for moment, by_itself in decided if by_itself]
        assert local and max(local) < back + 0.1 and took < 3.0
        # One sentinel less tells as well, and who asks for more is told which.
        sentinels[0].kill()

        def primaries() -> list[tuple[str, int]]:
            """One, but for a moment in which sentinels on a crowded machine hold it for down once more."""
            return [("127.0.0.1", each.port) for each in nodes if each.role == "master"]

        async with asyncio.timeout(20):
            while [*(told := await line.opinions()).values()][1:] != 2 * await asyncio.to_thread(primaries):  # noqa: ASYNC110 - each hears of it by itself
                await asyncio.sleep(0.05)
        assert list(told) == [f"127.0.0.1:{each.port}" for each in sentinels]
        assert "cannot be asked" in str(told[f"127.0.0.1:{sentinels[0].port}"])
        assert line._link is not None
        line._link.drop("for the test")
        await soon(lambda: line.command("INCR", "gw:{t}:x"), 5.0)
    finally:
        admitting.cancel()
        await asyncio.gather(admitting, return_exceptions=True)
        await line.aclose()


async def test_a_service_that_no_sentinel_watches_is_told_with_those_that_they_do(
    sentinel: tuple[list[Node], list[Node]], tmp_path: Path
) -> None:
    url = url_of(sentinel[1][1:]).removesuffix("/main")
    line = await redis_url.connect(f"{url}/mein", timeout=0.5)
    with pytest.raises(StoreUnavailable, match="watches main, and no mein"):
        await line.command("PING")
    await line.aclose()
    # A node in the place of a sentinel knows of none, and is no reason not to ask the next one.
    with running_node(tmp_path) as node:
        await redis_url.check(f"redis://127.0.0.1:{node.port}", timeout=0.5)
        line = await redis_url.connect(url.replace("://", f"://127.0.0.1:{node.port},") + "/main", timeout=0.5)
        await line.command("PING")
        assert isinstance(line, SentinelConnection)
        assert "unknown command" in str((await line.opinions())[f"127.0.0.1:{node.port}"])
        await line.aclose()


async def test_keys_of_one_tenant_are_in_one_slot_and_all_tenants_on_all_nodes(clustered: list[Node]) -> None:
    line = await redis_url.connect(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=0.5)
    assert isinstance(line, ClusterConnection) and line.connected
    try:
        for tenant in range(60):
            keys = f"gw:{{tenant{tenant}}}:a", f"gw:{{tenant{tenant}}}:b"
            assert await line.run(COUNT, keys, (5,)) == 6
            assert await line.run(COUNT, keys, (5,)) == 12
        held = [int(each.client.dbsize()) for each in clustered[:3]]
        assert sum(held) == 120 and min(held) > 10
        packed = pack("GET", "gw:{tenant1}:a")
        assert _slot(packed) == clustered[0].client.cluster("keyslot", "gw:{tenant1}:a")
    finally:
        await line.aclose()


async def test_limits_are_exact_over_two_workers_and_a_cluster(clustered: list[Node]) -> None:
    url = f"redis+cluster://127.0.0.1:{clustered[1].port},127.0.0.1:{clustered[2].port}"
    lines = [await redis_url.connect(url, timeout=0.5) for _ in range(2)]
    try:
        policy = Policy("address", quota=20, window=60.0, burst=None, per="address")
        limiters = [Limiter(line, 1) for line in lines]
        for address in range(10):
            verdicts = await asyncio.gather(
                *(limiters[turn % 2].admit_address(f"10.0.{address}.1", policy) for turn in range(40))
            )
            assert sum(each.allowed for each in verdicts) == 20
    finally:
        for line in lines:
            await line.aclose()


async def test_a_key_that_moves_to_another_node_is_followed(clustered: list[Node]) -> None:
    line = await redis_url.connect(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=0.5)
    try:
        await line.command("SET", "gw:{moving}:x", "before")
        slot = _slot(pack("GET", "gw:{moving}:x"))
        owner = next(each for each in clustered[:3] if each.client.dbsize() and _has(each, "gw:{moving}:x"))
        target = next(each for each in clustered[:3] if each is not owner)
        names = {each: str(each.client.cluster("myid")) for each in (owner, target)}
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[owner])
        owner.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[target])
        # Not there any more, and not everywhere known to be elsewhere: ASK.
        owner.client.execute_command("MIGRATE", "127.0.0.1", target.port, "gw:{moving}:x", 0, 1000)
        assert await line.command("GET", "gw:{moving}:x") == b"before"
        for each in (target, owner):
            each.client.execute_command("CLUSTER SETSLOT", slot, "NODE", names[target])
        # MOVED.
        assert await line.command("GET", "gw:{moving}:x") == b"before"
        assert line._slots[slot] == ("127.0.0.1", target.port)  # type: ignore[attr-defined]
    finally:
        await line.aclose()


async def test_a_script_follows_its_key_to_a_node_that_is_new_to_the_line_and_has_no_scripts(
    clustered: list[Node],
) -> None:
    line = await redis_url.connect(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=3.0)
    assert isinstance(line, ClusterConnection)
    try:
        key, other = "gw:{followed}:x", "gw:{followed}:y"
        await line.command("SET", key, "1")
        slot = _slot(pack("GET", key))
        owner = next(each for each in clustered[:3] if _has(each, key))
        target = next(each for each in clustered[:3] if each is not owner)
        names = {each: str(each.client.cluster("myid")) for each in (owner, target)}
        target.client.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", names[owner])
        owner.client.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", names[target])
        owner.client.execute_command("MIGRATE", "127.0.0.1", target.port, key, 0, 1000)
        target.client.script_flush()
        await line._leave(("127.0.0.1", target.port))
        assert await line.run(Script("return redis.call('INCR', KEYS[1])"), (key,), ()) == 2
        # Of several keys of which one is not there, nobody can say where it would be.
        with pytest.raises(StoreUnavailable, match="TRYAGAIN"):
            await line.run(COUNT, (key, other), (5,))
        for each in (target, owner):
            each.client.execute_command("CLUSTER SETSLOT", slot, "NODE", names[target])
        # MOVED, to a node that is as new as before.
        await line._leave(("127.0.0.1", target.port))
        assert await line.run(COUNT, (key, other), (5,)) == 8
    finally:
        await line.aclose()


async def test_a_primary_of_a_cluster_that_is_killed_is_replaced_and_the_outage_told_to_be_over(
    clustered: list[Node], logged: Callable[[], list[dict[str, Any]]]
) -> None:
    line = await redis_url.connect(f"redis+cluster://127.0.0.1:{clustered[0].port}", timeout=0.5)
    try:
        keys = [f"gw:{{k{number}}}:x" for number in range(30)]
        for key in keys:
            await line.command("SET", key, "1")
        lost = [key for key in keys if _has(clustered[0], key)]
        assert lost
        assert isinstance(line, ClusterConnection) and line.lacking() == []
        clustered[0].kill()
        # What other nodes have goes on meanwhile.
        kept = next(key for key in keys if key not in lost)
        for _ in range(20):
            await line.command("INCR", kept)
        assert line.lacking() == [f"127.0.0.1:{clustered[0].port} is away"]
        await asyncio.to_thread(until, lambda: clustered[3].role == "master")
        took = await soon(lambda: line.command("INCR", lost[0]), 5.0)
        print(f"writes {took:.2f} s after the election")
        for key in lost:
            assert int(await line.command("INCR", key)) >= 1
        async with asyncio.timeout(20):
            while "store back" not in [told["event"] for told in logged()]:  # noqa: ASYNC110 - a line announces it
                await asyncio.sleep(0.05)
        assert line.lacking() == []
    finally:
        await line.aclose()


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1", "redis+sentinel://127.0.0.1:1/main", "redis+cluster://127.0.0.1:1"]
)
async def test_a_store_that_is_only_tried_is_no_store_that_was_lost(
    url: str, logged: Callable[[], list[dict[str, Any]]]
) -> None:
    with pytest.raises(StoreUnavailable, match=r"refused|connect"):
        await redis_url.check(url, timeout=0.2)
    assert logged() == []


async def test_whoever_closes_a_line_and_is_cancelled_meanwhile_ends() -> None:
    line = await redis_url.connect("redis://127.0.0.1:1", timeout=0.1)
    closing = asyncio.create_task(line.aclose())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    await line.aclose()


async def test_nobody_who_knows_the_nodes_is_an_outage_and_no_failure_to_start() -> None:
    for url in ("redis+sentinel://127.0.0.1:1/main", "redis+cluster://127.0.0.1:1"):
        line = await redis_url.connect(url, timeout=0.1)
        assert not line.connected
        with pytest.raises(StoreUnavailable):
            await line.command("GET", "gw:{x}:y")
        await line.aclose()


def _has(node: Node, key: str) -> bool:
    """Whether the key is this node's, by its own word."""
    try:
        return bool(node.client.exists(key))
    except Exception:  # noqa: BLE001 - MOVED
        return False
