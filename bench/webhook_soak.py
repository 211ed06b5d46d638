"""`python -m bench.webhook_soak SQL_URL [--deliveries 1000000] [--backlog 1000000]`: one courier for long, and before a long queue.

The soak keeps between 5,000 and 15,000 rows in the queue of 50 endpoints until so many are delivered, and looks every 50,000:
memory of the courier's process, its CPU a delivery, size of the queue's table and its dead rows. The backlog compares, turn by turn in
one run, 10,000 deliveries from a queue of 10,000 rows with as many from a queue that has that many more. Kept in bench/results.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

from sqlalchemy import func, select, text
from uvicorn.loops.uvloop import uvloop_loop_factory

from bench import compare, report
from bench.webhooks import ENDPOINTS, KEYS, LOCAL, RECEIVER, Thin, filled
from gateway.egress.dialling import Dialler
from gateway.egress.resolving import Resolver
from gateway.observe import logs
from gateway.stores.sql import Session, Sql, webhook_clock, webhook_events
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_models import QueueRow
from gateway.webhooks.courier import Courier
from gateway.webhooks.signing import StandardSigner

AT_ONCE: Final = 200  # events of one transaction
LOW: Final = 5_000  # rows of the queue below which there are more events
ROUND: Final = 10_000  # deliveries of one turn before a long or a short queue
TURNS: Final = 3


@dataclass
class Fed:
    """How many events there were."""

    sql: Sql
    name: str
    events: int = 0

    async def more(self, kind: str = "deal.won") -> None:
        """`AT_ONCE` events, for each of the endpoints that want them."""
        start, self.events = self.events, self.events + AT_ONCE
        now = datetime.now(UTC)
        events = [
            NewEvent("bench", kind, f"deal_{n}", now, hashlib.sha256(f"{self.name} {n}".encode()).digest(), "service")
            for n in range(start, self.events)
        ]
        await self.sql.run(_accept, events)


def _accept(session: Session, events: list[NewEvent]) -> None:
    webhook_events.accept(session, events, webhook_clock.now(session))


def _depth(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(QueueRow)) or 0


def _table(session: Session) -> dict[str, int]:
    """The queue's table: bytes with its indexes, and dead rows."""
    if session.get_bind().dialect.name == "sqlite":
        return {}
    size = text("select pg_total_relation_size('webhook_queue')")
    dead = text("select n_dead_tup from pg_stat_user_tables where relname = 'webhook_queue'")
    return {"queue_bytes": int(session.scalar(size) or 0), "dead_rows": int(session.scalar(dead) or 0)}


def _memory() -> float:
    """MB of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def _courier(sql: Sql) -> Courier:
    return Courier(sql, KEYS, Thin(), StandardSigner(), Dialler(LOCAL, Resolver()), name="bench")


async def _soaked(sql: Sql, deliveries: int, looked: Callable[[dict[str, Any]], None]) -> None:
    fed, courier = Fed(sql, "soaked"), _courier(sql)
    running = asyncio.create_task(courier.run())
    every = min(50_000, max(1, deliveries // 20))
    cpu, started, then = time.process_time(), time.perf_counter(), 0
    wanted, waiting = deliveries // ENDPOINTS, 0
    while waiting or fed.events < wanted:
        waiting = await sql.read(_depth)
        if waiting < LOW and fed.events < wanted:
            await fed.more()
        done = fed.events * ENDPOINTS - await sql.read(_depth)
        if done - then >= every:
            spent = time.process_time() - cpu
            looked(
                {
                    "delivered": done,
                    "seconds": round(time.perf_counter() - started),
                    "memory_mb": _memory(),
                    "cpu_us": round(spent / (done - then) * 1e6),
                    **await sql.read(_table),
                }
            )
            cpu, then = time.process_time(), done
        await asyncio.sleep(0.25)
    await courier.stop(5)
    await running


async def _drained(sql: Sql, count: int) -> dict[str, float]:
    """So many deliveries by a new courier, whatever waits behind them."""
    before = await sql.read(_depth)
    courier = _courier(sql)
    cpu = time.process_time()
    running = asyncio.create_task(courier.run())
    while (left := await sql.read(_depth)) > before - count and left:  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    await courier.stop(5)
    await running
    after = await sql.read(_depth)
    return {"cpu_us": round((time.process_time() - cpu) / (before - after) * 1e6), "memory_mb": _memory()}


async def _compared(short: Sql, long: Sql, backlog: int) -> dict[str, Any]:
    few, many = Fed(short, "short"), Fed(long, "long")
    while many.events * ENDPOINTS < backlog:
        await many.more()
    rows = await long.read(_depth)
    turns: dict[str, list[dict[str, float]]] = {"short": [], "long": []}
    for _ in range(TURNS):
        await few.more()
        turns["short"].append(await _drained(short, ROUND))
        turns["long"].append(await _drained(long, ROUND))
        print(json.dumps({name: each[-1] for name, each in turns.items()}), flush=True)
    told = {name: median(each["cpu_us"] for each in found) for name, found in turns.items()}
    return {"rows": rows, "cpu_us": told, "ratio": round(told["long"] / told["short"], 3), "turns": turns}


def main(url: str, other: str, deliveries: int, backlog: int) -> None:
    logs.configure("warning")
    receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE)
    stores: list[Sql] = []
    commit, database = compare.commit(), url.partition(":")[0]
    found: dict[str, Any] = {"commit": commit, "machine": compare.machine(), "database": database, "soak": []}

    def looked(look: dict[str, Any]) -> None:
        # Kept as it goes: whoever ends a run of hours has what there is.
        found["soak"].append(look | {"load": os.getloadavg()[0]})
        print(json.dumps(look), flush=True)
        _keep(found)

    try:
        assert receiver.stdout is not None
        port = int(receiver.stdout.readline())
        for place in (url, other):
            migrate(place)
            stores.append(Sql(place, timeout=60.0))
            filled(stores[-1], port, 0, events=0)
        with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
            if backlog:
                found["backlog"] = runner.run(_compared(stores[0], stores[1], backlog))
                _keep(found)
            if deliveries:
                runner.run(_soaked(stores[0], deliveries, looked))
    finally:
        for store in stores:
            store.close()
        receiver.kill()
        receiver.wait()


def _keep(found: dict[str, Any]) -> None:
    name = f"webhook-soak-{found['database']}-{found['commit'].removesuffix('+')}.json"
    (report.RESULTS / name).write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.webhook_soak", description=__doc__)
    parser.add_argument("url", help="of an empty database")
    parser.add_argument("other", help="of another one, for the backlog")
    parser.add_argument("--deliveries", type=int, default=1_000_000)
    parser.add_argument("--backlog", type=int, default=1_000_000)
    chosen = parser.parse_args()
    main(chosen.url, chosen.other, chosen.deliveries, chosen.backlog)
