"""A store that refuses, or that is none: told once with its reason and its host, by every process that needs it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.observe import outage
from gateway.process.embedded import valkey
from gateway.stores import redis_connection, redis_url
from gateway.stores.address import WRITES, Address
from gateway.stores.errors import StoreUnavailable

Logged = Callable[[], list[dict[str, Any]]]

REFUSALS = {
    "replica": (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE"), "READONLY"),
    "full": (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0"), "OOM"),
    "alone": (
        ("CONFIG", "SET", "min-replicas-to-write", "1"),
        ("CONFIG", "SET", "min-replicas-to-write", "0"),
        "NOREPLICAS",
    ),
}


@asynccontextmanager
async def admin(url: str) -> AsyncIterator[Callable[..., Any]]:
    """A connection for a person, who may also speak to a store that takes no writes."""
    reader, writer = await asyncio.open_unix_connection(url.removeprefix("unix://"))

    async def ask(*words: str) -> bytes:
        writer.write(redis_connection.pack(*words))
        return await reader.readline()

    with closing(writer):
        yield ask


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_a_store_that_takes_no_writes_is_lost_and_told_so_until_it_takes_them(
    tmp_path: Path, refusal: str, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (outage, redis_connection):
        monkeypatch.setattr(module, "HELD", 0.1)
    begin, end, code = REFUSALS[refusal]
    async with valkey.running(tmp_path) as url, admin(url) as ask, asyncio.timeout(20):
        line = await redis_url.connect(url, timeout=2.0)
        assert await line.command(*WRITES) == b"OK"
        assert await ask(*begin) == b"+OK\r\n"
        for _ in range(5):
            with pytest.raises(StoreUnavailable):
                await line.command(*WRITES)
        # Whoever connects now is told at once, instead of by the first client.
        late = await redis_url.connect(url, timeout=2.0)
        assert not late.connected
        with pytest.raises(StoreUnavailable, match=code):
            await late.command("GET", "x")
        assert await ask(*end) == b"+OK\r\n"
        while sum(each["event"] == "store back" for each in logged()) < 2:  # noqa: ASYNC110 - nothing announces a line
            await asyncio.sleep(0.01)
        assert await line.command(*WRITES) == await late.command(*WRITES) == b"OK"
        await line.aclose()
        await late.aclose()
    told = [each for each in logged() if each["event"].startswith("store ")]
    assert [each["event"] for each in told] == ["store lost", "store lost", "store back", "store back"]
    assert {(each["store"], each["host"]) for each in told} == {("redis", url.removeprefix("unix://"))}
    assert code in told[1]["reason"] and all("seconds" in each for each in told[2:])


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_of_a_store_that_is_only_tried_nothing_is_logged_whatever_it_refuses(
    tmp_path: Path, refusal: str, logged: Logged
) -> None:
    begin, _, code = REFUSALS[refusal]
    async with valkey.running(tmp_path) as url, admin(url) as ask, asyncio.timeout(20):
        assert await ask(*begin) == b"+OK\r\n"
        with pytest.raises(StoreUnavailable, match=code):
            await redis_url.check(url, timeout=2.0)
    assert [each for each in logged() if each["event"].startswith("store ")] == []


async def test_a_line_that_is_only_tried_does_not_come_back_and_says_nothing(
    unused_tcp_port: int, logged: Logged
) -> None:
    """As the lines of a cluster to its nodes, when it is tried and one of them is away."""
    line = redis_connection.RedisConnection(
        Address.parse(f"redis://127.0.0.1:{unused_tcp_port}"), timeout=0.1, max_pending=1
    )
    line.tried = True
    await line.connect()
    await asyncio.sleep(0.1)
    await line.aclose()
    assert logged() == []


async def test_a_name_that_can_be_no_host_s_is_a_store_that_is_away(logged: Logged) -> None:
    """As sentinels may tell one; in a URL it is refused."""
    line = redis_connection.RedisConnection(
        replace(Address.parse("redis://host"), host="a..b"), timeout=0.1, max_pending=1
    )
    await line.connect()
    with pytest.raises(StoreUnavailable, match="cannot connect to the store"):
        await line.command("PING")
    await asyncio.sleep(0.1)
    assert line._keeper is not None and not line._keeper.done(), "it is tried again"
    await line.aclose()
    assert [each["event"] for each in logged()] == ["store lost"]


async def test_whatever_is_wrong_with_a_store_its_reason_and_host_are_told_once_and_no_password(
    tmp_path: Path, logged: Logged
) -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with valkey.running(tmp_path) as url:
        wrong = {
            "redis://127.0.0.1:1": ("127.0.0.1:1", "Errno 111"),
            "redis://ops:hunter2@nowhere.invalid": ("nowhere.invalid:6379", "cannot connect"),
            f"redis://ops:hunter2@127.0.0.1:{port}": (f"127.0.0.1:{port}", "protocol"),
            url.replace("unix://", "unix://ops:hunter2@"): (url.removeprefix("unix://"), "WRONGPASS"),
            f"{url}?db=99": (url.removeprefix("unix://"), "out of range"),
        }
        for each, (host, reason) in wrong.items():
            before = len(logged())
            line = await redis_url.connect(each, timeout=1.0)
            for _ in range(3):
                with pytest.raises(StoreUnavailable):
                    await line.command("PING")
            await line.aclose()
            (told,) = [line for line in logged()[before:] if line["event"] == "store lost"]
            assert told["host"] == host and reason in told["reason"], told
            assert "hunter2" not in str(told)
    server.close()
