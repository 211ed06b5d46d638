"""What deploy/ holds is read by the tools that would read it: kubectl, the schemas of Kubernetes and Compose, nginx, the gateway."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

from bench.needs import from_debian, program_path
from gateway.config import load
from gateway.deployment import check
from gateway.keys import keyring_file
from tests.deploy.sbom import IMAGE, write
from tests.deploy.tools import installed, run

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
# The tools are some 200 MB, which a slow machine installs for minutes, once.
pytestmark = pytest.mark.timeout(900)
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
    server = yaml.safe_load((DEPLOY / "kubernetes/gateway.yaml").read_text())["server"]
    seconds = [int(server[name].rstrip("s")) for name in ("shutdown_delay", "shutdown_grace")]
    assert pod["terminationGracePeriodSeconds"] > sum(seconds)
    assert server["replicas"] == objects["HorizontalPodAutoscaler gateway"]["spec"]["maxReplicas"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    named = {
        port["targetPort"] for each in objects.values() if each["kind"] == "Service" for port in each["spec"]["ports"]
    }
    assert named <= set(ports) and ports == {"http": 8080, "admin": 9090, "ingest": 9191}


@pytest.mark.parametrize("part", ["monitoring", "routing"])
def test_the_parts_that_need_custom_resources_are_built_apart(part: str) -> None:
    (made,) = yaml.safe_load_all(run("kubectl", "kustomize", DEPLOY / "kubernetes" / part))
    assert made["metadata"]["name"] == "gateway"


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_the_gateway_takes_the_configuration(where: str, tmp_path: Path) -> None:
    keyring_file.create(tmp_path / "keyring.json")
    text = (DEPLOY / where / "gateway.yaml").read_text()
    (tmp_path / "gateway.yaml").write_text(re.sub(r"/run/[a-z/]*keyring.json", str(tmp_path / "keyring.json"), text))
    settings = load(tmp_path / "gateway.yaml", SECRETS)
    check(settings)
    assert settings.brands[0].public_url == "https://api.example.com"


def test_compose_reads_the_file_and_its_services_name_what_there_is() -> None:
    program = "import sys, compose_spec, yaml; compose_spec.ComposeSpecification.model_validate(yaml.safe_load(open(sys.argv[1])))"
    file = DEPLOY / "compose/compose.yaml"
    subprocess.run([installed() / "python", "-c", program, file], check=True)
    services = yaml.safe_load(file.read_text())["services"]
    assert {each for service in services.values() for each in service.get("depends_on", {})} <= set(services)
    assert services["gateway-a"]["read_only"] is True
    upstream = set(re.findall(r"server (gateway-\w+):8080", (DEPLOY / "compose/nginx.conf").read_text()))
    assert upstream == {name for name in services if name.startswith("gateway-")}
    mounted = [volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])]
    files = [name for name in mounted if name.startswith("./") and not name.startswith("./secrets")]
    assert files and all((DEPLOY / "compose" / name).is_file() for name in files)


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


def test_the_first_steps_of_compose_are_a_shell_script_that_can_be_run() -> None:
    script = DEPLOY / "compose/first.sh"
    assert os.access(script, os.X_OK)
    subprocess.run(["sh", "-n", script], check=True)


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
