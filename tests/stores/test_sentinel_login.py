"""Sentinels and nodes that want a password and speak TLS only: Debian's Redis, for the wheel's Valkey was built without TLS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any, NamedTuple

import pytest

from bench.needs import from_debian, program_path
from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from tests.certificates import make_authority
from tests.stores.nodes import QUICK, Node, free_ports, until

NODES, SENTINELS = "of the nodes", "of the sentinels & theirs"


class Watched(NamedTuple):
    nodes: list[Node]
    sentinel: Node
    ca_file: str

    def url(self, more: str) -> str:
        login = "default:of%20the%20nodes"
        return f"rediss+sentinel://{login}@127.0.0.1:{self.sentinel.port}/main?ca_file={self.ca_file}{more}"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    from_debian("redis-server", "redis-server")
    home = tmp_path_factory.mktemp("guarded")
    trusted = make_authority(home)
    trusted.server("127.0.0.1")
    files = {"tls_cert_file": str(home / "server.pem"), "tls_key_file": str(home / "server.pem")}
    secure = files | {"tls_ca_cert_file": trusted.file, "tls_auth_clients": "no", "tls_replication": "yes"}
    login = {"requirepass": f'"{NODES}"', "masterauth": f'"{NODES}"'}
    options: dict[str, Any] = {name.replace("-", "_"): value for name, value in QUICK.items()} | secure | login
    tls: dict[str, Any]
    program, tls = program_path("redis-server"), {"ssl": True, "ssl_ca_certs": trusted.file}
    first, second, watching = free_ports(3)
    with ExitStack() as ending:
        nodes = [Node(home, first, program=program, asking=tls | {"password": NODES}, **options)]
        ending.callback(nodes[0].kill)
        follows = f"127.0.0.1 {first}"
        nodes.append(
            Node(home, second, program=program, asking=tls | {"password": NODES}, replicaof=follows, **options)
        )
        ending.callback(nodes[1].kill)
        until(lambda: nodes[1].client.info("replication")["master_link_status"] == "up")
        told = [
            f"sentinel monitor main 127.0.0.1 {first} 1",
            f'sentinel auth-pass main "{NODES}"',
            "sentinel down-after-milliseconds main 700",
            "sentinel failover-timeout main 3000",
        ]
        sentinel = Node(
            home,
            watching,
            "--sentinel",
            sentinel="\n".join(told),
            program=program,
            asking=tls | {"password": SENTINELS},
            bind="127.0.0.1",
            requirepass=f'"{SENTINELS}"',
            **secure,
        )
        ending.callback(sentinel.kill)
        until(lambda: sentinel.client.sentinel_master("main")["num-slaves"] == 1)
        yield Watched(nodes, sentinel, trusted.file)


async def soon(works: Callable[[], Awaitable[object]], seconds: float) -> None:
    """Returns when it works."""
    ending = time.monotonic() + seconds
    while True:
        with suppress(StoreUnavailable):
            await works()
            return
        assert time.monotonic() < ending
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    "more", ["&sentinel_tls=true", "&sentinel_tls=true&sentinel_password=wrong", "&sentinel_password=x"]
)
async def test_sentinels_that_are_asked_without_their_password_or_tls_name_nobody(watched: Watched, more: str) -> None:
    line = await redis_url.connect(watched.url(more), timeout=1)
    assert not line.connected
    await line.aclose()


async def test_a_login_of_sentinels_and_one_of_nodes_lead_to_the_primary_and_to_its_successor(watched: Watched) -> None:
    more = "&sentinel_tls=true&sentinel_password=of%20the%20sentinels%20%26%20theirs"
    line = await redis_url.connect(watched.url(more), timeout=1)
    try:
        assert line.connected
        await line.command("SET", "gw:{t}:x", "1")
        assert await line.command("WAIT", 1, 2000) >= 1
        watched.nodes[0].kill()
        await asyncio.to_thread(until, lambda: watched.nodes[1].role == "master")
        await soon(lambda: line.command("PING"), 20)
        assert await line.command("GET", "gw:{t}:x") == b"1"
    finally:
        await line.aclose()
