import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway import tether
from gateway.fleet import Fleet
from gateway.instance import CannotStartError
from gateway.listening import Listener, listening

Logged = Callable[[], list[dict[str, Any]]]

WORKER = """
import os, sys, time
sys.stdin.read()
os.write(int(sys.argv[3]), b"!")
time.sleep(60)
"""
# execve(2) refuses one string of more than 128 KiB: a process that cannot be started, as when there are too many.
TOO_LONG = "x" * 200_000


@pytest.fixture
def public() -> Iterator[Listener]:
    with listening("127.0.0.1", 0, count=1, what="the port", option="--port") as listener:
        yield listener


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nothing announces a worker
            await asyncio.sleep(0.01)


async def test_a_worker_that_cannot_be_started_ends_the_start_with_the_reason(public: Listener, logged: Logged) -> None:
    fleet = Fleet(1, public, {"MUCH": TOO_LONG}, 1.0)
    fleet.warm_up()
    async with asyncio.timeout(20):
        with pytest.raises(CannotStartError):
            await fleet.start(b"")
        await fleet.stop()
    line = logged()[0]
    assert line["event"] == "worker could not be started" and line["reason"] == "Argument list too long"


async def test_a_worker_that_cannot_be_started_again_is_tried_until_it_can(
    tmp_path: Path, public: Listener, logged: Logged
) -> None:
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "__init__.py").touch()
    (tmp_path / "gateway" / "worker.py").write_text(WORKER)
    environment = {**tether.environment(), "PYTHONPATH": str(tmp_path)}
    fleet = Fleet(1, public, environment, 0.1)
    fleet.warm_up()
    try:
        await fleet.start(b"")
        environment["MUCH"] = TOO_LONG
        worker = fleet._workers[0]
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        await _until(lambda: len(logged()) == 3)
        assert not fleet.complete
        del environment["MUCH"]
        await _until(lambda: fleet.complete)
        events = [line["event"] for line in logged()[:3]]
        assert events == ["worker died", "worker could not be started", "worker could not be started"]
    finally:
        await fleet.stop()
