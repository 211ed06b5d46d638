"""Another configuration while the gateway runs: whole or not at all, and without losing a request."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.process import warm
from tests.process.serving import Served, environment, family, run, served
from tests.stores.nodes import running_node

Change = Callable[..., None]
RELOADS = 8


class Reloaded:
    """A gateway with a configuration file of its own."""

    def __init__(self, home: Path, gateway: Served) -> None:
        self.gateway = gateway
        self.file = home / "config.yaml"

    def write(self, **sections: Any) -> None:
        self.file.write_text(yaml.safe_dump(sections))

    def reload(self) -> Any:
        return self.gateway.reload()

    def take(self, **sections: Any) -> str:
        self.write(**sections)
        told = self.reload()
        assert told["state"] == "swapped", told
        config: str = told["config"]
        return config

    def ready(self) -> Any:
        return self.gateway.admin("/readyz").json

    def until(self, true: Callable[[], bool], seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, self.gateway.out.read_text()[-2000:]
            time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reloaded]:
    home = tmp_path_factory.mktemp("reloaded")
    (home / "config.yaml").write_text("{}")
    with served(home, "--workers", "2") as gateway:
        yield Reloaded(home, gateway)


def test_a_reload_is_taken_by_every_worker_and_on_connections_that_are_open(running: Reloaded) -> None:
    kept = [http.client.HTTPConnection("127.0.0.1", running.gateway.port, timeout=20) for _ in range(8)]

    def limits() -> set[str | None]:
        told: set[str | None] = set()
        sent = {"Authorization": f"Bearer {running.gateway.token}", "Version": "2026-09-01"}
        for connection in kept:
            connection.request("GET", "/v1/me", headers=sent)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
            told.add(answer.headers["RateLimit-Policy"])
        return told

    before, config = limits(), running.ready()["config"]
    running.write(limits={"token": {"quota": 500, "burst": 90}})
    done = running.gateway.run("reload", "--json")
    assert done.returncode == 0, done.stderr
    after = limits()
    assert after != before and all("90" in str(each) for each in after), (before, after)
    ready = running.ready()
    assert ready["reload"] == "swapped" and ready["config"] == json.loads(done.stdout)["config"] != config
    assert f'gateway_config_info{{hash="{ready["config"]}"}} 1.0' in running.gateway.admin("/metrics").body.decode()
    assert running.gateway.wait_for("configuration reloaded")["config"] == ready["config"]


def test_what_is_wrong_is_refused_with_its_faults_and_what_ran_goes_on(running: Reloaded) -> None:
    running.take(limits={"token": {"quota": 400, "burst": 80}})
    good = running.ready()["config"]
    for broken, path in (
        ("limits: {token: {quota: many}}", "limits.token.quota"),
        ("roles: {owner: {allow: [nothing.read]}}", "roles.owner.allow[0]"),
        ("limits: [", "config.yaml"),
    ):
        running.file.write_text(broken)
        assert path in running.reload()["faults"][0]["text"]
        ready = running.ready()
        assert (ready["config"], ready["reload"], ready["status"]) == (good, "refused", "ready")
        assert path in ready["reload_faults"][0]
    done = running.gateway.run("reload")
    assert done.returncode == 2 and "config.yaml" in done.stderr, done.stderr
    # Whoever asks with the file as it was, of what runs.
    running.write(limits={"token": {"quota": 400, "burst": 80}})
    checks = {each["check"]: each for each in json.loads(running.gateway.run("doctor", "--json").stdout)["checks"]}
    assert {checks[name]["state"] for name in ("running", "ready", "calls")} == {"ok"}
    assert checks["reload"]["state"] == "warning" and "config.yaml" in checks["reload"]["detail"]
    told = running.gateway.wait_for("configuration refused", 4)
    assert told["running"] == good and told["faults"]
    metrics = running.gateway.admin("/metrics").body.decode()
    assert "gateway_config_last_reload_successful 0.0" in metrics
    assert 'gateway_config_reloads_total{result="refused"} 4.0' in metrics
    assert running.gateway.ask("GET", "/v1/me").headers["RateLimit-Policy"].count("80") == 1


def test_what_only_a_restart_can_change_is_named_and_nothing_is_taken(running: Reloaded) -> None:
    running.take(limits={"token": {"quota": 300, "burst": 70}})
    running.write(
        limits={"token": {"quota": 300, "burst": 60}},
        server={"workers": 1, "host": "0.0.0.0"},
        sandbox={"documented_only": True},
    )
    told = running.reload()
    # The number of workers was given as a flag, which stands above the file.
    assert {fault["path"] for fault in told["faults"]} == {"server.host", "sandbox"}
    assert running.gateway.ask("GET", "/v1/me").headers["RateLimit-Policy"].count("70") == 1


def test_a_hang_up_signal_reloads_and_never_stops(running: Reloaded) -> None:
    running.write(limits={"token": {"quota": 200, "burst": 50}})
    was = running.ready()["config"]
    running.gateway.process.send_signal(signal.SIGHUP)
    running.until(lambda: running.ready()["config"] != was)
    for _ in range(20):
        running.gateway.process.send_signal(signal.SIGHUP)
    for pid in family(running.gateway.process.pid):
        if b"gateway.process.worker" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(pid, signal.SIGHUP)
    running.until(lambda: running.ready()["reload"] == "swapped")
    assert running.gateway.process.poll() is None
    assert running.gateway.ask("GET", "/v1/me").status == 200


def test_a_worker_that_dies_starts_again_with_what_was_taken_last(running: Reloaded) -> None:
    running.take(limits={"token": {"quota": 150, "burst": 40}})
    workers = [
        pid
        for pid in family(running.gateway.process.pid)
        if b"process.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
    died = len([line for line in running.gateway.events() if line["event"] == "worker died"])
    os.kill(workers[0], signal.SIGKILL)
    running.gateway.wait_for("worker died", died + 1)
    running.until(lambda: running.gateway.admin("/readyz").status == 200)
    for _ in range(10):
        assert running.gateway.ask("GET", "/v1/me").headers["RateLimit-Policy"].count("40") == 1
    running.write(limits={"token": {"quota": 149, "burst": 39}})
    os.kill(workers[1], signal.SIGKILL)
    assert running.reload()["state"] == "swapped"  # which waited for the one that is being started
    for _ in range(10):
        assert running.gateway.ask("GET", "/v1/me").headers["RateLimit-Policy"].count("39") == 1


def test_reloads_under_load_lose_nothing(running: Reloaded) -> None:
    unlimited = {"quota": 10_000_000, "burst": None}
    limits = dict.fromkeys(("token", "tenant", "search", "address"), unlimited)
    running.take(limits=limits)
    ended = threading.Event()
    failed: list[object] = []
    counts = [0] * 2
    seconds: list[tuple[float, float]] = []  # when each answer came, and how long after it was asked for

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.gateway.port, timeout=20)
        sent = {"Authorization": f"Bearer {running.gateway.token}", "Version": "2026-09-01"}
        while not ended.is_set():
            began = time.monotonic()
            try:
                connection.request("GET", "/v1/me", None, sent)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException) as error:
                failed.append(error)
                continue
            counts[number] += 1
            seconds.append((time.monotonic(), time.monotonic() - began))
            if answer.status != 200 or answer.headers["Connection"] == "close":
                failed.append((answer.status, body))

    asking = [threading.Thread(target=ask, args=(number,)) for number in range(2)]
    for thread in asking:
        thread.start()
    try:
        running.until(lambda: min(counts) > 200)
        began = time.monotonic()
        for turn in range(RELOADS):
            running.take(limits=limits, cursors={"lifetime": f"{turn + 1}h"})
    finally:
        ended.set()
        for thread in asking:
            thread.join()
    before, around = (sorted(took for at, took in seconds if (at > began) is reloading) for reloading in (False, True))
    told = [round(1000 * took[len(took) * 99 // 100], 1) for took in (before, around)]
    print(f"{sum(counts)} requests, {RELOADS} reloads, p99 before and during them: {told} ms")
    assert failed == []
    assert min(counts) > 20
    assert not [line for line in running.gateway.events() if line["event"] in ("crash", "failure")]


def test_a_command_says_whether_the_running_gateway_has_the_file_as_it_is(running: Reloaded) -> None:
    running.write(limits={"token": {"quota": 111, "burst": 11}})
    differs = running.gateway.run("check", "--running")
    assert differs.returncode == 3 and "gateway reload" in differs.stderr
    assert running.reload()["state"] == "swapped"
    same = running.gateway.run("check", "--running")
    assert same.returncode == 0 and running.ready()["config"] in same.stdout


def test_a_command_in_another_environment_says_so_and_does_not_send_anybody_to_reload(running: Reloaded) -> None:
    running.take(limits={"token": {"quota": 112, "burst": 12}})
    program = ("gateway", "check", "--running", "--data-dir", str(running.gateway.home / "data"))
    elsewhere = environment(GATEWAY_TOKENS__PREFIX="other")
    del elsewhere["GATEWAY_WEBHOOKS__COURIERS"]
    differs = warm.run(program, cwd=running.gateway.home, env=elsewhere)
    why = "it was started with GATEWAY_WEBHOOKS__COURIERS and without GATEWAY_TOKENS__PREFIX; here it is otherwise"
    assert differs.returncode == 3 and why in differs.stderr and "gateway reload" not in differs.stderr


def test_without_a_gateway_there_is_nothing_to_reload(tmp_path: Path) -> None:
    done = run(tmp_path, "reload")
    assert done.returncode == 4 and "no gateway has started" in done.stderr


def test_a_secret_that_is_rotated_is_taken_without_a_word(running: Reloaded) -> None:
    key = running.file.with_name("leaks")
    key.write_text("first")
    config = running.take(leaks={"secret": {"file": "leaks"}})
    refused, taken = (
        len([line for line in running.gateway.events() if line["event"] == f"configuration {what}"])
        for what in ("refused", "reloaded")
    )
    key.write_text("")
    said = running.gateway.wait_for("configuration refused", refused + 1)
    assert re.search("leaks.secret: the secret is empty", said["faults"][0])
    key.with_name("new").write_text("second")
    key.with_name("new").replace(key)
    said = running.gateway.wait_for("configuration reloaded", taken + 1)
    assert said["why"] == "a secret has changed"
    # What is shown to everybody tells nothing of a secret.
    assert running.ready()["config"] == config == said["config"]


def test_a_secret_that_names_a_store_which_is_away_is_refused_and_one_that_is_there_is_taken(tmp_path: Path) -> None:
    with running_node(tmp_path / "one") as one, running_node(tmp_path / "other") as other:
        home, url = tmp_path / "gateway", tmp_path / "url"
        home.mkdir()
        url.write_text(f"redis://127.0.0.1:{one.port}")
        (home / "config.yaml").write_text(yaml.safe_dump({"test": "off", "stores": {"redis": {"file": str(url)}}}))
        with served(home) as gateway:
            url.write_text("redis://127.0.0.1:1")
            assert "stores.redis: cannot connect" in gateway.wait_for("configuration refused")["faults"][0]
            assert gateway.admin("/readyz").status == 200
            url.write_text(f"redis://127.0.0.1:{other.port}")
            assert gateway.wait_for("configuration reloaded")["why"] == "a secret has changed"
            assert gateway.ask("GET", "/v1/me").status == 200 and int(other.client.dbsize()) > 0
            # What was only tried was never this gateway's.
            assert not [line for line in gateway.events() if line["event"] == "store lost"]
