"""`gateway serve` with couriers, pinned to the core under test, its tables filled by hand: the queue is full before it is seen."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import yaml
from sqlalchemy import insert, select, update

from bench import stub
from bench.running import AROUND, UNDER_TEST, Process, children, command, cpu_seconds, fetch, free_port, pin
from bench.subjects import gateway
from bench.webhooks.ground import ENDPOINTS, Ground, address
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.keys.purposes import CAPABILITY
from gateway.keys.tenant_keys import seal_tenant_key
from gateway.process import child
from gateway.stores.sql import (
    Session,
    Sql,
    tenants,
    webhook_clock,
    webhook_endpoints,
    webhook_events,
    webhook_registrations,
    webhook_secrets,
)
from gateway.stores.sql.models import TokenRow
from gateway.stores.sql.tenants import Tenant
from gateway.stores.sql.webhook_endpoints import Endpoint
from gateway.stores.sql.webhook_events import NewEvent
from gateway.stores.sql.webhook_models import LaneRow, QueueRow
from gateway.stores.sql.webhook_registrations import Registration
from gateway.webhooks import recipients

_COURIER: Final = re.compile(r"gateway\.(process\.)?courier")
_WIDE: Final = 1_000_000_000
_STARTS: Final = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Measured:
    """`count` deliveries: seconds by the clock, and of CPU: the couriers', the database's, the receivers'."""

    count: int
    seconds: float
    cpu: float
    database: float
    receivers: float

    def told(self) -> dict[str, float]:
        """For a result: rates, and microseconds of CPU for each."""
        return {
            "count": self.count,
            "seconds": round(self.seconds, 3),
            "a_second": round(self.count / self.seconds),
            "cpu_us": round(self.cpu / self.count * 1e6, 1),
            "database_us": round(self.database / self.count * 1e6, 1),
            "receivers_us": round(self.receivers / self.count * 1e6, 1),
        }


