"""`python -m bench.webhooks [SQL_URL] [--rounds 3]`: thin deliveries of one courier to 50 endpoints, over kept connections.

Without a URL the database is SQLite in a temporary folder. With one of an empty PostgreSQL the rounds are shared, turn by turn,
with a dispatcher as people write it (bench/peers/procrastinate: a job a delivery, and httpx), before the same receiver. Nothing
else is asked of either: the queue is full before it starts. Deliveries a second are by the clock, and by the process's own CPU.
The result is printed and kept in bench/results.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from statistics import median

import orjson
from uvicorn.loops.uvloop import uvloop_loop_factory

from bench import compare, needs, report
from gateway.egress.dialling import Dialler
from gateway.egress.resolving import Resolver
from gateway.egress.rules import Allowed, Rules
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.observe import logs
from gateway.stores.sql import (
    Sql,
    tenants,
    webhook_clock,
    webhook_endpoints,
    webhook_events,
    webhook_queue,
    webhook_secrets,
)
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import Event, NewEvent
from gateway.webhooks import recipients
from gateway.webhooks.courier import Courier
from gateway.webhooks.messages import Body, Recipient, Rendered
from gateway.webhooks.signing import StandardSigner

ENDPOINTS, EVENTS = 50, 200
PEER = needs.HERE / "peers" / "procrastinate" / "dispatcher.py"
PEER_EVENTS = 20  # it takes ten times as long for each
Measured = dict[str, float]
KEYS = Keyring.load(Keyring.create())
LOCAL = Rules(http=True, allow=(Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),))
RECEIVER = """
import asyncio, sys
from uvicorn.loops.uvloop import uvloop_loop_factory
class Receiver(asyncio.Protocol):
    def connection_made(self, transport): self.transport, self.left = transport, b""
    def data_received(self, data):
        self.left += data
        while b"\\r\\n\\r\\n" in self.left:
            head, _, rest = self.left.partition(b"\\r\\n\\r\\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\\r")[0])
            if len(rest) < length: return
            self.left = rest[length:]
            self.transport.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
async def main():
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner: runner.run(main())
"""


class Thin:
    """Bodies with an id, without a judge: what is measured is the courier."""

    async def render(self, recipient: Recipient, event: Event, *, waited: float) -> Rendered:
        return Body(orjson.dumps({"id": f"evt_{event.id}", "type": event.type, "data": {"id": event.object_id}}))


def filled(sql: Sql, port: int, turn: int, events: int = EVENTS) -> None:
    """Endpoints, at the first turn, and so many events for each."""
    now = datetime.now(UTC)
    with sql.session() as session:
        if not turn:
            tenants.add(session, Tenant("bench", "Bench", None, now))
        for _ in range(0 if turn else ENDPOINTS):
            one = _endpoint(now, port)
            webhook_endpoints.add(session, one)
            sealed = recipients.seal_secret(KEYS, one.id, b"s" * 32)
            webhook_secrets.add(session, one.id, sealed, "whsec_", now)
    # Each has answered before: others are called once a second.
    with sql.session() as session:
        from sqlalchemy import update

        from gateway.stores.sql.webhook_models import LaneRow

        session.execute(update(LaneRow).values(succeeded_at=webhook_clock.now(session)))
    with sql.session() as session:
        made = [
            NewEvent("bench", "deal.won", f"deal_{n}", now, hashlib.sha256(b"%d %d" % (turn, n)).digest(), "service")
            for n in range(events)
        ]
        webhook_events.accept(session, made, webhook_clock.now(session))


def _endpoint(now: datetime, port: int) -> Endpoint:
    endpoint_id = token_format.new_timed_id(round(now.timestamp() * 1000))
    return Endpoint(
        id=endpoint_id,
        tenant_id="bench",
        owner_kind="user",
        owner_id="u",
        client_id=None,
        user_id="u",
        scopes=(),
        url_sealed=recipients.seal_url(KEYS, endpoint_id, f"http://127.0.0.1:{port}/{endpoint_id}"),
        url_host=endpoint_id,
        events=("deal.won",),
        payload="thin",
        contract="2026-09-01",
        description=None,
        headers_sealed=None,
        max_in_flight=8,
        rate=None,
        status="enabled",
        reason=None,
        template_id=None,
        created_at=now,
        changed_at=now,
    )


async def _measured(sql: Sql) -> Measured:
    courier = Courier(sql, KEYS, Thin(), StandardSigner(), Dialler(LOCAL, Resolver()), name="bench")
    started, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(courier.run())
    while (await sql.read(webhook_queue.depth, 0))[0]:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    seconds, spent, count = time.perf_counter() - started, time.process_time() - cpu, ENDPOINTS * EVENTS
    await courier.stop(5)
    await running
    return {"seconds": seconds, "cpu": spent, "count": count}


def _peer(url: str, port: int) -> Measured:
    line = [str(needs.PYTHON), str(PEER), url, str(port), str(PEER_EVENTS)]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    found: Measured = json.loads(done.stdout)
    return found


def _told(rounds: list[Measured]) -> dict[str, float]:
    """Medians of the rounds."""
    return {
        "a_second": round(median(each["count"] / each["seconds"] for each in rounds)),
        "a_core": round(median(each["count"] / each["cpu"] for each in rounds)),
        "cpu_us": round(median(each["cpu"] / each["count"] for each in rounds) * 1e6),
    }


def main(url: str | None, rounds: int) -> None:
    logs.configure("warning")
    found: dict[str, list[Measured]] = {"courier": []}
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(place)
        if url is not None:
            needs.python_peers()
            found["procrastinate and httpx"] = []
        receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE)
        sql = Sql(place)
        try:
            assert receiver.stdout is not None
            port = int(receiver.stdout.readline())
            for turn in range(rounds):
                filled(sql, port, turn)
                with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
                    found["courier"].append(runner.run(_measured(sql)))
                if url is not None:
                    found["procrastinate and httpx"].append(_peer(url, port))
        finally:
            sql.close()
            receiver.kill()
            receiver.wait()
    commit = compare.commit()
    told = {name: _told(each) | {"rounds": each} for name, each in found.items()}
    result = {"commit": commit, "machine": compare.machine(), "database": place.partition(":")[0], **told}
    print(json.dumps(result, indent=1))
    name = f"webhooks-{result['database']}-{commit.removesuffix('+')}.json"
    (report.RESULTS / name).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="bench.webhooks", description=__doc__)
    parser.add_argument("url", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    chosen = parser.parse_args()
    main(chosen.url, chosen.rounds)
