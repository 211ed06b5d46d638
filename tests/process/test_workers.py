import asyncio
import resource
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pytest

from gateway.config import load
from gateway.process.couriers import Couriers
from gateway.process.instance_lock import CannotStartError
from gateway.process.launcher import Launcher
from gateway.process.sockets import Listener, listening
from gateway.process.workers import Workers
from tests.process.stand_ins import ENDINGS, SPEAKS

Logged = Callable[[], list[dict[str, Any]]]


class StandIns(Workers):
    module = "tests.process.stand_ins"


class Followed(Couriers):
    module = "tests.process.stand_ins"


Kept = TypeVar("Kept", bound=Workers)


@pytest.fixture
def public() -> Iterator[Listener]:
    with listening("127.0.0.1", 0, what="the port", option="--port") as listener:
        yield listener


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - nothing announces a worker
            await asyncio.sleep(0.01)


@pytest.fixture
def launcher() -> Launcher:
    made = Launcher(load(None, {}, {}))
    made.fork()
    return made


@asynccontextmanager
async def _kept(workers: Kept, launcher: Launcher) -> AsyncIterator[Kept]:
    launcher.open()
    await launcher._there.wait()
    try:
        async with asyncio.timeout(40):
            yield workers
    finally:
        await workers.stop()
        await launcher.aclose()


@asynccontextmanager
async def _one(
    launcher: Launcher, public: Listener, environment: Mapping[str, str] = MappingProxyType({}), *, needed: bool = True
) -> AsyncIterator[Workers]:
    """A stand-in for a worker, kept by Workers."""
    async with _kept(StandIns(1, public, launcher, dict(environment), 0.1, needed=needed), launcher) as workers:
        yield workers


@contextmanager
def _no_more_descriptors() -> Iterator[None]:
    """What a process cannot be started without, as when there are too many of them."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len([*Path("/proc/self/fd").iterdir()]) - 1, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_a_worker_that_cannot_be_started_ends_the_start_with_the_reason(
    launcher: Launcher, public: Listener, logged: Logged
) -> None:
    async with _one(launcher, public) as workers:
        with _no_more_descriptors():
            workers.warm_up()
            with pytest.raises(CannotStartError):
                await workers.start(b"")
    line = logged()[0]
    assert line["event"] == "stand_ins could not be started" and line["reason"] == "Too many open files"


@pytest.mark.parametrize(
    ("needed", "endings"),
    [(True, "-9"), (True, "-9 -15 -11 -9"), (False, "-9"), (False, "1"), (False, "1 -9 2 -9 1")],
)
async def test_one_that_ended_before_it_served_is_started_again_unless_its_own_ending_is_the_end_of_the_start(
    needed: bool, endings: str, launcher: Launcher, public: Listener, tmp_path: Path, logged: Logged
) -> None:
    """Whoever was killed can serve at the next try; and what is not needed must not end what answers already."""
    (tmp_path / "endings").write_text(endings)
    async with _one(launcher, public, needed=needed, environment={ENDINGS: str(tmp_path / "endings")}) as workers:
        workers.warm_up()
        await workers.start(b"")
        assert workers.complete
        died = [line["status"] for line in logged()]
        assert died == [int(each) for each in endings.split()]


@pytest.mark.parametrize("endings", ["1", "-9 1", "-9 -9 -9 -9 -9"])
async def test_one_that_is_needed_and_ends_by_itself_or_is_killed_time_and_again_ends_the_start(
    endings: str, launcher: Launcher, public: Listener, tmp_path: Path
) -> None:
    (tmp_path / "endings").write_text(endings)
    async with _one(launcher, public, {ENDINGS: str(tmp_path / "endings")}) as workers:
        workers.warm_up()
        with pytest.raises(CannotStartError):
            await workers.start(b"")


async def test_a_worker_that_cannot_be_started_again_is_tried_until_it_can(
    launcher: Launcher, public: Listener, logged: Logged
) -> None:
    async with _one(launcher, public) as workers:
        workers.warm_up()
        await workers.start(b"")
        worker = workers._workers[0]
        assert worker is not None
        with _no_more_descriptors():
            worker.kill()
            await _until(lambda: len(logged()) == 3)
            assert not workers.complete
        await _until(lambda: workers.complete)
        events = [line["event"] for line in logged()[:3]]
        assert events == ["stand_ins died", "stand_ins could not be started", "stand_ins could not be started"]


async def test_a_worker_that_says_nothing_any_more_is_ended_and_started_again(
    launcher: Launcher, public: Listener, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.process.workers._BEAT", 0.1)
    async with _one(launcher, public) as workers:
        workers.warm_up()
        await workers.start(b"")
        silent = workers._workers[0]
        assert silent is not None
        await _until(lambda: silent.returncode is not None and workers.complete)
        assert silent.returncode == -signal.SIGKILL
        assert [line["event"] for line in logged()[:2]] == ["stand_ins hangs", "stand_ins died"]


async def test_a_worker_that_goes_on_speaking_is_left_alone(
    launcher: Launcher, public: Listener, logged: Logged, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.process.workers._BEAT", 0.1)
    async with _one(launcher, public, {SPEAKS: "yes"}) as workers:
        workers.warm_up()
        await workers.start(b"")
        await asyncio.sleep(1.0)
        # A pause of the supervisor itself, in which the worker spoke all the time.
        time.sleep(1.0)  # noqa: ASYNC251 - it is the loop that stands still
        await asyncio.sleep(0.5)
        assert workers.complete and logged() == []


def _pids(workers: Workers) -> list[int]:
    return [each.pid for each in workers._workers if each is not None]


@pytest.mark.parametrize(
    ("endings", "reason"),
    [("1", "ended"), ("-9 -9 -9 -9 -9", "ended"), (f"-{int(signal.SIGSTOP)}", "did not serve within")],
)
async def test_couriers_of_which_one_is_followed_by_nobody_who_serves_go_on_all_and_can_be_followed_later(
    endings: str,
    reason: str,
    launcher: Launcher,
    public: Listener,
    tmp_path: Path,
    logged: Logged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By one that ends by itself, one that is killed time and again, or one that hangs before it serves."""
    (endings_file := tmp_path / "endings").write_text("")
    environment = {ENDINGS: str(endings_file), SPEAKS: "yes"}
    async with _kept(Followed(2, public, launcher, environment, 0.1), launcher) as couriers:
        couriers.warm_up()
        await couriers.start(b"first")
        former = _pids(couriers)
        endings_file.write_text(f"0 {endings}")
        with monkeypatch.context() as patch:
            patch.setattr("gateway.process.couriers.WHOLE", 1.0 if "within" in reason else 30.0)
            assert not await couriers.follow(b"second")
        await _until(lambda: _pids(couriers) == former)
        assert len(couriers._serving) == 2 and len(couriers._listening) == 2
        (line,) = [each for each in logged() if each["event"] == "courier could not be renewed"]
        assert reason in line["reason"]
        # Whoever dies now comes back as it was.
        assert couriers._handovers[:2] == [b"first"] * 2
        third = b"third"
        assert await couriers.follow(third)
        assert {*former} < {*_pids(couriers)} and len(_pids(couriers)) == 4, "nobody leaves before it is said"
        couriers.hand_over(third)
        await _until(lambda: len(_pids(couriers)) == 2 and not couriers._leaving)
        assert not {*former} & {*_pids(couriers)} and len(couriers._serving) == 2
        assert {*couriers._handovers} == {third}
