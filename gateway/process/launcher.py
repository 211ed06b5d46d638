"""The supervisor's side of the preloader: it is forked once, asked for processes, and replaced when it has died."""

from __future__ import annotations

import asyncio
import errno
import os
import pickle
import socket
import sys
import threading
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.config import Settings
from gateway.observe import logs
from gateway.process import child, preloader
from gateway.process.forked import Forked
from gateway.process.preloader import Program, Renewal

_PAUSES: Final = (0.1, 0.5, 2.0, 5.0)
_PATIENCE: Final = 60.0  # seconds in which one that was started again has loaded its code
_STDIN: Final = 0


class Launcher(Collector):
    """Starts processes through the preloader. Also the collector of the metric about it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._first: tuple[socket.socket, int] | None = None
        self._line: socket.socket | None = None
        self._running: Forked | Process | None = None
        self._there = asyncio.Event()
        self._asking = asyncio.Lock()
        self._keeper: asyncio.Task[None] | None = None
        self._closed = False
        self._restarts = 0

    def fork(self) -> None:
        """Fork the first preloader from this process as it is: with all its code loaded, one thread and no event loop."""
        child.adopt()
        ours, theirs = _line()
        if others := [each.name for each in threading.enumerate() if each is not threading.current_thread()]:
            # A lock that one of them holds is never released in what is forked.
            logs.event("something has started threads while it was loaded", "error", threads=others)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what waits there would be written by each fork once more
        supervisor = os.getpid()
        forked = os.fork()
        if forked == 0:
            preloader.serve(theirs, supervisor)
        theirs.close()
        self._first = ours, forked

    def open(self) -> None:
        """Look after the preloader from now on, inside the event loop; one is started when none was forked."""
        child.adopt()
        self._keeper = asyncio.create_task(self._keep())

    async def aclose(self) -> None:
        """Start nothing any more, and end the preloader. What it has forked goes on."""
        self._closed = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._running is not None:
            if self._running.returncode is None:
                self._running.kill()
            await self._running.wait()
        await self._hang_up()
        self._there.set()

    async def launch(
        self, module: str, arguments: Sequence[str], environment: Mapping[str, str], descriptors: Mapping[int, int]
    ) -> Forked:
        """Run `module.main(arguments)` in a process of its own, with `environment` beside ours; OSError when there is none.

        `descriptors`: the number at which each is found there → what it is here. The process reads on stdin what is fed to it.
        """
        reading, feeding = os.pipe()
        placed = {_STDIN: reading, **descriptors}
        try:
            program = Program(module, arguments, environment, tuple(placed))
            # An answer that nobody waited for would be taken for that to the next request.
            pid = await asyncio.shield(self._asked(program, [*placed.values()]))
            return await Forked.of(pid, feeding)
        except BaseException:  # raised again: the descriptor is nobody else's to close
            os.close(feeding)
            raise
        finally:
            os.close(reading)

    async def renew(self, settings: Settings) -> None:
        """Have processes begin with what these settings offer from now on. Those that do not compile it for themselves."""
        self._settings = settings
        file = os.memfd_create("settings")
        try:
            os.write(file, pickle.dumps(settings))
            os.lseek(file, 0, os.SEEK_SET)
            await asyncio.shield(self._asked(Renewal(), [file]))
        except OSError as error:
            logs.event("preloader could not be renewed", "error", error=error)
        finally:
            os.close(file)

    async def _asked(self, program: Program | Renewal, descriptors: Sequence[int]) -> int:
        copies = [os.dup(each) for each in descriptors]
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._there.wait()
            async with self._asking:
                if self._closed or self._line is None:
                    raise ConnectionAbortedError(errno.ECONNABORTED, "there is no preloader")
                socket.send_fds(self._line, [pickle.dumps(program)], copies)
                told = int(await asyncio.get_running_loop().sock_recv(self._line, 32) or b"0")
        finally:
            for each in copies:
                os.close(each)
        if told == 0:
            raise ConnectionResetError(errno.ECONNRESET, "the preloader died")
        if told < 0:
            raise OSError(-told, os.strerror(-told))
        return told

    def collect(self) -> Iterator[Metric]:
        """How often the preloader was started again."""
        yield CounterMetricFamily("gateway_preloader_restarts", "Preloaders started again.", value=self._restarts)

    async def _keep(self) -> None:
        attempt = 0
        while True:
            try:
                self._line, self._running = await self._started()
                self._there.set()
                status = await self._running.wait()
                logs.event("preloader died", "error", pid=self._running.pid, status=status)
            except OSError as error:
                logs.event("preloader could not be started", "error", error=error)
            self._there.clear()
            await self._hang_up()
            self._restarts += 1
            await asyncio.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
            attempt += 1

    async def _hang_up(self) -> None:
        # Whoever still waits for an answer hears of the end first.
        async with self._asking:
            if self._line is not None:
                self._line.close()
                self._line = None

    async def _started(self) -> tuple[socket.socket, Forked | Process]:
        if self._first is not None:
            (line, forked), self._first = self._first, None
            line.setblocking(False)
            return line, await Forked.of(forked)
        ours, theirs = _line()
        with theirs:
            running = await asyncio.create_subprocess_exec(
                *child.module("gateway.process.preloader", str(os.getpid()), str(theirs.fileno())),
                stdin=asyncio.subprocess.PIPE,
                env=child.environment(),
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        ours.setblocking(False)
        assert running.stdin is not None
        running.stdin.write(pickle.dumps(self._settings))
        running.stdin.write_eof()
        return ours, running


def _line() -> tuple[socket.socket, socket.socket]:
    # Messages with an end, in order, and the end of one side is told to the other.
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
