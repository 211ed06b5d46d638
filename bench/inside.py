"""`python -m bench.inside`: a worker without sockets, in this process: least CPU and calls of functions for each request.

Sockets and schedulers are what varies between two runs on a shared machine. Here the real application serves eight
clients on uvloop, but what it writes goes nowhere, and what it reads was recorded once from the real stub and the real
store: so a change of a few microseconds shows. The least of many runs says what the code costs, the load tests what it is worth.
"""
# ruff: noqa: SLF001 - what stands in for sockets is put where the sockets are

import argparse
import asyncio
import gc
import io
import json
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from bench import compare, interpreter, intervals
from bench.collector import collecting
from bench.subjects import gateway
from bench.work import PAGE, SEARCH, SINGLE, Workload
from gateway.app import App, create
from gateway.config import Runtime, load
from gateway.downstream.connection import protocol
from gateway.observe import logs, trace, tracing
from gateway.process.worker import malformed
from gateway.stores.redis_link import Link
from gateway.upstream.connection import Connection

CLIENTS, RUNS, EACH = 8, 25, 1000
TURNS, PARTS = 40, 10  # of traced beside untraced; at a tenth a turn has as many as the SDK sends at once


class Wire(asyncio.Transport):
    """One end of a connection to nobody; `wrote` hears of what is written."""

    def __init__(self, wrote: Callable[[bytes], object]) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self._wrote = wrote

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._wrote(bytes(data))

    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class Recorded:
    """What the stub and the store say to one request; then they are played by this. To be made before the application."""

    def __init__(self) -> None:
        self.heard: dict[type, list[bytes]] = {}
        kind: Any
        for kind in (Connection, Link):
            kind.data_received = self._listening(kind, kind.data_received)

    def _listening(self, kind: type, receive: Callable[[Any, bytes], None]) -> Callable[[Any, bytes], None]:
        def received(each: Any, data: bytes) -> None:
            self.heard.setdefault(kind, []).append(data)
            receive(each, data)

        return received

    def play(self, app: App) -> None:
        """From here on answers come from memory, in the next turn of the loop."""
        services = app._public._dependencies
        # Any: what is put into them is not what they have.
        pool: Any = _crm(services.internal)._pool
        link: Any = services.limiter._line._link
        loop, answer, verdict = asyncio.get_running_loop(), b"".join(self.heard[Connection]), self.heard[Link][-1]

        async def connected(_: float) -> Any:
            connection: Any = Connection(pool, loop, pool._target.max_response_bytes)
            connection.transport = Wire(lambda _: loop.call_soon(connection.data_received, answer))
            connection.connected, connection._secure, connection._poll = True, False, Quiet
            return connection

        def ask(data: bytes) -> None:
            loop.call_soon(link.data_received, verdict * data.count(b"EVALSHA"))

        for idle in list(pool._idle):
            idle.drop()
        pool._connect, link._transport = connected, Wire(ask)


def _crm(internal: Any) -> Any:
    """The guard of the service; of an earlier revision, too."""
    found = getattr(internal, "_services", None)
    return found["crm"] if found is not None else internal._upstreams._live._guards["crm"]


class Quiet:
    """A poll that never finds anything."""

    @staticmethod
    def poll(_: int) -> list[object]:
        return []


