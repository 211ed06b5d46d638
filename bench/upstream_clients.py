"""The internal-call client against its alternatives: the same calls to the same stub, interleaved in one run.

    python -m bench.upstream_clients [--rounds 9] [--slice 1.0] [--json FILE]

Each client lives in a process of its own, pinned to one core; the stub has the other. Every client sends the same headers,
has a total timeout and a connection limit, follows no redirects and reads the whole body; each body is compared before timing.
Needs pyreqwest, httpx and aiohttp beside the gateway's own packages; what is missing is named and the rest is measured.
"""

import argparse
import asyncio
import gc
import importlib.util
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from importlib.metadata import version
from typing import ClassVar

import uvloop

CONCURRENCY = 32
SIZES = {"single": 723, "page": 36_000}
HEADERS = {
    "Authorization": "Bearer sk_live_0123456789abcdef0123456789",
    "X-Business-Id": "clx0123456789abcdefghijkl",
    "X-User-Id": "clx0123456789abcdefghijkm",
    "X-User-Role": "manager",
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    "X-Request-Id": "4bf92f3577b34da6a3ce929d0e0e4736",
    "Accept": "application/json",
}
TOTAL, CONNECT, LIMIT = 10.0, 2.0, 100
Call = Callable[[str], Awaitable[bytes]]


class Stub(asyncio.Protocol):
    """Answers every request head with the body its path names, without parsing more than it must."""

    answers: ClassVar = {
        name.encode(): b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-RateLimit-Remaining: 999\r\n"
        b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
        for name, size in SIZES.items()
    }

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.rest = b""

    def data_received(self, data: bytes) -> None:
        *heads, self.rest = (self.rest + data).split(b"\r\n\r\n")
        for head in heads:
            self.transport.write(self.answers[head[5 : head.index(b" ", 5)]])  # type: ignore[attr-defined]


