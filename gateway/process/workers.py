"""The worker processes: started together, started again when one dies or hangs, stopped without dropping a request."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Final

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.observe import logs
from gateway.process import child
from gateway.process.instance_lock import CannotStartError
from gateway.process.sockets import Listener

DRAIN: Final = signal.SIGWINCH
"""Tells a worker that each answer is the last of its connection. What does not expect it ignores it."""

_PAUSES: Final = (0.05, 0.25, 1.0, 2.0, 5.0)
_SETTLED: Final = 30.0  # seconds after which an earlier death no longer counts
_EXTRA: Final = 2.0  # seconds a worker gets beyond the grace of its requests
_BEAT: Final = 2.0  # seconds within which a worker says something, if its loop turns
_FULL: Final = 10.0  # seconds for which a worker counts as full after it has said so
_SILENT: Final = 5  # beats missed after which it is ended


class Fleet(Collector):
    """`count` workers, each on a socket of its own at `public`. Also the collector of the metrics about them."""

    def __init__(self, count: int, public: Listener, environment: Mapping[str, str], grace: float) -> None:
        """`grace`: the seconds that requests in flight may take to finish."""
        self._public = public
        self._handover = b""
        self._handed_over = asyncio.Event()
        self._environment = environment
        self._grace = grace
        self._workers: list[Process | None] = [None] * count
        self._serving: set[int] = set()
        self._first: list[asyncio.Future[bool]] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._restarts = 0
        self._draining = False
        self._full_until = 0.0

    @property
    def complete(self) -> bool:
        """Whether every worker answers requests, and goes on doing so."""
        return len(self._serving) == len(self._workers) and not self._draining

    @property
    def full(self) -> bool:
        """Whether a worker has lately refused connections, having no more descriptors for them."""
        return time.monotonic() < self._full_until

    def warm_up(self) -> None:
        """Start the processes, which load their code while the rest of the house is being built."""
        for place in range(len(self._workers)):
            up = asyncio.get_running_loop().create_future()
            self._first.append(up)
            self._keepers.append(asyncio.create_task(self._keep(place, up)))

    async def start(self, handover: bytes) -> None:
        """Give all workers what they read on stdin; returns when each answers requests. CannotStartError when one dies."""
        self._handover = handover
        self._handed_over.set()
        if not all(await asyncio.gather(*self._first)):
            raise CannotStartError("a worker could not start: the log line above says why")

    async def drain(self, seconds: float) -> None:
        """Be not ready any more and end each connection with its next answer, but go on, until whoever balances has noticed."""
        self._draining = True
        self._signal(DRAIN)
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    async def stop(self) -> None:
        """Let requests in flight finish, within the grace; then end what is left."""
        self._stopping.set()
        self._handed_over.set()
        self._signal(signal.SIGTERM)
        if self._keepers:
            await asyncio.wait(self._keepers, timeout=self._grace + _EXTRA)
            self._signal(signal.SIGKILL)
            await asyncio.wait(self._keepers)

    def kill(self) -> None:
        """End all now, for an operator who asks a second time."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def collect(self) -> Iterator[Metric]:
        """Workers that answer, how often one was started again, and the memory of each."""
        yield GaugeMetricFamily("gateway_workers", "Workers that answer requests.", value=len(self._serving))
        yield CounterMetricFamily("gateway_worker_restarts", "Workers started again.", value=self._restarts)
        memory = GaugeMetricFamily("gateway_worker_resident_bytes", "Resident memory.", labels=["worker"])
        for place, worker in enumerate(self._workers):
            if worker is not None and worker.returncode is None:
                memory.add_metric([str(place)], _resident(worker.pid))
        yield memory

    def _signal(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker is not None and worker.returncode is None:
                with suppress(ProcessLookupError):
                    worker.send_signal(number)

    async def _keep(self, place: int, up: "asyncio.Future[bool]") -> None:
        deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                await self._live(place, up)
            except OSError as error:
                # What the system has none of now (processes, descriptors, the port) it may have again later.
                logs.event("worker could not be started", "error", worker=place, error=error)
                if not up.done():
                    up.set_result(False)
            if self._stopping.is_set() or not up.result():
                return
            deaths = 1 if time.monotonic() - began > _SETTLED else deaths + 1
            self._restarts += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _PAUSES[min(deaths, len(_PAUSES)) - 1])
        if not up.done():
            up.set_result(False)

    async def _live(self, place: int, up: "asyncio.Future[bool]") -> None:
        """One worker from its start to its end; `up` is told whether the first one serves. OSError when there is none."""
        worker, pipe = await self._spawn(place)
        with closing(_Pulse(pipe)) as pulse:
            serving = await pulse.beat()
            if serving:
                self._serving.add(place)
            if not up.done():
                up.set_result(serving)
            if self._draining:
                self._signal(DRAIN)
            missed = 0
            while serving and missed < _SILENT:
                try:
                    # Short waits: after a pause of our own or of the whole machine one is over at once, but not several.
                    async with asyncio.timeout(_BEAT):
                        serving = await pulse.beat()
                        missed = 0
                        if pulse.full:
                            self._full_until = time.monotonic() + _FULL
                except TimeoutError:
                    missed += not self._stopping.is_set()
            if serving:
                logs.event("worker hangs", "error", worker=place, pid=worker.pid, silent_seconds=_SILENT * _BEAT)
                worker.kill()
        self._serving.discard(place)
        status = await worker.wait()
        self._workers[place] = None
        if not self._stopping.is_set():
            logs.event("worker died", "error", worker=place, pid=worker.pid, status=status)

    async def _spawn(self, place: int) -> tuple[Process, int]:
        listening = self._public.open()
        reading, writing = os.pipe()
        arguments = (str(os.getpid()), str(listening.fileno()), str(writing), str(place))
        try:
            worker = await asyncio.create_subprocess_exec(
                *child.module("gateway.process.worker", *arguments),
                stdin=asyncio.subprocess.PIPE,
                env=self._environment,
                pass_fds=(listening.fileno(), writing),
                # Ctrl-C in a terminal reaches the whole group, but it is the supervisor who says when to stop.
                start_new_session=True,
            )
        except BaseException:  # raised again: the descriptor is nobody else's to close
            os.close(reading)
            raise
        finally:
            listening.close()
            os.close(writing)
        self._workers[place] = worker
        if self._stopping.is_set():
            worker.terminate()
        await self._handed_over.wait()
        assert worker.stdin is not None
        worker.stdin.write(self._handover)
        with suppress(ConnectionError):
            await worker.stdin.drain()
        worker.stdin.close()
        return worker, reading


class _Pulse:
    """What a worker says through its pipe: a byte when it serves, and more for as long as its loop turns."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._ended = False
        self.full = False
        self._heard = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe, self._hear)

    async def beat(self) -> bool:
        """Wait for the next; False when the worker has ended instead."""
        await self._heard.wait()
        self._heard.clear()
        return not self._ended

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)

    def _hear(self) -> None:
        said = os.read(self._pipe, 4096)
        self._ended, self.full = said == b"", child.FULL in said
        self._heard.set()
        if self._ended:
            asyncio.get_running_loop().remove_reader(self._pipe)


def _resident(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:  # noqa: PTH123 - a path object adds nothing to /proc
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0.0
