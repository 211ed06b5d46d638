"""What deploy/ holds is read by the tools that would read it: kubectl, the schemas of Kubernetes and Compose, nginx, the gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import yaml
from packaging.requirements import Requirement

from bench.needs import from_debian, program_path
from gateway.config import load, reveal, watched
from gateway.deployment import check
from gateway.keys import keyring_file
from gateway.process import readiness
from tests.deploy.sbom import IMAGE, write
from tests.deploy.tools import installed, run

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
# The tools are some 200 MB, which a slow machine installs for minutes, once.
pytestmark = pytest.mark.timeout(900)
GRACES = {"shutdown_delay": "0s", "shutdown_grace": "20s"}
SECRETS = {
    "DATABASE_URL": "postgresql://gateway:x@postgres/gateway",
    "REDIS_URL": "redis://valkey:6379/0",
    "AUTH_SERVICE_KEY": "k",
}


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """By kind, as `kubectl apply -k` would send them."""
    text = run("kubectl", "kustomize", DEPLOY / "kubernetes")
    file = tmp_path_factory.mktemp("kubernetes") / "all.yaml"
    file.write_text(text)
    said = run("kubernetes-validate", "--strict", file)
    made = [each for each in yaml.safe_load_all(text) if each]
    assert said.count("passed") == len(made) or not said
    return {f"{each['kind']} {each['metadata']['name']}": each for each in made}


def test_pods_run_as_nobody_cannot_write_their_root_and_have_time_to_drain(objects: dict[str, dict[str, Any]]) -> None:
    pod = objects["Deployment gateway"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and pod["securityContext"]["runAsUser"] == 10001
    assert container["securityContext"]["readOnlyRootFilesystem"] and container["image"] == "gateway:local"
    assert pod["enableServiceLinks"] is False
    # What all pods share takes none of them away.
    path, _, query = container["readinessProbe"]["httpGet"]["path"].partition("?")
    assert (path, parse_qs(query)) == ("/readyz", {"exclude": ["redis", "sql"]})
    assert {"redis", "sql"} < {*readiness.checks(*([Any] * 4))}  # type: ignore[arg-type]
    # Whoever may see a pod's variables sees no secret.
    assert "envFrom" not in container and "env" not in container
    server = yaml.safe_load((DEPLOY / "kubernetes/gateway.yaml").read_text())["server"]
    seconds = [int(server[name].rstrip("s")) for name in ("shutdown_delay", "shutdown_grace")]
    assert pod["terminationGracePeriodSeconds"] > sum(seconds)
    assert server["replicas"] == objects["HorizontalPodAutoscaler gateway"]["spec"]["maxReplicas"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    named = {
        port["targetPort"] for each in objects.values() if each["kind"] == "Service" for port in each["spec"]["ports"]
    }
    assert named <= set(ports) and ports == {"http": 8080, "admin": 9090, "ingest": 9191}


def test_whatever_selects_pods_selects_those_of_the_deployment_and_no_others(
    objects: dict[str, dict[str, Any]],
) -> None:
    specs = {name: each["spec"] for name, each in objects.items() if "spec" in each}
    own = specs["Deployment gateway"]["template"]["metadata"]["labels"]
    assert own
    selecting = {
        "Service": lambda spec: spec["selector"],
        "Deployment": lambda spec: spec["selector"]["matchLabels"],
        # A budget that selects nothing protects nobody; a policy that selects nothing is of everybody in the namespace.
        "PodDisruptionBudget": lambda spec: spec["selector"]["matchLabels"],
        "NetworkPolicy": lambda spec: spec["podSelector"]["matchLabels"],
    }
    kinds = {name: name.partition(" ")[0] for name in specs}
    found = {name: selecting[kinds[name]](spec) for name, spec in specs.items() if kinds[name] in selecting}
    assert {kinds[name] for name in found} == {*selecting} and all(each == own for each in found.values()), found


@pytest.mark.parametrize("part", ["monitoring", "routing"])
def test_the_parts_that_need_custom_resources_are_built_apart(part: str) -> None:
    (made,) = yaml.safe_load_all(run("kubectl", "kustomize", DEPLOY / "kubernetes" / part))
    assert made["metadata"]["name"] == "gateway"


CONFIGURATIONS = {"compose": "compose/gateway/config.yaml", "kubernetes": "kubernetes/gateway.yaml"}


@pytest.mark.parametrize("where", CONFIGURATIONS)
def test_the_gateway_takes_the_configuration_and_every_secret_in_it_is_a_file_that_is_watched(
    where: str, tmp_path: Path
) -> None:
    keyring_file.create(tmp_path / "keyring.json")
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    text = (DEPLOY / CONFIGURATIONS[where]).read_text()
    (tmp_path / "config.yaml").write_text(text.replace("/run/gateway", str(tmp_path)))
    settings = load(tmp_path / "config.yaml", {})
    check(settings)
    assert settings.brands[0].public_url == "https://api.example.com"
    assert watched.files(settings) == {tmp_path / name for name in SECRETS}
    # Where they are is where they are mounted.
    assert set(re.findall(r"/run/gateway/([\w.]+)", text)) == {*SECRETS, "keyring.json"}


def test_compose_reads_the_file_and_its_services_name_what_there_is() -> None:
    program = "import sys, compose_spec, yaml; compose_spec.ComposeSpecification.model_validate(yaml.safe_load(open(sys.argv[1])))"
    file = DEPLOY / "compose/compose.yaml"
    subprocess.run([installed() / "python", "-c", program, file], check=True)
    services = yaml.safe_load(file.read_text())["services"]
    assert {each for service in services.values() for each in service.get("depends_on", {})} <= set(services)
    assert services["gateway-a"]["read_only"] is True
    upstream = set(re.findall(r"server (gateway-\w+):8080", (DEPLOY / "compose/nginx.conf").read_text()))
    assert upstream == {name for name in services if name.startswith("gateway-")}
    mounted = [volume.partition(":")[::2] for service in services.values() for volume in service.get("volumes", [])]
    own = {name: place for name, place in mounted if name.startswith("./") and not name.startswith("./secrets")}
    assert own and all((DEPLOY / "compose" / name).exists() for name in own)
    # Of a file that is mounted by itself a container goes on seeing what an editor has replaced.
    assert own["./gateway"] == "/etc/gateway:ro" and dict(mounted)["./secrets/gateway"] == "/run/gateway:ro"


def test_the_gateways_of_compose_have_addresses_that_stay_and_trust_the_network_that_nginx_is_in() -> None:
    composed = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    (own,) = composed["networks"]["default"]["ipam"]["config"]
    settings = yaml.safe_load((DEPLOY / CONFIGURATIONS["compose"]).read_text())
    assert settings["server"]["trusted_proxies"] == [own["subnet"]]
    addresses = {
        service["networks"]["default"]["ipv4_address"]
        for name, service in composed["services"].items()
        if name.startswith("gateway-")
    }
    assert len(addresses) == settings["server"]["replicas"]
    assert all(ip_address(each) in ip_network(own["subnet"]) for each in addresses)
    grace = sum(int(settings["server"].get(name, default).rstrip("s")) for name, default in GRACES.items())
    assert int(composed["x-gateway"]["stop_grace_period"].rstrip("s")) > grace


def test_both_gateways_of_compose_ask_one_sandbox_which_takes_their_key(tmp_path: Path) -> None:
    composed = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text())
    settings = yaml.safe_load((DEPLOY / CONFIGURATIONS["compose"]).read_text())
    assert {each["base_url"] for each in settings["services"].values()} == {"http://sandbox:9000"}
    line = [*composed["services"]["sandbox"]["entrypoint"], *composed["services"]["sandbox"]["command"]]
    assert line[line.index("--port") + 1] == "9000" and line[0] == "python"
    own = {"/var/lib/gateway/sandbox.db": str(tmp_path / "sandbox.db"), "9000": "0", "python": sys.executable}
    key = {"SANDBOX_SERVICE_KEY": "of-the-gateways"}
    with subprocess.Popen(
        [own.get(each, each) for each in line], cwd=ROOT, env=os.environ | key, stdout=subprocess.PIPE
    ) as sandbox:
        try:
            assert sandbox.stdout is not None
            ready = json.loads(sandbox.stdout.readline())
            sent = {"Authorization": "Bearer of-the-gateways", "X-Business-Id": ready["tenants"][0]["business_id"]}
            told = httpx.get(f"http://127.0.0.1:{ready['port']}/api/crm/contacts", headers=sent, trust_env=False)
            assert told.status_code == 200
        finally:
            sandbox.terminate()


def test_nginx_takes_its_configuration(tmp_path: Path) -> None:
    from_debian("nginx", "nginx-light")
    key, certificate = tmp_path / "tls.key", tmp_path / "tls.crt"
    made: list[str | Path] = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        key,
        "-out",
        certificate,
    ]
    subprocess.run(made, check=True, capture_output=True)
    text = (DEPLOY / "compose/nginx.conf").read_text()
    text = re.sub(r"gateway-\w+:8080", "127.0.0.1:1", text).replace("/etc/nginx/tls", str(tmp_path))
    (tmp_path / "nginx.conf").write_text(f"pid {tmp_path}/pid;\n{text}")
    done = subprocess.run(
        [program_path("nginx"), "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_first_steps_of_compose_make_what_its_files_name_and_nothing_twice(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY / "compose", tmp_path / "compose", ignore=shutil.ignore_patterns("secrets"))
    home, programs = tmp_path / "compose", tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}

    def run_it() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [home / "first.sh"], env=os.environ | path, capture_output=True, text=True, check=False, cwd="/"
        )

    # There is no image yet: what it would have made is missing, and made the next time.
    docker.write_text("#!/bin/sh\necho 'no such image' >&2\nexit 125\n")
    docker.chmod(0o755)
    broken = run_it()
    assert broken.returncode != 0 and "keyring.json could not be made" in broken.stderr
    docker.write_text(f"#!/bin/sh\ncat {tmp_path}/keyring.json\n")
    keyring_file.create(tmp_path / "keyring.json")
    assert run_it().returncode == 0
    made = {each: each.read_bytes() for each in home.glob("secrets/**/*") if each.is_file()}
    assert run_it().returncode == 0
    assert {each: each.read_bytes() for each in home.glob("secrets/**/*") if each.is_file()} == made
    composed = yaml.safe_load((home / "compose.yaml").read_text())
    named = {each for service in composed["services"].values() for each in [service.get("env_file")] if each}
    assert all((home / each).is_file() for each in named)
    assert {each.name for each in (home / "secrets/gateway").iterdir()} == {*SECRETS, "keyring.json"}
    assert (home / "secrets").stat().st_mode & 0o077 == 0
    assert all(each.stat().st_mode & 0o004 for each in (home / "secrets/gateway").iterdir())
    assert {"tls.key", "tls.crt"} <= {each.name for each in (home / "secrets/tls").iterdir()}
    text = (home / "gateway/config.yaml").read_text().replace("/run/gateway", str(home / "secrets/gateway"))
    (home / "gateway/config.yaml").write_text(text)
    assert reveal(load(home / "gateway/config.yaml", {}).stores.sql).startswith("postgresql://gateway:")


def test_the_list_of_parts_names_every_pin_of_the_lock_with_its_hashes_and_is_the_same_each_time(
    tmp_path: Path,
) -> None:
    for name in ("one", "two"):
        write(tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    listed = json.loads((tmp_path / "one").read_text())
    assert listed["bomFormat"] == "CycloneDX"
    entries = re.findall(
        r"^([a-z0-9._-]+(?:\[[a-z,]+\])?==[^\\\n]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    pins = [Requirement(entry) for entry in entries]
    # What is for older Pythons and other systems is not in the image; tests/image holds the list to what is installed there.
    wanted = {
        (each.name, str(each.specifier).removeprefix("=="))
        for each in pins
        if each.marker is None or each.marker.evaluate(dict(IMAGE))
    }
    assert len(wanted) > 30
    assert {(each["name"], each["version"]) for each in listed["components"]} == wanted
    assert listed["metadata"]["component"]["name"] == "gateway"
