"""What a running gateway does when it is signalled, and how many connections it can hold."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from pathlib import Path

import pytest

from tests.process.serving import Served, family, served

IGNORED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGALRM)


def test_signals_that_mean_nothing_here_end_neither_the_gateway_nor_a_worker(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        workers = [pid for pid in family(gateway.process.pid) if b"gateway.process.worker" in _command(pid)]
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
    gateway = Served(tmp_path)
    monkeypatch.undo()
    try:
        gateway.wait_started()
        for pid in (gateway.process.pid, *family(gateway.process.pid)):
            assert resource.prlimit(pid, resource.RLIMIT_NOFILE)[0] == min(hard, 2**20), _command(pid)
    finally:
        gateway.stop()


def _command(pid: int) -> bytes:
    return (Path("/proc") / str(pid) / "cmdline").read_bytes()
