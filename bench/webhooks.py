"""`python -m bench.webhooks [SQL_URL]`: thin deliveries of one courier to 50 endpoints, over connections that are kept.

Without a URL the database is SQLite in a temporary folder. What is printed is measured while nothing else is asked of the
courier: the queue is full before it starts. Deliveries a second are by the clock, and by the courier's own CPU.
"""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import orjson
from uvicorn.loops.uvloop import uvloop_loop_factory

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
KEYS = Keyring.load(Keyring.create())
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


def _filled(sql: Sql, port: int) -> None:
    now = datetime.now(UTC)
    with sql.session() as session:
        tenants.add(session, Tenant("bench", "Bench", None, now))
        for _ in range(ENDPOINTS):
            made = _endpoint(now, port)
            webhook_endpoints.add(session, made)
            sealed = recipients.seal_secret(KEYS, made.id, b"s" * 32)
            webhook_secrets.add(session, made.id, sealed, "whsec_", now)
    # Each has answered before: others are called once a second.
    with sql.session() as session:
        from sqlalchemy import update

        from gateway.stores.sql.webhook_models import LaneRow

        session.execute(update(LaneRow).values(succeeded_at=webhook_clock.now(session)))
    with sql.session() as session:
        events = [
            NewEvent("bench", "deal.won", f"deal_{n}", now, hashlib.sha256(b"%d" % n).digest(), "service")
            for n in range(EVENTS)
        ]
        webhook_events.accept(session, events, webhook_clock.now(session))


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


async def _measured(sql: Sql) -> None:
    allow = (Allowed(ip_network("127.0.0.0/8"), ((1, 65_535),), http=True),)
    dialler = Dialler(Rules(http=True, allow=allow), Resolver())
    courier = Courier(sql, KEYS, Thin(), StandardSigner(), dialler, name="bench")
    started, cpu = time.perf_counter(), time.process_time()
    running = asyncio.create_task(courier.run())
    while (await sql.read(webhook_queue.depth, 0))[0]:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    seconds, spent, count = time.perf_counter() - started, time.process_time() - cpu, ENDPOINTS * EVENTS
    await courier.stop(5)
    await running
    print(f"{count} deliveries in {seconds:.2f} s: {count / seconds:.0f}/s")
    print(f"{spent / count * 1e6:.0f} µs of CPU a delivery: {count / spent:.0f}/s a core")


def main(url: str | None) -> None:
    logs.configure("warning")
    with tempfile.TemporaryDirectory() as folder:
        place = url or f"sqlite:///{Path(folder) / 'bench.db'}"
        migrate(place)
        receiver = subprocess.Popen([sys.executable, "-c", RECEIVER], stdout=subprocess.PIPE)
        sql = Sql(place)
        try:
            assert receiver.stdout is not None
            _filled(sql, int(receiver.stdout.readline()))
            with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
                runner.run(_measured(sql))
        finally:
            sql.close()
            receiver.kill()
            receiver.wait()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