async def serve() -> None:
    """Runs the stub; prints its port."""
    server = await asyncio.get_running_loop().create_server(Stub, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


async def own(origin: str, stack: AsyncExitStack) -> Call:
    from gateway.upstream import Pool, Target

    pool = Pool(Target(origin, CONNECT, TOTAL, LIMIT, 16 << 20))
    stack.push_async_callback(pool.aclose)
    lines = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()

    async def call(name: str) -> bytes:
        return (await pool.request(b"GET", b"/" + name.encode(), lines, idempotent=True)).body

    return call


async def pyreqwest(origin: str, stack: AsyncExitStack) -> Call:
    from pyreqwest.client import ClientBuilder

    builder = ClientBuilder().max_connections(LIMIT).timeout(timedelta(seconds=TOTAL)).follow_redirects(enable=False)
    client = await stack.enter_async_context(builder.no_proxy().build())

    async def call(name: str) -> bytes:
        answer = await client.get(f"{origin}/{name}").headers(HEADERS).build().send()
        return bytes(await answer.bytes())

    return call


async def aiohttp(origin: str, stack: AsyncExitStack) -> Call:
    import aiohttp as library

    session = await stack.enter_async_context(
        library.ClientSession(
            connector=library.TCPConnector(limit=LIMIT),
            timeout=library.ClientTimeout(total=TOTAL, connect=CONNECT),
            cookie_jar=library.DummyCookieJar(),
            auto_decompress=False,
        )
    )

    async def call(name: str) -> bytes:
        async with session.get(f"{origin}/{name}", headers=HEADERS, allow_redirects=False) as answer:
            body: bytes = await answer.read()
            return body

    return call


async def httpx(origin: str, stack: AsyncExitStack) -> Call:
    import httpx as library

    client = await stack.enter_async_context(
        library.AsyncClient(
            timeout=library.Timeout(TOTAL, connect=CONNECT),
            limits=library.Limits(max_connections=LIMIT, max_keepalive_connections=LIMIT),
            trust_env=False,
        )
    )

    async def call(name: str) -> bytes:
        return (await client.get(f"{origin}/{name}", headers=HEADERS)).content

    return call


CLIENTS = {"own": own, "pyreqwest": pyreqwest, "aiohttp": aiohttp, "httpx": httpx}


async def measure(client: str, origin: str) -> None:
    """Takes `NAME SECONDS CONCURRENCY` lines, answers each with calls a second and CPU microseconds a call."""
    async with AsyncExitStack() as stack:
        call = await CLIENTS[client](origin, stack)
        for name, size in SIZES.items():
            if await call(name) != b"x" * size:
                raise SystemExit(f"{client}: wrong body for {name}")
        gc.freeze()
        loop = asyncio.get_running_loop()
        print("ready", flush=True)
        while order := (await loop.run_in_executor(None, sys.stdin.readline)).split():
            name, seconds, width = order[0], float(order[1]), int(order[2])
            end = time.perf_counter() + seconds

            async def caller(name: str = name, end: float = end) -> int:
                count = 0
                while time.perf_counter() < end:
                    await call(name)
                    count += 1
                return count

            before, began = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
            calls = sum(await asyncio.gather(*(caller() for _ in range(width))))
            after, took = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - began
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(json.dumps({"rate": calls / took, "cpu_us": cpu / calls * 1e6}), flush=True)


def spawn(core: int, *arguments: str) -> subprocess.Popen[str]:
    """Starts this module again with `arguments`, on one core."""
    command = [sys.executable, "-m", "bench.upstream_clients", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    os.sched_setaffinity(process.pid, {core})
    return process


def reply(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{process.args!r}: ended without an answer")
    return line


def compare(rounds: int, seconds: float) -> dict[str, object]:
    """Runs all clients in turns, `rounds` times; returns medians and spreads."""
    missing = [name for name in CLIENTS if name != "own" and importlib.util.find_spec(name) is None]
    for name in missing:
        print(f"not measured, not installed: {name}", file=sys.stderr)
    load_before = os.getloadavg()[0]
    cores = sorted(os.sched_getaffinity(0))
    stub = spawn(cores[-1], "--stub")
    workers: dict[str, subprocess.Popen[str]] = {}
    taken: dict[tuple[str, str, int], list[dict[str, float]]] = {}
    try:
        origin = f"http://127.0.0.1:{int(reply(stub))}"
        for name in CLIENTS:
            if name not in missing:
                workers[name] = spawn(cores[0], "--client", name, "--origin", origin)
                reply(workers[name])
        # The first round only warms up.
        for turn in range(rounds + 1):
            for size in SIZES:
                for width in (1, CONCURRENCY):
                    for name, worker in workers.items():
                        print(size, seconds, width, file=worker.stdin, flush=True)
                        figures = json.loads(reply(worker))
                        if turn:
                            taken.setdefault((name, size, width), []).append(figures)
    finally:
        for process in (*workers.values(), stub):
            process.terminate()
            process.wait()
    load_after = os.getloadavg()[0]
    rows = []
    for (name, size, width), runs in taken.items():
        rates, costs = [run["rate"] for run in runs], [run["cpu_us"] for run in runs]
        row = {"client": name, "answer": size, "concurrency": width, "rate": round(statistics.median(rates))}
        row |= {"rate_low": round(min(rates)), "rate_high": round(max(rates))}
        rows.append(row | {"cpu_us": round(statistics.median(costs), 1)})
    packages = {"pyreqwest", "aiohttp", "httpx"} - set(missing) | {"httptools", "uvloop"}
    versions = {name: version(name) for name in sorted(packages)}
    return {
        "python": platform.python_version(),
        "rounds": rounds,
        "seconds": seconds,
        # A client and the stub make about 2 by themselves: more means that others were at work and the rates mean little.
        "load": [round(load_before, 2), round(load_after, 2)],
        "versions": versions,
        "rows": rows,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--slice", type=float, default=1.0, help="seconds for each client in each round")
    parser.add_argument("--json", help="also write the result to this file")
    parser.add_argument("--stub", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--client", choices=CLIENTS, help=argparse.SUPPRESS)
    parser.add_argument("--origin", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.stub:
        uvloop.run(serve())
    elif options.client:
        uvloop.run(measure(options.client, options.origin))
    else:
        result = compare(options.rounds, options.slice)
        text = json.dumps(result, indent=1)
        print(text)
        if options.json:
            with open(options.json, "w", encoding="utf-8") as file:  # noqa: PTH123 - one line is enough
                file.write(text + "\n")


if __name__ == "__main__":
    main()
