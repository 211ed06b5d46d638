"""docs/extending.md, done: its package and configuration, a service of its own, and a real gateway in front of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.extending.example import Rentals, rentals, write_config, write_package
from tests.live import NEWEST, OLDEST, UNLIMITED
from tests.process import warm
from tests.process.serving import Served, command, environment


@dataclass
class Deployment:
    served: Served
    service: Rentals
    client: httpx.Client
    config: Path
    packages: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A `gateway` command on this deployment."""
        line = ("gateway", *arguments, "--config", str(self.config), "--data-dir", str(self.served.data_dir))
        return warm.run(line, cwd=self.config.parent, env=environment(PYTHONPATH=_path(self.packages)))

    def call(self, method: str, path: str, body: Any = None, version: str = NEWEST) -> httpx.Response:
        """One request as the demo owner."""
        return self.client.request(method, path, json=body, headers={"Version": version})


def _path(packages: Path) -> str:
    return f"{environment()['PYTHONPATH']}:{packages}"


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    home = tmp_path_factory.mktemp("extended")
    write_package(home / "packages")
    with rentals() as (service, url):
        unlimited = dict.fromkeys(("token", "tenant", "search", "address"), UNLIMITED)
        write_config(home / "config.yaml", url, limits=unlimited)
        served = Served(home, "--config", str(home / "config.yaml"), PYTHONPATH=_path(home / "packages"))
        try:
            # It writes its documents first, which takes seconds where others want the processor, too.
            served.wait_for("started", seconds=90)
            served.wait_started()
            with httpx.Client(
                base_url=f"http://127.0.0.1:{served.port}",
                timeout=30,
                headers={"Authorization": f"Bearer {served.token}"},
            ) as client:
                yield Deployment(served, service, client, home / "config.yaml", home / "packages")
        finally:
            served.stop()


