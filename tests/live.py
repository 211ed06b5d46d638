"""A gateway in front of a sandbox, both real processes, for all tests that talk HTTP to a deployment like production's."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import redis
import yaml

from gateway import deployment
from gateway.auth.scopes import allowed
from gateway.config.policies import default_roles
from gateway.keys import token_format
from gateway.keys.keyring import Keyring
from gateway.process import child, first_start
from gateway.stores.sql import Session, Sql
from gateway.stores.sql import tokens as stored
from sandbox.directory import credentials
from sandbox.seed import open_seeded
from tests.process.serving import Served
from tests.process.warm import Warm

NEWEST, OLDEST = "2026-09-01", "2026-06-01"
ROLES = ("owner", "manager", "member", "viewer")
SERVICES = ("crm", "finance", "hr", "projects", "helpdesk", "inventory", "settings")
OFFERED = deployment.built_in().scopes
SINGLE = OFFERED.ordered
SCOPES = " ".join(dict.fromkeys(scope.replace(scope.partition(".")[2], "all") for scope in SINGLE))
READING = " ".join(scope for scope in SINGLE if scope.endswith(".read"))
# What a role may not do is not asked for.
_SCOPES = {role: " ".join(sorted(allowed(OFFERED, role, default_roles()))) for role in ROLES} | {"owner": SCOPES}
# A fault that one test makes is not to be mended, nor to be remembered in the next.
STUBBORN = {"retries": {"attempts": 0}, "breaker": {"enabled": False}}
UNLIMITED = {"quota": 10_000_000, "burst": None}


class Tenant:
    """A workspace of the sandbox: its ids, users and tokens by role."""

    def __init__(self, seeded: dict[str, Any]) -> None:
        self.business_id: str = seeded["business_id"]
        self.name: str = seeded["name"]
        self.api_key: str = seeded["api_key"]
        self.users: dict[str, dict[str, str]] = {user["role"]: user for user in seeded["users"]}
        self.tokens: dict[str, str] = {}


def issued(
    session: Session, keys: Keyring, tenant: Tenant, role: str, scopes: str, family: str | None = None
) -> tuple[str, str]:
    """A new token of the user who has `role`, and its id. family: the id of the token that it was rotated from."""
    text, now, token_id = token_format.mint("gw", "personal"), datetime.now(UTC), token_format.new_id()
    user = tenant.users[role]
    made = stored.Token(
        id=token_id,
        tenant_id=tenant.business_id,
        user_id=user["user_id"],
        user_email=user["email"],
        name="test",
        kind="personal",
        hash=keys.hash(text.encode()),
        hash_key_id=keys.hashing_id,
        display_prefix=token_format.display_prefix(text),
        scopes=tuple(scopes.split()),
        created_at=now,
        expires_at=now + timedelta(days=1),
        family=family or token_id,
    )
    stored.insert(session, made)
    return text, token_id


class Live:
    """The running pair. `guest` is a tenant of the sandbox that is not registered."""

    def __init__(
        self, served: Served, sandbox_url: str, tenants: list[Tenant], database: Path, sql_url: str = ""
    ) -> None:
        self.served = served
        self._sql_url = sql_url or f"sqlite:///{served.data_dir / 'gateway.db'}"
        self.url = f"http://127.0.0.1:{served.port}"
        self.a, self.b, self.guest = tenants[:3]
        self.database = database
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self.service_key = (served.home / "auth-key").read_text()
        self.sandbox_url = sandbox_url
        self.sandbox = httpx.Client(base_url=sandbox_url, timeout=30)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        version: str | None = NEWEST,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """One request; by default as the owner of tenant a under the newest contract."""
        sent = {"Authorization": f"Bearer {self.a.tokens['owner'] if token is None else token}"}
        if version is not None:
            sent["Version"] = version
        sent |= headers or {}
        if body is not None:
            return self.client.request(method, path, json=body, headers=sent)
        return self.client.request(method, path, content=content, headers=sent)

    def run(self, *arguments: str, stdin: str | None = None) -> dict[str, Any]:
        """A `gateway` command on this deployment, which must succeed; what it prints as JSON."""
        done = self.served.run(*arguments, "--json", "--config", str(self.served.home / "config.yaml"), stdin=stdin)
        assert done.returncode == 0, done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    def token(self, tenant: Tenant, role: str, scopes: str) -> str:
        """A new token of the user who has `role`; written straight into the store, which is faster than a command."""
        return self.record(tenant, role, scopes)[0]

    def record(self, tenant: Tenant, role: str, scopes: str, family: str | None = None) -> tuple[str, str]:
        """The same, with the token's id. family: the id of the token that it was rotated from."""
        with self._session() as session:
            return issued(session, self._keys(), tenant, role, scopes, family)

    def register(self, tenant: Tenant) -> None:
        """What `gateway tenants add` stores, without a process for it."""
        with self._session() as session:
            first_start.register(session, self._keys(), tenant.business_id, tenant.name, tenant.api_key, actor="cli")

    def _keys(self) -> Keyring:
        return Keyring.load((self.served.data_dir / "keyring.json").read_text())

    @contextmanager
    def _session(self) -> Iterator[Session]:
        with closing(Sql(self._sql_url)) as sql, sql.session() as session:
            yield session

    def set_up(self, *, limits: dict[str, Any] | None = None, **config: Any) -> None:
        """From now on it runs as `live` with these would have started it, and what its store has counted is forgotten."""
        file = self.served.home / "config.yaml"
        before = file.read_text()
        # How many workers there are is settled at the start.
        workers = yaml.safe_load(before).get("server", {}).get("workers", 1)
        config["server"] = {"workers": workers, **config.get("server", {})}
        with redis.Redis(unix_socket_path=self.served.facts()["redis_url"].removeprefix("unix://")) as store:
            store.flushdb()
        self.client.cookies.clear()
        _configure(self.served.home, self.sandbox_url, limits or {}, config)
        if file.read_text() != before:
            assert (told := self.served.reload())["state"] == "swapped", told

    def sandbox_command(self, *arguments: str) -> None:
        """`python -m sandbox …` on the sandbox's database."""
        line = child.module("sandbox", *arguments, "--db", str(self.database))
        subprocess.run(line, check=True, env=child.environment(), capture_output=True)

    @contextmanager
    def fault(self, **switch: Any) -> Iterator[None]:
        """The sandbox misbehaves while this lasts."""
        self.sandbox.post("/_control/faults", json=switch).raise_for_status()
        try:
            yield
        finally:
            self.sandbox.delete("/_control/faults").raise_for_status()

    def sent(self, count: int = 1) -> list[dict[str, Any]]:
        """The last requests that reached a service of records, newest last."""
        found = self.sandbox.get("/_control/last", params={"n": 200}).json()["requests"]
        return [each for each in found if not each["path"].startswith("/api/auth")][-count:]

    def counted(self) -> int:
        """How many requests have reached the services of records so far; who a user is now is no record's business."""
        counts = self.sandbox.get("/_control/counts").json()
        return sum(
            each["requests"]
            for name, each in counts.items()
            if "/api/auth" not in name or name == "GET /api/auth/users"
        )


