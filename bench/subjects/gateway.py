"""The gateway itself, as it is deployed: supervisor, worker, embedded stores, everything switched on."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert

from bench import stub
from bench.running import AROUND, UNDER_TEST, Process, children, command, fetch, free_port, pin
from bench.subjects import Ground, Subject
from bench.work import ALL, LARGE
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.process import child
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.models import TenantRow, TokenRow

SCOPES = ("contact.all", "company.all", "deal.all", "task.all", "note.all", "activity.all", "invoice.all")
KEY = "bench-service-key-0123456789abcdef"
# The shapes of the default limits (a bucket and two windows), too wide to refuse.
_WIDE = 1_000_000_000
LIMITS = {
    "token": {"quota": _WIDE, "burst": _WIDE},
    "tenant": {"quota": _WIDE},
    "search": {"quota": _WIDE},
    "address": {"quota": _WIDE},
    "agent": {"quota": _WIDE},
}


# Run in another checkout: only that one knows what its configuration may say and how its database is laid out.
_THERE_SETTINGS = (
    "import json, sys; from bench.subjects import gateway as g; print(json.dumps(g.settings(int(sys.argv[1]))))"
)
_THERE_ADMIT = (
    "import sys, pathlib; from bench.subjects import gateway as g; print(g.admit(pathlib.Path(sys.argv[1]), 1, 1)[0])"
)
WORKER = re.compile(r"gateway\.(process\.)?worker")


class Gateway(Subject):
    """A running gateway. `data_dir`, `admin_port` and `supervisor` (its pid) for whoever looks inside."""

    data_dir: Path
    admin_port: int
    supervisor: int


def start(
    ground: Ground,
    stack: ExitStack,
    *,
    workers: int = 1,
    name: str = "gateway",
    code: Path | None = None,
    more: Mapping[str, Any] | None = None,
) -> Gateway:
    """`code`: another checkout to run, by default this one; `more`: what its configuration says besides."""
    home = ground.folder(name)
    config = home / "config.yaml"
    wanted = (
        settings(ground.stub_port) if code is None else json.loads(_said(code, _THERE_SETTINGS, str(ground.stub_port)))
    )
    config.write_text(yaml.safe_dump({**wanted, **(more or {})}))
    port, admin = free_port(), free_port()
    line = child.module("gateway", "serve", "--config", str(config), "--data-dir", str(home / "data"))
    env = {
        **child.environment(),
        "BENCH_SERVICE_KEY": KEY,
        "GATEWAY_PORT": str(port),
        "GATEWAY_ADMIN_PORT": str(admin),
        "GATEWAY_WORKERS": str(workers),
    }
    if code is not None:
        env["PYTHONPATH"] = str(code)
    process = Process(line, AROUND, cwd=home, env=env, log=home / "stderr")
    stack.callback(process.stop)
    process.wait_for(admin, 120)
    _wait_ready(admin)
    found = children(process.pid)
    serving = [pid for pid in found if WORKER.search(command(pid))]
    cores = [UNDER_TEST] if workers == 1 else [UNDER_TEST, AROUND]
    for nth, pid in enumerate(serving):
        pin(pid, cores[nth % len(cores)])
    helpers = {"valkey": next(pid for pid in found if "valkey" in command(pid)), "supervisor": process.pid}
    token = admit(home / "data", 1, 1)[0] if code is None else _said(code, _THERE_ADMIT, str(home / "data"))
    gateway = Gateway(name, port, serving, helpers, token, ALL if code is not None else (*ALL, *LARGE))
    gateway.data_dir, gateway.admin_port, gateway.supervisor = home / "data", admin, process.pid
    return gateway


def _said(code: Path, program: str, argument: str) -> str:
    """What a program prints that runs with the modules of another checkout."""
    line = [sys.executable, "-c", program, argument]
    env = {**child.environment(), "PYTHONPATH": str(code)}
    return subprocess.run(line, cwd=code, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def _wait_ready(admin_port: int) -> None:
    until = time.monotonic() + 120
    while fetch(admin_port, "GET", "/readyz", {})[0] != 200:
        if time.monotonic() > until:
            raise RuntimeError("the gateway does not become ready")
        time.sleep(0.05)


def settings(stub_port: int) -> dict[str, Any]:
    """The configuration: one service key for everything, so that no tenant's key has to be sealed first."""
    service = {
        "base_url": f"http://127.0.0.1:{stub_port}",
        "credentials": "service_key",
        "service_key": {"env": "BENCH_SERVICE_KEY"},
    }
    return {
        "services": dict.fromkeys(("auth", "crm", "finance"), service),
        "limits": LIMITS,
        "webhooks": {"couriers": 0},
    }


def admit(data_dir: Path, tenant_count: int, token_count: int, audience: str = "api") -> list[str]:
    """Tenants and tokens straight into the database; the texts of the first thousand, of which the first is of the stub's tenant."""
    keys = Keyring.load((data_dir / "keyring.json").read_text())
    now = datetime.now(UTC)
    texts = [token_format.mint("gw", "personal") for _ in range(min(token_count, 1000))]
    with closing(Sql(f"sqlite:///{data_dir / 'gateway.db'}")) as sql, sql.session() as session:
        known = {tenant.id for tenant in tenants.list(session)}
        new = [_tenant(number) for number in range(tenant_count) if _tenant(number) not in known]
        if new:
            session.execute(insert(TenantRow), [{"id": each, "name": each, "created_at": now} for each in new])
        for start_at in range(0, token_count, 50_000):
            numbers = range(start_at, min(start_at + 50_000, token_count))
            # Of most tokens only the row matters, and nobody will ever present them.
            hashes = [keys.hash(texts[n].encode()) if n < len(texts) else os.urandom(32) for n in numbers]
            rows = [
                token_row(_tenant(number % tenant_count), digest, keys.hashing_id, now, audience)
                for number, digest in zip(numbers, hashes, strict=True)
            ]
            session.execute(insert(TokenRow), rows)
    return texts


def token_row(tenant: str, digest: bytes, key_id: str, now: datetime, audience: str) -> dict[str, Any]:
    token_id = token_format.new_id()
    return {
        "id": token_id,
        "tenant_id": tenant,
        "user_id": stub.USER,
        "user_email": "ada@example.com",
        "name": "bench",
        "kind": "personal",
        "hash": digest,
        "hash_key_id": key_id,
        "display_prefix": "gw_pat_",
        "scopes": " ".join(SCOPES),
        "created_at": now,
        "expires_at": now + timedelta(days=30),
        "family": token_id,
        "generation": 1,
        "audience": audience,
    }


def _tenant(number: int) -> str:
    return stub.TENANT if number == 0 else f"clx0benchtenant{number:010d}"
