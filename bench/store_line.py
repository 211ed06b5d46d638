"""The store's line against redis-py: the limiter's script, called by 32 requests at once, interleaved in one run.

    python -m bench.store_line [--rounds 9] [--calls 6400]

One process, an embedded Valkey on the other core. Reported: CPU of the calling process and elapsed time per call, medians
over the rounds, and the CPU of the script in the store.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import redis.asyncio
import uvloop
from redis.asyncio.connection import ConnectionPool, UnixDomainSocketConnection

from gateway.process.embedded import valkey
from gateway.stores import redis_url
from gateway.stores.limits import ADMIT, Gate, Limiter
from gateway.stores.policies import Policy
from gateway.stores.redis_connection import _SCRIPTS, RedisConnection

CONCURRENCY = 32
POLICIES = (
    Policy("token", 60_000_000, 60.0, 10_000_000, per="token"),
    Policy("tenant", 90_000_000, 60.0, per="tenant"),
    Policy("search", 30_000_000, 60.0, per="token"),
)
Call = Callable[[], Awaitable[object]]


async def measured(call: Call, calls: int) -> tuple[float, float]:
    """CPU and elapsed µs per call, when 32 tasks make `calls` calls one after the other."""

    async def one() -> None:
        for _ in range(calls // CONCURRENCY):
            await call()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONCURRENCY)))
    return (time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6


def parts(gate: Gate) -> tuple[list[bytes], list[int]]:
    """The keys and arguments of a gate's call, as redis-py wants them."""
    keys = [b"gw:{t}:live:a", *(key for key, _ in gate.subjects)]
    return keys, [number for policy in gate.policies for number in (policy.capacity, policy.step, policy.slices)]


def contenders(url: str, line: RedisConnection) -> dict[str, Call]:
    limiter = Limiter(line, 1)
    gate = limiter.gate("t", "a", POLICIES)
    keys, args = parts(gate)
    path = url.removeprefix("unix://")

    # redis-py takes hiredis by itself when it is installed; one connection for each request that waits, as its pool works.
    pool = ConnectionPool(UnixDomainSocketConnection, path=path, max_connections=CONCURRENCY)
    script = redis.asyncio.Redis(connection_pool=pool).register_script((_SCRIPTS / "admit.lua").read_text())
    return {
        "line, admit": lambda: limiter.admit(gate),
        "line, packed": lambda: line.send(ADMIT, gate.packed),
        "line, not packed": lambda: line.run(ADMIT, keys, args),
        f"redis-py {redis.__version__}": lambda: script(keys=keys, args=args),
    }


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=9)
    options.add_argument("--calls", type=int, default=6400)
    chosen = options.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as directory:
        os.sched_setaffinity(0, cores[-1:])
        async with valkey.running(Path(directory)) as url:
            os.sched_setaffinity(0, cores[:1])
            line = await redis_url.connect(url, timeout=5.0)
            calls = contenders(url, line)
            results: dict[str, list[tuple[float, float]]] = {name: [] for name in calls}
            for call in calls.values():
                await measured(call, CONCURRENCY * 4)
            await line.command("CONFIG", "RESETSTAT")
            for _ in range(chosen.rounds):
                for name, call in calls.items():
                    results[name].append(await measured(call, chosen.calls))
            stats = (await line.command("INFO", "commandstats")).decode()
            await line.aclose()
    print(f"{'':36}{'CPU µs':>8}{'wall µs':>9}")
    for name, rounds in results.items():
        cpu, wall = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{name:36}{cpu:8.1f}{wall:9.1f}")
    script = next(word for word in stats.split() if word.startswith("cmdstat_evalsha"))
    print("in the store:", script.split("usec_per_call=")[1].split(",")[0], "µs a call")


if __name__ == "__main__":
    uvloop.run(main())
