"""The worker processes: started together, started again when one dies or hangs, stopped without dropping a request."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import closing, suppress
from typing import ClassVar, Final

from prometheus_client import Metric
from prometheus_client.registry import Collector

from gateway.observe import logs, metrics_files
from gateway.process import swap
from gateway.process.forked import Forked
from gateway.process.instance_lock import CannotStartError
from gateway.process.launcher import Launcher
from gateway.process.pulse import Pulse
from gateway.process.sockets import Listener
from gateway.process.worker_metrics import shown

DRAIN: Final = signal.SIGWINCH
"""Tells a worker that each answer is the last of its connection. What does not expect it ignores it."""

LISTENING: Final = 3
READY: Final = 4
"""The descriptors at which a worker finds the socket that it is to serve, and the pipe by which it says that it does."""

COUNTS: Final = metrics_files.VARIABLE
"""The variable that names the folder of the files that workers count in."""

COURIERS: Final = "COURIERS_OF"
"""The variable by which a supervisor names its couriers, otherwise than any other does."""

PAUSES: Final = (0.05, 0.25, 1.0, 2.0, 5.0)  # seconds until the next try
_SETTLED: Final = 30.0  # seconds after which an earlier death no longer counts
_EXTRA: Final = 2.0  # seconds a worker gets beyond the grace of its requests
_BEAT: Final = 2.0  # seconds within which a worker says something, if its loop turns
_FULL: Final = 10.0  # seconds for which a worker counts as full after it has said so
_HUNG: Final = 10.0  # seconds of missed beats after which it is ended
WHOLE: Final = 30.0  # seconds in which all workers have to answer before they can be given something else
_BUILDING: Final = 60.0  # seconds a worker may take to build that


class Workers(Collector):
    """`count` workers, each on a socket of its own at `public`. Also the collector of the metrics about them.

    module: what each runs; seats: places in which there may be one for each that is wanted.
    """

    module: ClassVar = "gateway.process.worker"
    seats: ClassVar = 1

    def __init__(
        self,
        count: int,
        public: Listener,
        launcher: Launcher,
        environment: Mapping[str, str],
        grace: float,
        *,
        needed: bool = True,
    ) -> None:
        """`grace`: the seconds that requests in flight may take to finish; may be changed.

        `needed`: whether there is no gateway without them, so that one that ends by itself before it serves ends the start.
        """
        self.needed = needed
        self._kind = self.module.rpartition(".")[2]
        self._launcher = launcher
        self._leaving: set[int] = set()
        self._public = public
        self._handed_over = asyncio.Event()
        self._environment = environment
        self.grace = grace
        self._wanted = count
        self._workers: list[Forked | None] = [None] * (count * self.seats)
        self._handovers = [b""] * len(self._workers)
        self._serving: dict[int, Pulse] = {}
        self._first: list[asyncio.Future[bool]] = []
        self._keepers: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._restarts = 0
        self._draining = False
        self._full_until = 0.0
        self._changing = asyncio.Lock()

    @property
    def complete(self) -> bool:
        """Whether every worker answers requests, and goes on doing so."""
        return len(self._serving) >= self._wanted and not self._draining

    @property
    def full(self) -> bool:
        """Whether a worker has lately refused connections, having no more descriptors for them."""
        return time.monotonic() < self._full_until

    def warm_up(self) -> None:
        """Have the processes forked while the rest is being built."""
        for place in range(self._wanted):
            up = asyncio.get_running_loop().create_future()
            self._first.append(up)
            self._keepers.append(asyncio.create_task(self._keep(place, up, vital=self.needed)))

    async def start(self, handover: bytes) -> None:
        """Give all workers what they read on stdin; returns when each answers requests.

        CannotStartError when one that is needed ends by itself before it does, or is killed time and again.
        """
        self._give(handover)
        self._handed_over.set()
        if not all(await asyncio.gather(*self._first)):
            raise CannotStartError(f"a {self._kind} could not start: the log line above says why")

    async def swap(self, handover: bytes, others: Callable[[], Awaitable[None]]) -> bool:
        """Let every worker take this in the place of what it runs, without losing a request; whether they did.

        All do or none does. They build one after the other, so that the others answer undisturbed. A worker that is just
        being started again is waited for. `others` is called when all have built: it prepares whatever else has to change with
        them, and what it raises leaves them as they were.
        """
        until = time.monotonic() + WHOLE
        while True:
            async with self._changing:
                if self.complete:
                    return await self._swapped(handover, others)
            if self._stopping.is_set() or time.monotonic() > until:
                logs.event("not every worker answers", "error")
                return False
            await asyncio.sleep(PAUSES[0])

    async def _swapped(self, handover: bytes, others: Callable[[], Awaitable[None]]) -> bool:
        # Those of now: whoever takes the place of one that dies meanwhile begins with what it is given at its start.
        members = [
            (each, pulse) for place, pulse in self._serving.items() if (each := self._workers[place]) is not None
        ]
        for at, (worker, pulse) in enumerate(members):
            worker.feed(swap.frame(swap.PREPARE, handover))
            said = await pulse.answer(_BUILDING)
            if said != swap.BUILT:
                if said is None:
                    worker.kill()  # it may say so later, when nobody asks any more
                _abort(built for built, _ in members[:at])
                return False
        try:
            await others()
        except BaseException:  # raised again: what was built for it is thrown away
            _abort(built for built, _ in members)
            raise
        self._give(handover)
        for worker, _ in members:
            worker.feed(swap.frame(swap.COMMIT))
        for worker, pulse in members:
            if await pulse.answer(_BUILDING) is None:
                worker.kill()
        return True

    def _give(self, handover: bytes) -> None:
        """Whoever is started from now on reads this."""
        self._handovers = [handover] * len(self._handovers)

    @property
    def answering(self) -> bool:
        """Whether any of them does."""
        return bool(self._serving)

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
            await asyncio.wait(self._keepers, timeout=self.grace + _EXTRA)
            self._signal(signal.SIGKILL)
            await asyncio.wait(self._keepers)

    def kill(self) -> None:
        """End all now, for an operator who asks a second time."""
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def collect(self) -> Iterator[Metric]:
        """Workers that answer and that there should be, how often one was started again, and the memory of each."""
        living = {place: each.pid for place, each in enumerate(self._workers) if each and each.returncode is None}
        return shown(
            self._kind,
            configured=self._wanted,
            serving=len(self._serving),
            restarts=self._restarts,
            pids=living,
        )

    def _signal(self, number: signal.Signals) -> None:
        for worker in self._workers:
            if worker is not None and worker.returncode is None:
                worker.send_signal(number)

    async def _keep(self, place: int, up: "asyncio.Future[bool]", *, vital: bool) -> None:
        """`up` is told whether the first one serves. `vital`: it is tried no longer when that ends by itself before it does."""
        deaths = 0
        while not self._stopping.is_set() and place not in self._leaving:
            began, status = time.monotonic(), 1
            try:
                status = await self._live(place, up)
            except OSError as error:
                # What the system has none of now (processes, descriptors, the port) it may have again later.
                logs.event(f"{self._kind} could not be started", "error", error=error, **{self._kind: place})
                self._ended(place)
            if self._stopping.is_set() or place in self._leaving:
                break
            deaths = 1 if time.monotonic() - began > _SETTLED else deaths + 1
            # Who was killed says nothing of whether the next one can serve.
            if not up.done() and vital and (status >= 0 or deaths == len(PAUSES)):
                break
            self._restarts += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), PAUSES[min(deaths, len(PAUSES)) - 1])
        self._leaving.discard(place)
        self._ended(place)
        if not up.done():
            up.set_result(False)

    async def _live(self, place: int, up: "asyncio.Future[bool]") -> int:
        """One worker from its start to its end; its status. `up` is told when the first one serves. OSError when there is none."""
        worker, pipe = await self._spawn(place)
        with closing(Pulse(pipe)) as pulse:
            serving = await pulse.beat()
            if serving:
                self._serving[place] = pulse
                if not up.done():
                    up.set_result(True)
            if self._draining:
                self._signal(DRAIN)
            missed = 0
            while serving and missed * _BEAT < _HUNG:
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
                logs.event(f"{self._kind} hangs", "error", pid=worker.pid, silent_seconds=_HUNG, **{self._kind: place})
                worker.kill()
        self._serving.pop(place, None)
        status = await worker.wait()
        self._workers[place] = None
        self._ended(place)
        if place not in self._leaving and not self._stopping.is_set():
            logs.event(f"{self._kind} died", "error", pid=worker.pid, status=status, **{self._kind: place})
        return status

    def _socket(self, place: int) -> socket.socket:
        """What the next one in this place accepts from."""
        return self._public.open()

    def _launched(self, place: int, listening: socket.socket) -> None:
        """A process has it now, or there is none."""
        listening.close()

    def _ended(self, place: int) -> None:
        """The process of this place has ended, or there will be none."""

    async def _spawn(self, place: int) -> tuple[Forked, int]:
        listening = self._socket(place)
        reading, writing = os.pipe()
        try:
            worker = await self._launcher.launch(
                self.module, (str(place),), self._environment, {LISTENING: listening.fileno(), READY: writing}
            )
        except BaseException:  # raised again: the descriptor is nobody else's to close
            os.close(reading)
            raise
        finally:
            self._launched(place, listening)
            os.close(writing)
        self._workers[place] = worker
        if self._stopping.is_set() or place in self._leaving:
            worker.terminate()
        await self._handed_over.wait()
        async with self._changing:
            worker.feed(self._handovers[place])
        return worker, reading


def _abort(workers: Iterable[Forked]) -> None:
    for each in workers:
        each.feed(swap.frame(swap.ABORT))
