"""Processes that are forked from one that has loaded the code: what they begin with, what they share, and who outlives whom."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.config import load
from gateway.observe import trace
from gateway.process.forked import Forked
from gateway.process.launcher import Launcher
from gateway.process.workers import READY
from tests.process.serving import alive, family, running, served, wait_gone
from tests.process.stand_ins import offering

STAND_IN = "tests.process.stand_ins"
Logged = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def launcher() -> Launcher:
    trace.digits(8)  # what has been drawn for many requests is there at the fork
    made = Launcher(load(None, {}, {}))
    made.fork()
    return made


@asynccontextmanager
async def _open(launcher: Launcher) -> AsyncIterator[Launcher]:
    launcher.open()
    try:
        async with asyncio.timeout(20):
            yield launcher
    finally:
        await launcher.aclose()


async def _said(launcher: Launcher, *arguments: str, **environment: str) -> tuple[Any, Forked]:
    """What a stand-in writes as JSON, and its process."""
    hearing, telling = os.pipe()
    forked = await launcher.launch(STAND_IN, arguments, environment, {READY: telling})
    os.close(telling)
    forked.feed(b"fed")
    with os.fdopen(hearing, "rb") as pipe:
        return json.loads(await asyncio.to_thread(pipe.read)), forked


async def test_what_is_forked_is_our_child_with_its_own_descriptors_and_a_clean_slate(launcher: Launcher) -> None:
    async with _open(launcher):
        told, forked = await _said(launcher, "told", GIVEN="yes")
        assert await forked.wait() == 0
    assert told == {
        "parent": os.getpid(),
        "leader": True,
        "open": [0, 1, 2, READY],
        "blocked": [],
        "handlers": {
            "SIGTERM": str(signal.SIG_DFL),
            "SIGINT": str(signal.default_int_handler),
            "SIGHUP": str(signal.SIG_DFL),
        },
        "given": "yes",
        # What is made in circles would else never go: a courier grew by half a kilobyte with each delivery.
        "collects": True,
        "stdin": "fed",
    }


async def test_two_that_are_forked_from_one_draw_nothing_alike(launcher: Launcher) -> None:
    async with _open(launcher):
        drawn = [(await _said(launcher, "drawn"))[0] for _ in range(3)]
    for values in zip(*drawn, strict=True):
        assert len({*values}) == 3, values


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(("ends", "0"), 0), (("ends", "7"), 7), (("complains", "so it ended"), 1), (("fails",), 1)],
)
async def test_the_status_of_what_was_forked_is_told(
    launcher: Launcher, arguments: tuple[str, ...], status: int, capfd: pytest.CaptureFixture[str]
) -> None:
    async with _open(launcher):
        assert await (await launcher.launch(STAND_IN, arguments, {}, {})).wait() == status
    assert launcher._running is not None
    assert not alive(launcher._running.pid)


async def test_what_was_forked_can_be_ended_by_a_signal(launcher: Launcher) -> None:
    async with _open(launcher):
        hearing, telling = os.pipe()
        forked = await launcher.launch(STAND_IN, (), {}, {READY: telling})
        await asyncio.to_thread(os.read, hearing, 1)
        forked.terminate()
        assert await forked.wait() == forked.returncode == -signal.SIGTERM
        forked.kill()  # what has ended is left alone
    os.close(hearing)
    os.close(telling)


async def test_no_descriptor_is_left_behind_by_what_was_forked(launcher: Launcher) -> None:
    async with _open(launcher):
        await _said(launcher, "told")
        before = _descriptors()
        for _ in range(5):
            _, forked = await _said(launcher, "told")
            await forked.wait()
        assert _descriptors() <= before


async def test_signals_to_everybody_leave_the_preloader_alone_until_the_supervisor_ends_it(launcher: Launcher) -> None:
    async with _open(launcher):
        await _said(launcher, "told")
        assert launcher._running is not None
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            os.kill(launcher._running.pid, number)
        told, _ = await _said(launcher, "told")
        assert told["parent"] == os.getpid()


async def test_what_is_forked_begins_with_what_the_settings_of_the_last_reload_offer(launcher: Launcher) -> None:
    """One that died after a reload that changed the offer would else compile it once more, while it is missed."""
    async with _open(launcher):
        assert not (await _said(launcher, "loaded", "second"))[0]
        await launcher.renew(offering("second"))
        assert [(await _said(launcher, "loaded", each))[0] for each in ("first", "second")] == [False, True]


async def test_nothing_is_started_when_the_launcher_has_been_closed(launcher: Launcher) -> None:
    async with _open(launcher):
        pass
    with pytest.raises(ConnectionAbortedError):
        await launcher.launch(STAND_IN, (), {}, {})


_MADE = """
import asyncio, sys
from gateway.config import load
from gateway.process import preloader

async def made(identity, uvicorn):
    await identity("http://auth.internal", "key", load(None, {}, {}).services["auth"].timeouts).aclose()
    uvicorn.Config(made, http="httptools", loop="none", ws="none", lifespan="off", log_config=None).load()

preloader.load(load(None, {}, {}))
import uvicorn
from gateway.auth.users import Identity
before = set(sys.modules)
asyncio.run(made(Identity, uvicorn))
print(sorted(set(sys.modules) - before))
"""


def test_what_is_forked_finds_the_client_of_the_auth_service_and_the_server_of_a_courier_loaded(tmp_path: Path) -> None:
    """Each process that is forked would load them again, while others answer."""
    done = subprocess.run([sys.executable, "-c", _MADE], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_preloader_that_is_killed_is_replaced_and_nobody_else_notices(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        (preloader,) = running(gateway.process.pid, "gateway.process.preloader")
        (worker,) = running(gateway.process.pid, "gateway.process.worker")
        os.kill(preloader, signal.SIGKILL)
        gateway.wait_for("preloader died")
        assert gateway.ask("GET", "/v1/me").status == 200
        assert running(gateway.process.pid, "gateway.process.worker") == [worker]
        os.kill(worker, signal.SIGKILL)
        gateway.wait_for("worker died")
        # The one that replaces it loads its code first.
        until = time.monotonic() + 60
        while (
            not (again := running(gateway.process.pid, "gateway.process.worker"))
            or gateway.admin("/readyz").status != 200
        ):
            assert time.monotonic() < until, gateway.events()[-5:]
            time.sleep(0.05)
        assert again != [worker]
        assert gateway.ask("GET", "/v1/me").status == 200
        metrics = gateway.admin("/metrics").body
        assert b"gateway_preloader_restarts_total 1.0" in metrics and b"gateway_worker_restarts_total 1.0" in metrics
        everybody = [gateway.process.pid, *family(gateway.process.pid)]
        gateway.process.kill()
        wait_gone(everybody)


def _descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])
