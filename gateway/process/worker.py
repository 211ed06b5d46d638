"""A worker process: uvicorn around the application, on the socket that the supervisor listens with.

It is forked by the preloader (gateway/process/preloader.py), which has loaded this code. Settings and runtime facts come pickled on
stdin, from the supervisor and from nobody else: what was checked once is not read and checked again, even when the file has
changed since; other ones follow there (gateway/process/swap.py). One byte on READY says that requests are being answered, one each
second from then on that they still are.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import resource
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from math import ceil, inf
from pathlib import Path
from typing import Final

import uvicorn

from gateway import problems
from gateway.app import App, create
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.downstream.connection import Connection, Render, protocol
from gateway.downstream.header_lines import uniform
from gateway.observe import access_lines, logs, metrics, trace, tracing
from gateway.process import child, preloader
from gateway.process.instance_lock import instance_name
from gateway.process.swap import Answering
from gateway.process.workers import COUNTS, DRAIN, LISTENING, READY

BACKLOG: Final = 2048
BEAT: Final = 1.0
_RESERVED: Final = 64  # descriptors at least that are not for clients
_TOLD: Final = 10.0  # seconds between two log lines about refused connections


def main(arguments: Sequence[str]) -> None:
    """Serve until SIGTERM, then finish the requests in flight. `arguments`: the number of this worker."""
    (place,) = map(int, arguments)
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)  # the supervisor says so when it is sent one
    # Whatever is loaded and made until we answer stays: looking through it for what may go is work for nothing.
    gc.disable()
    metrics.share(Path(os.environ[COUNTS]))
    settings, runtime = handed_over()
    logs.configure(settings.logging.level)
    logs.name(instance_name(runtime.public_port), worker=place)
    try:
        if settings.tracing.enabled:
            tracing.install("gateway", settings.tracing.share)
        app = create(settings, runtime, preloader.loaded(settings))
        _serve(app, settings, runtime, socket.socket(fileno=LISTENING))
    except Exception as error:  # noqa: BLE001 - the last line of a worker's life is a log line like all others
        logs.event("worker failed", "error", error=error)
        sys.exit(1)


def handed_over() -> tuple[Settings, Runtime]:
    """What the supervisor has to say when the stores are up. The process ends when it says nothing any more."""
    with open(0, "rb", closefd=False) as stdin:  # sys.stdin is of the process that this was forked from
        try:
            settings, runtime = pickle.load(stdin)  # noqa: S301 - see above: written by our own supervisor
        except EOFError:
            sys.exit(1)
    return settings, runtime


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, answering: Answering, connections: type[Connection], room: Room) -> None:
        super().__init__(config)
        self._answering = answering
        self._connections = connections
        self._room = room
        os.set_blocking(READY, False)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What exists by now lives as long as the process: collecting around it costs a fifth of the throughput.
        gc.collect()
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000, 20, 20)
        asyncio.get_running_loop().add_signal_handler(DRAIN, self._drain)
        following = self._answering.follow(0, self._say, self.server_state.tasks)
        self._following = asyncio.create_task(following)
        self._beat()

    def _say(self, what: bytes) -> None:
        # The pipe is full when the supervisor itself hangs, and then this must not.
        with suppress(BlockingIOError):
            os.write(READY, what)

    def _beat(self) -> None:
        self._say(child.FULL if self._room.refused_lately() else child.ALIVE)
        asyncio.get_running_loop().call_later(BEAT, self._beat)

    def _drain(self) -> None:
        self._connections.draining = True


class Room:
    """How many connections a worker holds: what is left of its descriptors when stores and services have theirs."""

    def __init__(self) -> None:
        descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.most = descriptors - max(_RESERVED, descriptors // 4)
        self._refused = False
        self._told = -inf

    def refused(self) -> None:
        """One connection was too many: it is counted, and told once in a while."""
        self._refused = True
        metrics.connection_refused()
        if time.monotonic() >= self._told + _TOLD:
            self._told = time.monotonic()
            logs.event("connections refused", "error", most=self.most, reason="no more file descriptors")

    def refused_lately(self) -> bool:
        """Whether any was since this was asked last."""
        lately, self._refused = self._refused, False
        return lately


def _serve(app: App, settings: Settings, runtime: Runtime, listening: socket.socket) -> None:
    connections = protocol(
        malformed(settings.brands[0].problems(runtime.public_port)), app.serve, fast_path=settings.server.fast_path
    )
    room = Room()
    connections.most, connections.refused = room.most, staticmethod(room.refused)

    def take(app: App) -> None:
        settings = app.settings
        logs.configure(settings.logging.level)
        connections.render = staticmethod(malformed(settings.brands[0].problems(runtime.public_port)))
        connections.serve = staticmethod(app.serve)
        connections.fast_path = settings.server.fast_path
        config.timeout_graceful_shutdown = ceil(settings.server.shutdown_grace)

    answering = Answering(app, create, take)
    config = uvicorn.Config(
        answering,
        loop="uvloop",
        http=connections,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=ceil(settings.server.shutdown_grace),
    )
    try:
        _Server(config, answering, connections, room).run(sockets=[listening])
    finally:
        # However it ends, nobody else can write down what this process still holds.
        tracing.close()
        logs.flush()
        metrics.write_down()


def malformed(problem_base: str) -> Render:
    """The answer to what is no HTTP request: there is no Host to choose a brand by, so the first one's problems are named."""

    def render(detail: str, path: str, client: str) -> tuple[tuple[tuple[bytes, bytes], ...], bytes]:
        trace_id, request_id = trace.started().trace_id, "req_" + trace.digits(24)
        problem = problems.BadRequest("request_malformed", detail)
        answer = problems.render(problem, base=problem_base, instance=path, trace_id=trace_id)
        access_lines.malformed(trace_id, request_id, client, problem.code, detail)
        metrics.malformed()
        return ((b"content-type", answer.content_type), *uniform(request_id)), answer.body

    return render
