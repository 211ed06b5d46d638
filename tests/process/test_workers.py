import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.process import child
from gateway.process.instance_lock import CannotStartError
from gateway.process.sockets import Listener, listening
from gateway.process.workers import Workers

Logged = Callable[[], list[dict[str, Any]]]

WORKER = """
import os, sys, time
os.write(int(sys.argv[3]), b"!")
time.sleep(60)
"""
# execve(2) refuses one string of more than 128 KiB: a process that cannot be started, as when there are too many.
TOO_LONG = "x" * 200_000


@pytest.fixture
def public() -> Iterator[Listener]:
    with listening("127.0.0.1", 0, what="the port", option="--port") as listener:
        yield listener


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nothing announces a worker
            await asyncio.sleep(0.01)


def _instead_of_a_worker(home: Path, code: str) -> dict[str, str]:
    """The environment in which that code is what is started."""
    (home / "gateway" / "process").mkdir(parents=True)
    (home / "gateway" / "__init__.py").touch()
    (home / "gateway" / "process" / "__init__.py").touch()
    (home / "gateway" / "process" / "worker.py").write_text(code)
    return {**child.environment(), "PYTHONPATH": str(home)}


async def test_a_worker_that_cannot_be_started_ends_the_start_with_the_reason(public: Listener, logged: Logged) -> None:
    workers = Workers(1, public, {"MUCH": TOO_LONG}, 1.0)
    workers.warm_up()
    async with asyncio.timeout(20):
        with pytest.raises(CannotStartError):
            await workers.start(b"")
        await workers.stop()
    line = logged()[0]
    assert line["event"] == "worker could not be started" and line["reason"] == "Argument list too long"


async def test_a_worker_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, public: Listener, logged: Logged
) -> None:
    environment = _instead_of_a_worker(tmp_path, WORKER)
    workers = Workers(1, public, environment, 0.1)
    workers.warm_up()
    try:
        await workers.start(b"")
        environment["MUCH"] = TOO_LONG
        worker = workers._workers[0]
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        await _until(lambda: len(logged()) == 3)
        assert not workers.complete
        del environment["MUCH"]
        await _until(lambda: workers.complete)
        events = [line["event"] for line in logged()[:3]]
        assert events == ["worker died", "worker could not be started", "worker could not be started"]
    finally:
        await workers.stop()


async def test_a_worker_that_says_nothing_any_more_is_ended_and_started_again(
    tmp_path: Path, public: Listener, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.process.workers._BEAT", 0.1)
    workers = Workers(1, public, _instead_of_a_worker(tmp_path, WORKER), 0.1)
    workers.warm_up()
    try:
        await workers.start(b"")
        silent = workers._workers[0]
        assert silent is not None
        await _until(lambda: silent.returncode is not None and workers.complete)
        assert silent.returncode == -signal.SIGKILL
        assert [line["event"] for line in logged()[:2]] == ["worker hangs", "worker died"]
    finally:
        await workers.stop()


async def test_a_worker_that_goes_on_speaking_is_left_alone(
    tmp_path: Path, public: Listener, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.process.workers._BEAT", 0.1)
    speaking = WORKER.replace("time.sleep(60)", "while True: time.sleep(0.05); os.write(int(sys.argv[3]), b'!')")
    workers = Workers(1, public, _instead_of_a_worker(tmp_path, speaking), 0.1)
    workers.warm_up()
    try:
        await workers.start(b"")
        await asyncio.sleep(1.0)
        # A pause of the supervisor itself, in which the worker spoke all the time.
        time.sleep(1.0)  # noqa: ASYNC251 - it is the loop that stands still
        await asyncio.sleep(0.5)
        assert workers.complete and logged() == []
    finally:
        await workers.stop()
