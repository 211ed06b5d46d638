"""Three gateways on one PostgreSQL and one Valkey behind nginx, as deploy/compose puts them, with two couriers among them."""

from __future__ import annotations

import getpass
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import yaml

from bench.needs import debian_packages, from_debian, program_path
from gateway.keys import keyring_file
from gateway.keys.keyring import Keyring
from gateway.process import first_start
from gateway.stores.sql import Sql
from gateway.stores.sql.migrate import migrate
from sandbox.directory import credentials
from sandbox.seed import open_seeded
from tests.chaos.clients import Client, Ledger, Load, stored
from tests.live import SCOPES, SERVICES, UNLIMITED, Tenant, issued, sandbox_running
from tests.process.serving import Cold, Served, family
from tests.receiver import Receiver, receiving
from tests.stores.nodes import QUICK, Node, free_ports, until
from tests.stores.postgres import Postgres, running_server

NGINX = Path(__file__).parents[2] / "deploy/compose/nginx.conf"
REPLICAS = 3
COURIERS = 2  # of these replicas; the third receives no events
WRONG = {
    "LD_PRELOAD": "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
    "FAKETIME": "+15m",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
}
# As deploy/compose has it: what was answered is in the kernel's hands before it was answered.
DURABLE: dict[str, Any] = QUICK | {"appendonly": "yes"}


class Replicas:
    """`front`: nginx's port; `token`: an owner's; `contact`: one that is read; `ledger`: all that was created through it."""

    def __init__(self, home: Path, ports: dict[str, list[int]], valkey: Node, postgres: Postgres, sandbox: str) -> None:
        self.home = home
        self.ports = ports
        self.valkey = valkey
        self.postgres = postgres
        self.sandbox = sandbox
        self.front = ports["front"][0]
        self.ledger = Ledger()
        self.receiver = Receiver()
        self.tenant: Tenant
        self.token = self.contact = ""
        self.running: list[Served] = []
        self.ahead: int | None = None  # the one whose clock is wrong

    def launch(self, nth: int) -> Served:
        """Begin to start one."""
        own = (WRONG if nth == self.ahead else {}) | {
            "GATEWAY_PORT": str(self.ports["public"][nth]),
            "GATEWAY_WEBHOOKS__COURIERS": "1" if nth < COURIERS else "0",
            "GATEWAY_WEBHOOKS__INGEST__PORT": str(self.ports["ingest"][nth]),
        }
        # What sets a clock is loaded by a program when it starts, and by nothing that is forked.
        kind = Cold if nth == self.ahead else Served
        return kind(self.home / f"{nth}", "--config", str(self.home / "config.yaml"), **own)

    def put_ahead(self, nth: int) -> float:
        """From now on the clock of this one is a quarter of an hour ahead → by how many seconds it is."""
        if self.ahead != nth:
            self.ahead = nth
            self.restart(nth)
        last = self.running[nth].events()[-1]
        return datetime.fromisoformat(last["at"]).timestamp() - time.time()

    def start(self, nth: int) -> None:
        """Returns when it serves."""
        self.running[nth] = started(self.launch(nth))

    def restart(self, nth: int) -> None:
        """As an orchestrator does it: told to stop, waited for, started anew."""
        self.running[nth].process.terminate()
        assert self.running[nth].process.wait(120) == 0
        self.start(nth)

    def kill(self, nth: int) -> None:
        """The supervisor, without a word; its children end with it."""
        self.running[nth].stop(signal.SIGKILL)

    def stop(self) -> None:
        """All at once; who has not ended in time is killed, so that the next is stopped, too."""
        for each in self.running:
            each.process.terminate()
        late = []
        for nth, each in enumerate(self.running):
            try:
                each.process.wait(60)
            except subprocess.TimeoutExpired:
                late.append(nth)
                self.kill(nth)
        assert late == [], "did not stop when they were told to"

    def kill_children(self, nth: int, module: str) -> None:
        """Its workers or couriers, without a word."""
        for pid in family(self.running[nth].process.pid):
            if module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)

    def ready(self) -> bool:
        with suppress(OSError):
            return all(each.admin("/readyz").status == 200 for each in self.running)
        return False

    def whole(self) -> None:
        """Begin with all of them, whatever a test before left."""
        for nth, each in enumerate(self.running):
            if each.process.poll() is not None:
                self.start(nth)
        until(self.ready, 120)

    def load(self, writers: int = 1) -> Load:
        return Load(self.front, self.token, self.contact, self.ledger, writers=writers)

    def client(self, token: str) -> Client:
        return Client(self.front, token, [])

    def issue(self) -> str:
        """A token that nobody has used yet."""
        keys = Keyring.load((self.home / "keyring.json").read_text())
        with closing(Sql(self.postgres.url)) as sql, sql.session() as session:
            return issued(session, keys, self.tenant, "owner", SCOPES)[0]

    def limit(self, **limits: Any) -> None:
        """From now on these apply, in all replicas."""
        file = self.home / "config.yaml"
        settings = yaml.safe_load(file.read_text())
        settings["limits"] |= limits
        file.write_text(yaml.safe_dump(settings))
        for each in self.running:
            assert (told := each.reload())["state"] == "swapped", told

    def stored(self) -> dict[str, int]:
        """How many contacts the service has of each key that was sent."""
        return stored(self.home / "sandbox.db")

    def emitted(self) -> dict[str, int]:
        """How many events the service was answered with which status; "none" stands for no answer."""
        said: dict[str, int] = httpx.get(f"{self.sandbox}/_control/emitter").json()["answers"]
        return said