def test_its_records_are_made_found_changed_and_removed_in_every_contract(deployment: Deployment) -> None:
    made = deployment.call(
        "POST", "/v1/machines", {"name": "Digger", "state": "let", "daily_rate": "240", "currency": "EUR"}
    )
    assert (made.status_code, made.json()["data"]["daily_rate"]) == (201, "240.00"), made.text
    location = made.headers["location"]
    assert location.startswith("/v1/machines/mach_")
    (row,) = [row for rows in deployment.service.rows.values() for row in rows.values() if row["name"] == "Digger"]
    assert (row["status"], row["dailyRate"]) == ("OUT", 240)
    older = deployment.call("GET", location, version=OLDEST).json()["data"]
    assert (older["label"], "name" in older) == ("Digger", False)
    filters = [{"field": "name", "operator": "starts_with", "value": "Digg"}]
    assert deployment.call("POST", "/v1/machines/search", {"filters": filters}).json()["meta"]["total"] == 1
    assert deployment.call("PATCH", location, {"label": "Dredger"}, OLDEST).json()["data"]["label"] == "Dredger"
    refused = deployment.call("PATCH", location, {"state": "sunk"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/state")
    assert deployment.call("GET", "/v1/machines/mach_0").status_code == 404
    assert deployment.call("DELETE", location).status_code == 204


def test_it_is_in_the_documents_the_metadata_and_the_demo_token(deployment: Deployment) -> None:
    for date, name in ((NEWEST, "name"), (OLDEST, "label")):
        document = deployment.client.get(f"/openapi/{date}.json").json()
        assert {"/v1/machines", "/v1/machines/{id}", "/v1/machines/search"} <= set(document["paths"])
        assert name in document["components"]["schemas"]["Machine"]["properties"]
        assert "/v1/contacts" in document["paths"]
        scopes = document["components"]["securitySchemes"]["oauth2"]["flows"]["authorizationCode"]["scopes"]
        assert scopes["machine.read"] == "Read and search machines."
    assert "Rentals" in {group["name"] for group in document["x-tagGroups"]}
    metadata = deployment.client.get("/.well-known/oauth-authorization-server").json()
    assert {"machine.read", "machine.write", "machine.delete"} <= set(metadata["scopes_supported"])
    stranger = httpx.get(deployment.client.base_url.join("/v1/me"), headers={"Version": NEWEST})
    assert "machine.read" in stranger.headers["www-authenticate"]
    assert "machine.write" in deployment.call("GET", "/v1/me").json()["data"]["effective_scopes"]


def test_the_commands_know_it(deployment: Deployment) -> None:
    assert json.loads(deployment.run("check", "--json").stdout)["ok"] is True
    told = deployment.run("explain", "GET", "/v1/machines/mach_7", "--json")
    story = json.loads(told.stdout)
    assert (story["scopes"], story["roles"]) == (["machine.read"], ["admin", "clerk", "owner"]), told.stderr
    assert [call["path"] for call in story["internal_calls"]] == ["/api/machines"]
    tenant = deployment.call("GET", "/v1/me").json()["data"]["tenant"]["id"]
    probed = json.loads(
        deployment.run("probe", "--service", "rentals", "--allow-writes", "--tenant", tenant, "--json").stdout
    )
    (service,) = probed["services"]
    verdicts = {each["operation"]: each["verdict"] for each in service["findings"]}
    # Where nothing is, nothing can be found among several.
    answers = {f"machines.{name}": "answers" for name in ("search", "create", "get", "update", "delete")}
    assert verdicts == answers | {"machines.get_many": "unclear"}
    # The service takes a record without a name, too, and answers alike for a missing record and a missing path.
    assert (service["config"], service["left"], [*deployment.service.rows.values()]) == ({}, [], [{}])


def conformance(deployment: Deployment, *arguments: str) -> tuple[int, Any]:
    done = deployment.run("conformance", "--resource", "machines", "--allow-writes", "--json", *arguments)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def test_its_resource_is_found_to_keep_the_contract_and_leaves_nothing_behind(deployment: Deployment) -> None:
    tenant = deployment.call("GET", "/v1/me").json()["data"]["tenant"]["id"]
    before = sum(map(len, deployment.service.rows.values()))
    code, told = conformance(deployment, "--tenant", tenant)
    assert (code, [each for each in told["results"] if each["broken"]]) == (0, []), told
    assert {each["check"] for each in told["results"]} >= {
        "what is created is read back as it was sent",
        "a patch keeps what it does not name",
        "groups mean what they say",
    }
    assert {each["contract"] for each in told["results"]} == {NEWEST, OLDEST}
    assert (told["kept"], told["left"], sum(map(len, deployment.service.rows.values()))) == (True, [], before)
    tokens = json.loads(deployment.run("tokens", "list", "--tenant", tenant, "--json").stdout)["tokens"]
    made = [each for each in tokens if each["name"] == "gateway conformance"]
    assert [each["state"] for each in made] == ["revoked"]


def test_what_does_not_keep_the_contract_is_named_with_what_was_asked_and_what_came(deployment: Deployment) -> None:
    token = deployment.packages.parent / "token"
    token.write_text(deployment.served.token)
    deployment.service.forgets = {"seats"}
    try:
        code, told = conformance(deployment, "--url", str(deployment.client.base_url), "--token-file", str(token))
    finally:
        deployment.service.forgets = set()
    assert (code, told["kept"]) == (3, False)
    broken = [each for each in told["results"] if each["broken"]]
    assert {each["check"] for each in broken} == {"what is created is read back as it was sent"}
    assert "seats" in broken[0]["broken"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--resource", "nothings"), 2, "there is no resource nothings"),
        (("--url", "http://127.0.0.1:9"), 5, "cannot be asked"),
    ],
)
def test_what_cannot_be_checked_is_told(
    deployment: Deployment, tmp_path: Path, arguments: tuple[str, ...], code: int, says: str
) -> None:
    token = tmp_path / "token"
    token.write_text(deployment.served.token)
    done = deployment.run("conformance", *arguments, "--token-file", str(token))
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_a_gateway_does_not_start_with_a_package_that_it_cannot_use(deployment: Deployment, tmp_path: Path) -> None:
    write_config(tmp_path / "config.yaml", "http://127.0.0.1:1", resources=["acme_nowhere"])
    line = command("serve", "--config", str(tmp_path / "config.yaml"), "--data-dir", str(tmp_path / "data"))
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=60, env=environment())
    assert done.returncode == 2
    assert "resources[0]: there is no package acme_nowhere" in done.stderr
