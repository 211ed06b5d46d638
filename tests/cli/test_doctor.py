"""`gateway doctor`: what it finds in a deployment that is well, and in one that is not."""

from __future__ import annotations

import json
import socket
from contextlib import AsyncExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from gateway.cli import main
from gateway.config import load
from gateway.observe import logs
from gateway.process.doctor import examine
from gateway.process.doctor_running import _calls, _ready, _running
from gateway.process.embedded import sandbox, valkey
from gateway.stores.sql import Sql, tenants
from gateway.stores.sql.migrate import migrate
from gateway.stores.sql.tenants import Tenant
from tests.issuers.issuer import issuing
from tests.process.serving import founded
from tests.stores.nodes import watched
from tests.upstream.service import Peer, serving


@pytest.fixture
def home(tmp_path: Path) -> Path:
    data_dir = founded(tmp_path)
    migrate(f"sqlite:///{data_dir}/gateway.db")
    return tmp_path


def configured(home: Path, **sections: Any) -> Path:
    path = home / "config.yaml"
    path.write_text(yaml.safe_dump({"server": {"data_dir": str(home / "data")}, **sections}))
    return path


async def found(path: Path) -> dict[str, tuple[str, str]]:
    return {each.check: (each.state, each.detail) async for each in examine(load(path, {}), {})}


async def test_a_deployment_that_is_well(home: Path) -> None:
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(valkey.running(home / "store"))
        said = await found(configured(home, stores={"redis": url}))
    assert {check for check, (state, _) in said.items() if state == "ok"} >= {
        "disk",
        "descriptors",
        "redis",
        "redis settings",
        "clock",
        "sql",
        "keyring",
        "deliveries",
        "registrations",
        "stored events",
    }
    assert said["couriers"] == ("skipped", "none runs")
    assert said["service crm"] == ("skipped", "the sandbox, with invented data")
    assert not [check for check, (state, _) in said.items() if state == "failed"]


@pytest.mark.parametrize(
    ("variables", "detail", "fix"),
    [
        (["GATEWAY_TOKENS__PREFIX"], "it was started with GATEWAY_TOKENS__PREFIX", "the environment"),
        ([], "another configuration", "gateway reload"),
        (None, "another configuration", "gateway reload"),
    ],
)
async def test_a_gateway_with_another_configuration_is_told_with_what_makes_it_so(
    home: Path, variables: list[str] | None, detail: str, fix: str
) -> None:
    told = {"config": "0" * 12} | ({"variables": variables} if variables is not None else {})
    found = _running(load(configured(home), {}), told)
    assert found.state == "warning" and detail in found.detail and fix in found.fix


@pytest.mark.parametrize(
    ("states", "state", "detail"),
    [
        ({"workers": "ok", "redis": "ok"}, "ok", "ready"),
        ({"workers": "failing", "redis": "ok", "sql": "failing"}, "failed", "not ready: workers, sql"),
        ({"workers": "ok", "connections": "degraded"}, "warning", "short of connections"),
    ],
)
def test_what_the_running_gateway_says_of_itself_is_told(states: dict[str, str], state: str, detail: str) -> None:
    said = _ready(json.dumps({"status": "…", "checks": states}).encode())
    assert said.state == state and detail in said.detail


def test_services_that_the_running_gateway_does_not_call_are_named() -> None:
    shown = 'gateway_breaker_open{calls="%s",service="%s"} %s\n'
    head = "# TYPE gateway_breaker_open gauge\n"
    text = head + shown % ("read", "crm", "1.0") + shown % ("write", "crm", "0.0") + shown % ("write", "hr", "1.0")
    said = _calls(text.encode())
    assert said.state == "warning" and said.detail.endswith("reads of crm, writes of hr")
    assert _calls(head.encode()).state == "ok"