@contextmanager
def sandbox_running(home: Path, *arguments: str) -> Iterator[tuple[str, str, Path]]:
    """A sandbox process: its URL, service key and database."""
    database = home / "sandbox.db"
    hearing, telling = os.pipe()
    program = ("sandbox", "serve", "--db", str(database), "--cap", "0", *arguments)
    with os.fdopen(hearing, "rb") as said:
        process = Warm(program, cwd=home, env=child.environment(), stdout=telling, stderr=2)
        os.close(telling)
        try:
            ready = json.loads(said.readline())
            yield f"http://127.0.0.1:{ready['port']}", ready["service_key"], database
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def live(
    home: Path, *, limits: dict[str, Any] | None = None, env: dict[str, str] | None = None, **config: Any
) -> Iterator[Live]:
    """Start both; tenants are registered and each role gets a token. env: of the gateway alone."""
    home.mkdir(parents=True, exist_ok=True)
    with sandbox_running(home) as (url, key, database):
        (home / "auth-key").write_text(key)
        _configure(home, url, limits or {}, config)
        seeded = open_seeded(database)
        assert seeded is not None
        with closing(seeded):
            tenants = [Tenant(each) for each in credentials(seeded)["tenants"]]
        served = Served(home, "--config", str(home / "config.yaml"), **(env or {}))
        try:
            started = served.wait_for("started")
            served.port, served.admin_port = int(started["port"]), int(started["admin_port"])
            running = Live(served, url, tenants, database, config.get("stores", {}).get("sql", ""))
            for tenant in tenants[:2]:
                running.register(tenant)
                tenant.tokens = {role: running.token(tenant, role, _SCOPES[role]) for role in ROLES}
            yield running
        finally:
            served.stop()


def _configure(home: Path, sandbox_url: str, limits: dict[str, Any], config: dict[str, Any]) -> None:
    """Write config.yaml: every service is the sandbox, and what is not limited by name is not limited."""
    unlimited = dict.fromkeys(("token", "tenant", "search", "report", "address"), UNLIMITED)
    service = {"base_url": sandbox_url, "timeouts": {"connect": "2s", "total": "2s"}, **STUBBORN}
    own_key = {"credentials": "service_key", "service_key": {"file": str(home / "auth-key")}}
    services = {name: {**service, **config.get(name, {})} for name in SERVICES}
    settings = {
        "services": {"auth": {**service, **own_key}, **services},
        "limits": {**unlimited, **limits},
        # Nobody listens there: what is delivered has tests of its own.
        "webhooks": {"ingest": {"url": "http://127.0.0.1:1"}},
        # A second sandbox would be started beside it: test mode has tests of its own.
        "test": "off",
        **{name: section for name, section in config.items() if name not in SERVICES},
    }
    (home / "config.yaml").write_text(yaml.safe_dump(settings))