class Deployment:
    """A running one. `pids`: of its couriers; `worker`: of the process that answers `/v1`, where there is one."""

    def __init__(
        self,
        ground: Ground,
        stack: ExitStack,
        kind: str,
        *,
        couriers: int = 1,
        answering: bool = False,
    ) -> None:
        self.ground = ground
        self.url = ground.database(kind)
        home = ground.folder(f"{couriers}-{kind}")
        self.ingest_port, self.port, self._admin_port = free_port(), free_port(), free_port()
        config = home / "config.yaml"
        config.write_text(yaml.safe_dump(self._settings(couriers)))
        line = child.module("gateway", "serve", "--config", str(config), "--data-dir", str(home / "data"))
        env = {
            **child.environment(),
            "BENCH_SERVICE_KEY": gateway.KEY,
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_ADMIN_PORT": str(self._admin_port),
            "GATEWAY_WORKERS": "1",
        }
        only = [] if answering else ["--only", "couriers"]
        self.process = Process([*line, *only], AROUND, cwd=home, env=env, log=home / "stderr")
        stack.callback(self.process.stop)
        self.process.wait_for(self._admin_port)
        self.pids = self._couriers(couriers)
        self.worker = next((pid for pid in children(self.process.pid) if gateway.WORKER.search(command(pid))), None)
        for pid in (*self.pids, *([self.worker] if self.worker is not None else [])):
            pin(pid, UNDER_TEST)
        self.keys = Keyring.load((home / "data" / "keyring.json").read_text())
        # Filled in large transactions, which need longer than any of a courier's.
        self.sql = Sql(self.url, timeout=120.0)
        stack.callback(self.sql.close)
        self._events = 0
        self.token = self._admitted()

    def _settings(self, couriers: int) -> dict[str, Any]:
        wanted = gateway.settings(self.ground.stub_port)
        receivers = {"network": "127.0.0.0/8", "ports": ["1-65535"], "http": True}
        return {
            **wanted,
            "limits": {**wanted["limits"], "ingest": {"quota": _WIDE}},
            "stores": {"sql": self.url},
            "webhooks": {
                "couriers": couriers,
                "ingest": {"port": self.ingest_port},
                "egress": {"http": True, "allow": [receivers], "ca_file": self.ground.receivers.ca_file},
            },
        }

    def _couriers(self, wanted: int) -> list[int]:
        until = time.monotonic() + _STARTS
        while time.monotonic() < until:
            found = [pid for pid in children(self.process.pid) if _COURIER.search(command(pid))]
            if len(found) == wanted and self._ready():
                return found
            time.sleep(0.1)
        raise RuntimeError("the couriers do not become ready")

    def _ready(self) -> bool:
        try:
            return fetch(self.ingest_port, "GET", "/readyz", {})[0] == 200
        except OSError:
            return False

    def _admitted(self) -> str:
        """A tenant, and a token of its owner's that endpoints belong to; the text of the token."""
        now = datetime.now(UTC)
        text = token_format.mint("gw", "personal")
        row = gateway.token_row(stub.TENANT, self.keys.hash(text.encode()), self.keys.hashing_id, now, "api")
        row["scopes"] = f"{row['scopes']} webhook.all"
        self.owner: str = row["family"]
        sealed = seal_tenant_key(self.keys, stub.TENANT, "bench-tenant-key")
        with self.sql.session() as session:
            tenants.add(session, Tenant(stub.TENANT, "Bench", sealed, now))
            session.execute(insert(TokenRow), [row])
        return text

    # what is filled in

    def subscribe(
        self, path: str = "/", *, count: int = ENDPOINTS, first: int = 0, secure: bool = False, **columns: Any
    ) -> list[str]:
        """Endpoints at these paths, which have answered before: others are called once a second. Their ids."""
        receivers = self.ground.receivers
        port = receivers.secure if secure else receivers.port
        scheme = "https" if secure else "http"
        made = [
            self._endpoint(f"{scheme}://{address(number)}:{port}{path}", address(number), columns)
            for number in range(first, first + count)
        ]
        with self.sql.session() as session:
            for each in made:
                webhook_endpoints.add(session, each)
                sealed = recipients.seal_secret(self.keys, each.id, b"s" * 32)
                webhook_secrets.add(session, each.id, sealed, "whsec_", each.created_at)
        ids = [each.id for each in made]
        with self.sql.session() as session:
            answered = update(LaneRow).where(LaneRow.endpoint_id.in_(ids))
            session.execute(answered.values(succeeded_at=webhook_clock.now(session)))
        return ids

    def _endpoint(self, url: str, host: str, columns: dict[str, Any]) -> Endpoint:
        now = datetime.now(UTC)
        endpoint_id = token_format.new_timed_id(round(now.timestamp() * 1000))
        given: dict[str, Any] = {
            "id": endpoint_id,
            "tenant_id": stub.TENANT,
            "owner_kind": "token",
            "owner_id": self.owner,
            "client_id": None,
            "user_id": stub.USER,
            "scopes": (),
            "url_sealed": recipients.seal_url(self.keys, endpoint_id, url),
            "url_host": host,
            "events": ("deal.won",),
            "payload": "thin",
            "contract": "2026-09-01",
            "description": None,
            "headers_sealed": None,
            "max_in_flight": 8,
            "rate": None,
            "status": "enabled",
            "reason": None,
            "template_id": None,
            "created_at": now,
            "changed_at": now,
        }
        return Endpoint(**given | columns)

    def capability(self) -> str:
        """The path that the tenant's events are posted to."""
        text, now = token_format.random_text(43), datetime.now(UTC)
        registration = Registration(
            id=token_format.new_timed_id(round(now.timestamp() * 1000)),
            tenant_id=stub.TENANT,
            capability_hash=self.keys.hash(text.encode()),
            hash_key_id=self.keys.hashing_id,
            capability_sealed=self.keys.seal(CAPABILITY, stub.TENANT, text.encode(), b""),
            internal_id="wh_1",
            state="active",
            created_at=now,
            checked_at=now,
            heard_at=now,
        )
        with self.sql.session() as session:
            webhook_registrations.add(session, registration)
        return f"/in/{text}"

    def happen(self, count: int, kind: str = "deal.won") -> None:
        """So many events in one transaction, for each endpoint that wants the type."""
        now, start = datetime.now(UTC), self._events
        self._events += count
        made = [
            NewEvent(stub.TENANT, kind, f"deal_{number:024x}", now, hashlib.sha256(b"%d" % number).digest(), "service")
            for number in range(start, self._events)
        ]
        with self.sql.session() as session:
            webhook_events.accept(session, made, webhook_clock.now(session))

    # what is measured

    def spent(self) -> tuple[float, float, float]:
        """CPU so far: of the couriers, of the database, of the receivers."""
        return (
            cpu_seconds(self.pids),
            cpu_seconds(self.ground.database_pids()),
            cpu_seconds([self.ground.receivers.pid]),
        )

    def delivered(self, events: int, endpoints: int = ENDPOINTS) -> Measured:
        """So many events at once, until all endpoints have them and all is settled."""
        receivers, count = self.ground.receivers, events * endpoints
        before = receivers.count()
        self.happen(events)
        cpu, began = self.spent(), time.perf_counter()
        seconds = receivers.wait_for(before + count) - began
        self.settled()
        after = self.spent()
        return Measured(count, seconds, *(now - then for now, then in zip(after, cpu, strict=True)))

    def settled(self) -> None:
        """Returns when nothing is left in the queue."""
        while self.read(_any):
            time.sleep(0.02)

    def read(self, ask: Any, *given: Any) -> Any:
        """What a function of the database says."""
        with self.sql.session(read_only=True) as session:
            return ask(session, *given)


def _any(session: Session) -> bool:
    return session.scalar(select(QueueRow.delivery_id).limit(1)) is not None


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    """Of each figure, over rounds."""
    from statistics import median

    return {name: round(median(each[name] for each in rounds), 3) for name in rounds[0]}