async def test_a_service_that_fails_at_its_root_is_no_service_that_is_well(home: Path) -> None:
    async def broken(peer: Peer) -> None:
        await peer.read()
        await peer.send(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")

    async with serving(broken) as service:
        services = {"auth": {"base_url": "sandbox"}, "crm": {"base_url": service.url}}
        state, detail = (await found(configured(home, services=services)))["service crm"]
    assert state == "warning" and "500" in detail


async def test_each_sentinel_and_each_part_of_a_cluster_is_asked(home: Path) -> None:
    with watched(home / "nodes") as (_, sentinels):
        ports = [each.port for each in sentinels]
        url = f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}"
        said = await found(configured(home, stores={"redis": f"{url}/main"}))
        assert said["sentinels"][0] == said["redis"][0] == "ok" and "3 of 3 name" in said["sentinels"][1]
        sentinels[1].kill()
        said = await found(configured(home, stores={"redis": f"{url}/main"}))
        assert said["redis"][0] == "ok" and said["sentinels"][0] == "warning"
        assert "2 of 3 name" in said["sentinels"][1] and f"127.0.0.1:{ports[1]} cannot be asked" in said["sentinels"][1]
        said = await found(configured(home, stores={"redis": f"{url}/mein"}))
        assert said["sentinels"][0] == said["redis"][0] == "failed" and "no mein" in said["redis"][1]


async def test_what_is_away_is_told_by_name(home: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        services = {"auth": {"base_url": "sandbox"}, "crm": {"base_url": f"http://127.0.0.1:{port}"}}
        said = await found(configured(home, services=services, stores={"redis": f"redis://127.0.0.1:{port}"}))
    assert said["redis"][0] == said["service crm"][0] == "failed"
    assert said["sql"][0] == said["keyring"][0] == "ok"


async def test_what_others_run_is_asked(home: Path) -> None:
    def key(name: str, text: str) -> dict[str, str]:
        (home / name).write_text(text)
        (home / name).chmod(0o600)
        return {"file": str(home / name)}

    async def said(url: str, control: str, jwks: str, proxy: str | None) -> dict[str, str]:
        allow = [{"network": "127.0.0.0/8", "ports": ["1-65535"], "http": True}]
        issuer = {"issuer": "http://127.0.0.1", "jwks_url": jwks, "audiences": ["api"], "tenant": "biz_1"}
        test = {"sandbox_url": url, "service_key": key("service", "s" * 40), "control_key": key("control", control)}
        egress = {"http": True, "allow": allow, "proxy": proxy}
        issuers = {} if proxy else {"acme": issuer}
        file = configured(home, test=test, issuers=issuers, webhooks={"egress": egress})
        return {check: state for check, (state, _) in (await found(file)).items()}

    with socket.socket() as listening, socket.socket() as nobody, issuing() as issuer:
        for each in (listening, nobody):
            each.bind(("127.0.0.1", 0))
        listening.listen()
        up, down = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (listening, nobody))
        async with sandbox.running(home / "program") as program:
            well = await said(program.url, program.control_key, issuer.jwks_url, None)
            assert (well["test mode"], well["issuer acme"], well["egress"]) == ("ok", "ok", "skipped")
            refused = await said(program.url, "c" * 64, f"{issuer.url}/nothing", up)
            assert (refused["test mode"], refused["egress"]) == ("failed", "ok")
            assert (await said(program.url, program.control_key, down, None))["issuer acme"] == "failed"
        away = await said(down, program.control_key, issuer.jwks_url, down)
        assert (away["test mode"], away["egress"]) == ("failed", "failed")


def test_the_command_ends_with_5_and_a_document(home: Path) -> None:
    path = configured(home, stores={"redis": "redis://127.0.0.1:1"})
    try:
        done = CliRunner().invoke(main, ["doctor", "--json", "--config", str(path)])
    finally:
        logs.configure()
    assert done.exit_code == 5, done.output
    told = json.loads(done.stdout)
    assert told["ok"] is False and {"configuration", "running", "disk"} <= {each["check"] for each in told["checks"]}
    assert all(each["fix"] for each in told["checks"] if each["state"] in ("failed", "warning"))


async def test_a_tenant_whose_plan_is_not_configured_is_named(home: Path) -> None:
    with closing(Sql(f"sqlite:///{home / 'data' / 'gateway.db'}")) as sql, sql.session() as session:
        tenants.add(session, Tenant("clx1", "Acme", None, datetime.now(UTC)))
        tenants.set_plan(session, "clx1", "small")
    assert (await found(configured(home, plans={"small": {}})))["plans"][0] == "ok"
    state, detail = (await found(configured(home)))["plans"]
    assert state == "warning" and "Acme (small)" in detail