async def measured(subject: gateway.Gateway, workload: Workload, traced: float | None = None) -> dict[str, object]:
    told = json.loads((subject.data_dir / "running.json").read_text())["runtime"]
    facts = json.loads(told) if isinstance(told, str) else told
    # What a gateway leaves to others of itself holds no key that the configuration has.
    facts["service_keys"] = {"auth": gateway.KEY}
    runtime = Runtime.from_json(json.dumps(facts))
    config = subject.data_dir.parent / "config.yaml"
    logs.configure("info", io.BytesIO())
    if traced is not None:
        # Milliseconds: sent when it is told to, and so counted where it belongs.
        os.environ["OTEL_BSP_SCHEDULE_DELAY"] = "3600000"
        # Before the application is made, whose stages are marked where anything may be recorded.
        tracing.install("bench", traced)
    recorded = Recorded()
    app = create(load(config, dict(os.environ), {"server": {"data_dir": str(runtime.data_dir)}}), runtime)
    await app.start()
    sent = {"Host": f"127.0.0.1:{subject.port}", **subject.headers(workload)}
    if workload.body:
        sent["Content-Length"] = str(len(workload.body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    data = f"{workload.method} {workload.path} HTTP/1.1\r\n{lines}\r\n".encode() + workload.body
    speaking = protocol(malformed("https://api.example.com/problems"), app.serve)
    settings = uvicorn.Config(app, http=speaking, log_config=None, lifespan="off")
    settings.load()

    async def run(count: int, clients: int = CLIENTS) -> float:
        loop, left, done = asyncio.get_running_loop(), count, asyncio.get_running_loop().create_future()

        def client() -> None:
            connection = speaking(settings, ServerState(), {})

            def answered(answer: bytes) -> None:
                nonlocal left
                assert answer.startswith(b"HTTP/1.1 200 "), answer
                left -= 1
                if left == 0:
                    done.set_result(None)
                elif left >= clients:
                    loop.call_soon(connection.data_received, data)

            connection.connection_made(Wire(answered))
            loop.call_soon(connection.data_received, data)

        for _ in range(clients):
            client()
        before = time.process_time()
        await done
        return (time.process_time() - before) / count * 1e6

    await run(2, clients=1)
    recorded.heard.clear()
    await run(1, clients=1)
    recorded.play(app)
    await run(EACH)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    if traced is not None:
        return await between_traced(run, traced)
    taken = [await run(EACH) for _ in range(RUNS)]
    calls = 0

    def count(_frame: object, kind: str, _argument: object) -> None:
        nonlocal calls
        calls += kind in ("call", "c_call")

    sys.setprofile(count)
    await run(100)
    sys.setprofile(None)
    return {"least": round(min(taken), 1), "median": round(statistics.median(taken), 1), "calls": calls / 100}


async def between_traced(run: Callable[[int], Awaitable[float]], share: float) -> dict[str, object]:
    """Of the same application, in turns: nothing recorded, and a share. What was recorded in a turn is sent at its end, in one batch."""
    bound, recorder = trace.recorded.bound, tracing._here.recorder
    assert recorder is not None
    taken: dict[str, list[float]] = {"": [], bound: []}
    for _ in range(TURNS + 1):
        spent = dict.fromkeys(taken, 0.0)
        for part in range(PARTS):
            # Whoever is first in a part is second in the next: what else the machine does meets both alike.
            for each in sorted(spent, reverse=bool(part % 2)):
                trace.recorded.bound = each
                spent[each] += await run(EACH // 2) / PARTS
        before = time.process_time()
        recorder._processor.force_flush()
        spent[bound] += (time.process_time() - before) / (PARTS * (EACH // 2)) * 1e6
        for each, found in taken.items():
            found.append(spent[each])
    costs = intervals.ratio(taken[bound][1:], taken[""][1:])
    return {
        "share": share,
        "cpu_us": round(statistics.median(taken[""][1:]), 1),
        "cpu_us_traced": round(statistics.median(taken[bound][1:]), 1),
        "costs_percent": round(100 * (costs.value - 1), 2),
        "between_percent": [round(100 * (each - 1), 2) for each in (costs.low, costs.high)],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.inside", description=__doc__)
    parser.add_argument("--workload", choices=[each.name for each in (SINGLE, PAGE, SEARCH)], default=SINGLE.name)
    parser.add_argument(
        "--traced", type=float, metavar="SHARE", help="compare with so many requests traced, such as 0.1"
    )
    chosen = parser.parse_args()
    interpreter.run_with_the_best("bench.inside")
    os.environ["BENCH_SERVICE_KEY"] = gateway.KEY
    workload = next(each for each in (SINGLE, PAGE, SEARCH) if each.name == chosen.workload)
    with compare.ground() as (base, _), ExitStack() as stack:
        subject = gateway.start(base, stack)
        if chosen.traced is not None:
            stack.enter_context(collecting())
            stack.callback(tracing.close)
        found = uvloop.run(measured(subject, workload, chosen.traced))
    if chosen.traced is not None:
        print(workload.name, ", ".join(f"{name}={value}" for name, value in found.items()))
        return
    print(f"{workload.name}: {found['least']} µs least, {found['median']} median, {found['calls']:.0f} calls")


if __name__ == "__main__":
    main()
