"""`gateway serve`, whole: from nothing to an answer, and through every way of ending."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.config import Runtime
from gateway.observe import metrics
from gateway.process import instance_lock
from tests.process.serving import (
    Cold,
    Served,
    alive,
    command,
    crowding,
    environment,
    family,
    is_one_line,
    run,
    served,
    wait_gone,
)

SEARCH = "/v1/contacts/search"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("serve"), "--workers", "2") as running:
        yield running


def test_from_nothing_to_the_banners_own_command_in_seconds(tmp_path: Path) -> None:
    began = time.monotonic()
    with served(tmp_path) as fresh:
        took = time.monotonic() - began
        shown = fresh.err.read_text()
        pasted = shown[shown.index("curl") :].strip()
        answer = subprocess.run(["sh", "-c", f"{pasted} -s -i"], capture_output=True, text=True, check=True).stdout
        assert "HTTP/1.1 200" in answer and len(json.loads(answer.split("\n\n", 1)[1])["data"]) == 2
        assert took < 10 * crowding(), took
        email, password = re.search(r"/console \(sign in as (\S+) with (\S+)\)", shown).groups()  # type: ignore[union-attr]
        people = json.loads(fresh.run("sandbox", "credentials", "--json").stdout)["tenants"][0]["users"]
        assert (email, password) in {(user["email"], user["password"]) for user in people}
        assert f"http://127.0.0.1:{fresh.port}/docs" in shown and "Ctrl-C" in shown


def test_every_line_on_stdout_is_json_and_none_holds_a_secret(gateway: Served) -> None:
    gateway.ask("POST", SEARCH, {})
    assert all({"at", "level", "event"} <= line.keys() for line in gateway.events())
    text = gateway.out.read_text()
    assert gateway.token not in text
    for key in gateway.facts()["service_keys"].values():
        assert key not in text


def test_both_workers_answer_and_their_counts_are_added_up(gateway: Served) -> None:
    def counted() -> float:
        time.sleep(3 * metrics.DELAY)
        lines = gateway.admin("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if re.match(r"gateway_requests_total\{.*v1/me", line))

    before = counted()
    for _ in range(24):
        assert gateway.ask("GET", "/v1/me").status == 200
    assert counted() - before == 24
    assert b"gateway_workers 2.0" in gateway.admin("/metrics").body


def test_health_and_readiness_answer_on_the_admin_port_only(gateway: Served) -> None:
    assert gateway.admin("/healthz").json == {"status": "ok"}
    ready = gateway.admin("/readyz")
    assert ready.status == 200
    checks = {"workers": "ok", "redis": "ok", "sql": "ok", "keyring": "ok"}
    assert ready.json == {"status": "ready", "checks": checks, "config": ready.json["config"], "reload": "started"}
    assert gateway.ask("GET", "/metrics").status == 404


def test_the_health_check_finds_the_admin_port_by_itself_and_has_two_answers(gateway: Served, tmp_path: Path) -> None:
    assert gateway.run("healthy").returncode == 0
    is_one_line(run(tmp_path, "healthy"), "no gateway has started", 1)
    facts = Runtime.from_json(json.dumps(gateway.facts()))
    with instance_lock.claimed(tmp_path / "data") as claim:
        claim.publish(facts, ("0.0.0.0", 1))
        is_one_line(run(tmp_path, "healthy"), "does not answer", 1)
    (tmp_path / "data" / "lock").unlink()
    (tmp_path / "data" / "lock").mkdir()
    is_one_line(run(tmp_path, "healthy"), "cannot look into the data directory", 1)


@pytest.mark.parametrize(
    "text", ["server: {prot: 1}", "server: [", "leaks: {secret: {file: gone}}", "leaks: {secret: {env: GONE}}"]
)
def test_the_health_check_does_not_mind_what_became_of_the_configuration(gateway: Served, text: str) -> None:
    config = gateway.home / "config.yaml"
    config.write_text(text)
    try:
        assert gateway.run("check").returncode == 2
        assert gateway.run("healthy").returncode == 0
    finally:
        config.unlink()


def test_a_worker_that_dies_is_started_again_and_the_other_answers_meanwhile(gateway: Served) -> None:
    workers = [pid for pid in family(gateway.process.pid) if "gateway.process.worker" in _command(pid)]
    assert len(workers) == 2
    deaths = sum(line["event"] == "worker died" for line in gateway.events())
    os.kill(workers[0], signal.SIGKILL)
    gateway.wait_for("worker died", deaths + 1)
    for _ in range(10):
        assert gateway.ask("GET", "/v1/me").status == 200
    until = time.monotonic() + 10
    while gateway.admin("/readyz").status != 200:
        assert time.monotonic() < until
        time.sleep(0.02)
    assert b"gateway_worker_restarts_total 1.0" in gateway.admin("/metrics").body


def test_a_revoked_token_is_refused_by_every_worker_at_once(gateway: Served) -> None:
    made = json.loads(_done(gateway, "tokens", "create", *_somebody(gateway), "--scope", "contact.read", "--json"))
    for _ in range(12):
        assert gateway.ask("GET", "/v1/me", token=made["token"]).status == 200
    _done(gateway, "tokens", "revoke", made["id"])
    for _ in range(12):
        refused = gateway.ask("GET", "/v1/me", token=made["token"])
        assert (refused.status, refused.json["code"]) == (401, "token_revoked")


def test_a_second_instance_on_the_same_data_is_one_clear_line(gateway: Served) -> None:
    is_one_line(run(gateway.home, "serve"), "another gateway is running on the data directory", 5)


def test_a_busy_port_is_one_clear_line_and_leaves_nothing_running(gateway: Served, tmp_path: Path) -> None:
    refused = run(tmp_path, "serve", "--port", str(gateway.port))
    is_one_line(refused, f"the port {gateway.port} on 127.0.0.1 is in use", 5)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        env = environment(GATEWAY_ADMIN_PORT=str(other.getsockname()[1]))
        line = command("serve", "--data-dir", str(tmp_path / "data"))
        refused = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    is_one_line(refused, "the admin port", 5)


def test_sigterm_finishes_what_is_in_flight_and_stops_everything(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as gateway:
        _slow_down(gateway, 700)
        answers: list[int] = []
        asking = [
            threading.Thread(target=lambda: answers.append(gateway.ask("POST", SEARCH, {}).status)) for _ in range(6)
        ]
        for each in asking:
            each.start()
        time.sleep(0.3)
        everybody = family(gateway.process.pid)
        assert gateway.stop() == 0
        for each in asking:
            each.join()
        assert answers == [200] * 6
        wait_gone(everybody, 1.0)
        assert gateway.events()[-1]["event"] == "stopped"
        assert sorted(path.name for path in gateway.data_dir.glob("*.json")) == ["keyring.json", "reload.json"]
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", gateway.port))


def test_a_second_signal_does_not_wait_for_anybody(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        _slow_down(gateway, 15_000)
        threading.Thread(target=_ignoring, args=(gateway,), daemon=True).start()
        time.sleep(0.3)
        everybody = family(gateway.process.pid)
        gateway.process.send_signal(signal.SIGINT)
        time.sleep(0.2)
        began = time.monotonic()
        gateway.stop(signal.SIGINT)
        assert time.monotonic() - began < 4
        wait_gone(everybody, 1.0)


def test_after_kill_9_nobody_is_left_and_the_next_start_has_everything(tmp_path: Path) -> None:
    with served(tmp_path, "--workers", "2") as gateway:
        created = gateway.ask("POST", "/v1/contacts", {"first_name": "Kept"})
        assert created.status == 201, created.body
        token = gateway.token
        everybody = family(gateway.process.pid)
        assert len(everybody) >= 4
        gateway.stop(signal.SIGKILL)
        wait_gone(everybody)
    with served(tmp_path) as again:
        found = again.ask("GET", f"/v1/contacts/{created.json['data']['id']}", token=token)
        assert (found.status, found.json["data"]["first_name"]) == (200, "Kept")


def test_the_embedded_valkey_is_started_again_when_it_dies(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        (valkey,) = [pid for pid in family(gateway.process.pid) if "valkey-server" in _command(pid)]
        os.kill(valkey, signal.SIGKILL)
        until = time.monotonic() + 15
        while gateway.ask("GET", "/v1/me").status != 200 or gateway.admin("/readyz").status != 200 or alive(valkey):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_stop_during_the_start_leaves_nobody(tmp_path: Path) -> None:
    gateway = Cold(tmp_path)
    until = time.monotonic() + 60
    while not (everybody := family(gateway.process.pid)):
        assert time.monotonic() < until
        time.sleep(0.005)
    assert gateway.stop() == 0
    wait_gone(everybody, 2.0)
    assert "Traceback" not in gateway.err.read_text()


def test_a_lost_redis_does_not_stop_the_start_and_readiness_says_so(tmp_path: Path) -> None:
    with served(tmp_path, GATEWAY_STORES__REDIS="redis://127.0.0.1:1") as gateway:
        ready = gateway.admin("/readyz")
        assert (ready.status, ready.json["checks"]["redis"]) == (503, "failing")
        assert gateway.ask("GET", "/v1/me").status == 200


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _somebody(gateway: Served) -> tuple[str, ...]:
    tenant = json.loads(_done(gateway, "sandbox", "credentials", "--json"))["tenants"][0]
    return ("--tenant", tenant["business_id"], "--user", tenant["users"][0]["email"])


def _done(gateway: Served, *arguments: str) -> str:
    done = gateway.run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _slow_down(gateway: Served, milliseconds: int) -> None:
    fault = json.dumps({"path": "/api/crm", "delay_ms": milliseconds}).encode()
    url = f"{gateway.facts()['service_urls']['crm']}/_control/faults"
    urllib.request.urlopen(urllib.request.Request(url, fault, {"Content-Type": "application/json"})).close()


def _ignoring(gateway: Served) -> None:
    try:
        gateway.ask("POST", SEARCH, {})
    except OSError:
        return