def started(served: Served) -> Served:
    told = served.wait_for("started")
    served.port, served.admin_port = int(told["port"]), int(told["admin_port"])
    return served


@contextmanager
def replicas(home: Path, *, ahead: int | None = None) -> Iterator[Replicas]:
    """Start everything. `ahead`: the replica whose clock is wrong from the beginning."""
    from_debian("nginx", "nginx-light")
    if not Path(WRONG["LD_PRELOAD"]).exists():
        debian_packages("libfaketime")
    with ExitStack() as stack:
        url, key, database = stack.enter_context(sandbox_running(home))
        postgres = stack.enter_context(running_server())
        found = iter(free_ports(2 * REPLICAS + 4))
        ports = {
            name: [next(found) for _ in range(count)]
            for name, count in {"public": REPLICAS, "ingest": REPLICAS, "front": 3, "store": 1}.items()
        }
        valkey = Node(home / "valkey", ports["store"][0], **DURABLE)
        stack.callback(valkey.kill)
        made = Replicas(home, ports, valkey, postgres, url)
        made.ahead = ahead
        keyring_file.create(home / "keyring.json")
        (home / "auth-key").write_text(key)
        (home / "config.yaml").write_text(yaml.safe_dump(_configuration(made, url)))
        migrate(postgres.url)
        _register(made, database)
        made.running = [made.launch(nth) for nth in range(REPLICAS)]
        stack.callback(made.stop)
        for each in made.running:
            started(each)
        stack.enter_context(_nginx(made))
        until(made.ready)
        made.receiver = stack.enter_context(receiving())
        client = made.client(made.token)
        told = {"url": made.receiver.url, "events": ["contact.created"]}
        assert client.ask("POST", "/v1/webhook_subscriptions", told)[0] == 201
        made.contact = client.ask("POST", "/v1/contacts", {"first_name": "Read"})[1]["data"]["id"]
        yield made


