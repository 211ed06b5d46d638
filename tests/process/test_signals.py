"""What a running gateway does when it is signalled, and how many connections it can hold."""

from __future__ import annotations

import http.client
import os
import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.process.serving import Cold, family, running, served

IGNORED = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGALRM)


def test_signals_that_mean_nothing_here_end_neither_the_gateway_nor_a_worker(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        workers = running(gateway.process.pid, "gateway.process.worker")
        assert workers
        for number in IGNORED:
            gateway.process.send_signal(number)
            for pid in workers:
                os.kill(pid, number)
        told = gateway.wait_for("signal ignored", len(IGNORED))
        assert told["signal"].startswith("SIG")
        assert gateway.ask("GET", "/v1/me").status == 200
        assert gateway.admin("/readyz").status == 200
        assert not [line for line in gateway.events() if line["event"] == "worker died"]
        assert gateway.stop() == 0


def test_as_many_descriptors_are_taken_as_the_system_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    started = subprocess.Popen

    def limited(*arguments: object, **named: object) -> object:
        return started(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)), **named)  # type: ignore[call-overload]

    monkeypatch.setattr("tests.process.serving.subprocess.Popen", limited)
    gateway = Cold(tmp_path)
    monkeypatch.undo()
    try:
        gateway.wait_started()
        for pid in (gateway.process.pid, *family(gateway.process.pid)):
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == min(hard, 2**20), _command(pid)
    finally:
        gateway.stop()


def test_a_stop_begins_with_unreadiness_and_ends_each_connection_with_its_answer(tmp_path: Path) -> None:
    with served(tmp_path, GATEWAY_SERVER__SHUTDOWN_DELAY="3s") as gateway:
        kept = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)
        kept.request("GET", "/healthz")
        first = kept.getresponse()
        assert first.read() and first.headers["connection"] is None
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("stopping")
        refused = gateway.admin("/readyz")
        assert (refused.status, refused.json["checks"]["workers"]) == (503, "failing")
        kept.request("GET", "/healthz")
        last = kept.getresponse()
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert last.read()
        assert gateway.ask("GET", "/v1/me").headers["connection"] == "close"
        gateway.process.send_signal(signal.SIGHUP)
        assert gateway.wait_for("signal ignored")["reason"] == "stopping"
        assert gateway.process.wait(30) == 0
        assert time.monotonic() - began >= 3


def test_a_second_signal_ends_a_stop_at_once(tmp_path: Path) -> None:
    with served(tmp_path, GATEWAY_SERVER__SHUTDOWN_DELAY="60s") as gateway:
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("stopping")
        assert gateway.ask("GET", "/v1/me").status == 200
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(30) == 0
        assert gateway.events()[-1]["event"] == "stopped"


def test_a_stop_while_couriers_are_still_starting_is_announced_as_well(tmp_path: Path) -> None:
    couriers = {"GATEWAY_WEBHOOKS__COURIERS": "1", "GATEWAY_WEBHOOKS__INGEST__PORT": "0"}
    with served(tmp_path, GATEWAY_SERVER__SHUTDOWN_DELAY="3s", **couriers) as gateway:
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("stopping")
        assert gateway.admin("/readyz").status == 503
        last = gateway.ask("GET", "/v1/me")
        assert (last.status, last.headers["connection"]) == (200, "close")
        assert gateway.process.wait(30) == 0
        assert time.monotonic() - began >= 3
        events = [line["event"] for line in gateway.events()]
        assert "couriers started" not in events[: events.index("stopping")], "they were still starting when it came"


def test_connections_beyond_the_descriptors_are_told(tmp_path: Path) -> None:
    started = subprocess.Popen

    def limited(*arguments: object, **named: object) -> object:
        return started(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256)), **named)  # type: ignore[call-overload]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.process.serving.subprocess.Popen", limited)
        gateway = Cold(tmp_path)
    try:
        gateway.wait_started()
        clients = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(220)]
        told = gateway.wait_for("connections refused")
        assert told["most"] == 192
        until = time.monotonic() + 5
        while (ready := gateway.admin("/readyz")).json["status"] != "degraded":
            assert time.monotonic() < until
            time.sleep(0.05)
        assert (ready.status, ready.json["checks"]["connections"]) == (200, "degraded")
        assert "gateway_connections_refused_total 28.0" in gateway.admin("/metrics").body.decode()
        for client in clients:
            client.close()
        assert gateway.ask("GET", "/v1/me").status == 200
    finally:
        gateway.stop()


def _command(pid: int) -> bytes:
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()