def _configuration(made: Replicas, url: str) -> dict[str, Any]:
    service = {"base_url": url}
    own = {"credentials": "service_key", "service_key": {"file": str(made.home / "auth-key")}}
    (made.home / "sql").write_text(made.postgres.url)
    limited = ("token", "tenant", "search", "events", "ingest", "address")
    return {
        "server": {"replicas": REPLICAS, "shutdown_delay": "1s", "trusted_proxies": ["127.0.0.0/8"]},
        "services": {
            "auth": {**service, **own},
            **dict.fromkeys(SERVICES, service),
            # The one that is made to hang: who asks it is waited for.
            "finance": {**service, "timeouts": {"total": "3s"}},
            # The one that many ask.
            "helpdesk": {"base_url": f"http://127.0.0.1:{made.ports['front'][2]}"},
        },
        "limits": dict.fromkeys(limited, UNLIMITED),
        "stores": {
            "sql": {"file": str(made.home / "sql")},
            "redis": f"redis://127.0.0.1:{made.ports['store'][0]}/0",
            # Everything shares two cores here, with whatever else is tested: a store that is slow is not lost.
            "sql_timeout": "20s",
            "redis_timeout": "3s",
        },
        "secrets": {"keyring": {"file": str(made.home / "keyring.json")}},
        # A sandbox would be started beside each: test mode has tests of its own.
        "test": "off",
        # Of a create whose worker was killed, the outcome is told to be unknown after this.
        "idempotency": {"lease": "4s"},
        "webhooks": {
            "ingest": {"url": f"http://127.0.0.1:{made.ports['front'][1]}"},
            "egress": {"http": True, "allow": [{"network": "127.0.0.0/8", "ports": ["1-65535"], "http": True}]},
        },
    }


def _register(made: Replicas, database: Path) -> None:
    """The sandbox's first tenant, and a token of its owner."""
    seeded = open_seeded(database)
    assert seeded is not None
    with closing(seeded):
        made.tenant = tenant = Tenant(credentials(seeded)["tenants"][0])
    keys = Keyring.load((made.home / "keyring.json").read_text())
    with closing(Sql(made.postgres.url)) as sql, sql.session() as session:
        first_start.register(session, keys, tenant.business_id, tenant.name, tenant.api_key, actor="cli")
    made.token = made.issue()


@contextmanager
def _nginx(made: Replicas) -> Iterator[None]:
    """The configuration that is shipped, without its TLS, which would take what little CPU there is, and before the ingest ports.

    And a service that has its answers to reads at hand, so that it is the gateway that a load is too much for.
    """
    front, ingest, quick = made.ports["front"]

    def servers(ports: list[int]) -> str:
        return "\n".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=2s;" for each in ports) + "\n"

    text = re.sub(r"(?:[ ]*server gateway-\w+:8080[^\n]*\n)+", servers(made.ports["public"]), NGINX.read_text())
    text = re.sub(r"[ ]*(ssl_\w+|server_name)[^\n]*\n", "", text)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{front};")
    folder = made.home / "nginx"
    folder.mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)
    # An event that was taken twice is known by what it says.
    again = "proxy_next_upstream error timeout non_idempotent http_503; proxy_connect_timeout 2s;"
    events = (
        f"upstream ingest {{ {servers(made.ports['ingest'][:COURIERS])} }}\n"
        f"server {{ listen 127.0.0.1:{ingest}; location / {{ proxy_pass http://ingest; {again} }} }}\n"
    )
    kept = "proxy_cache kept; proxy_cache_key $request_uri; proxy_cache_valid 200 1d; proxy_cache_lock on;"
    service = (
        f"proxy_cache_path {folder}/kept keys_zone=kept:1m inactive=1d;\n"
        f"server {{ listen 127.0.0.1:{quick}; keepalive_requests 100000000; location / {{ proxy_pass {made.sandbox}; {kept}\n"
        'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Accept-Encoding "";\n'
        "proxy_ignore_headers Cache-Control Expires Set-Cookie Vary; } }\n"
    )
    text = text.replace("http {", f"http {{ access_log off; {temporary}\n{events}{service}")
    # What it keeps is in a folder of ours.
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()}; daemon off; pid {folder}/pid; error_log {folder}/error.log;\n{text}"
    )
    process = subprocess.Popen([program_path("nginx"), "-e", folder / "error.log", "-c", folder / "nginx.conf"])
    try:
        yield
    finally:
        # At once: waiting for requests to end would be waiting for those that a failed test has left.
        process.terminate()
        process.wait(30)
