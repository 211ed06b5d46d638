"""`gateway serve`: the process that owns the data directory, the embedded parts, the sockets and the workers.

claim the data directory → bind the ports → begin the sandbox → load the code beside it, once for all → fork the preloader (gateway/process/preloader.py)
→ have workers forked while the rest is built (gateway/process/startup.py) → wait for a signal, reloading at each SIGHUP
→ workers finish → the rest stops in reverse
"""

from __future__ import annotations

import asyncio
import os
import resource
import secrets
import shutil
import signal
import sys
import termios
from collections.abc import Callable, Iterable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

from gateway.config import Settings
from gateway.observe import logs
from gateway.process import instance_lock, preloader
from gateway.process.couriers import Couriers
from gateway.process.embedded import sandbox
from gateway.process.embedded.sandbox import Begun
from gateway.process.instance_lock import Claim
from gateway.process.launcher import Launcher
from gateway.process.reloading import Reloads
from gateway.process.sockets import Listener, Ports, listening
from gateway.process.workers import COUNTS, COURIERS, Workers
from gateway.stores.cancelling import given_up

_DESCRIPTORS: Final = 2**20
_STOP: Final = (signal.SIGTERM, signal.SIGINT)
# Sent by log rotation, or by habit from servers that mean something by them. Their default is to end the process at once.
_IGNORED: Final = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT, signal.SIGALRM)


def serve(load: Callable[[], Settings], *, only_couriers: bool = False) -> None:
    """Run until SIGTERM or SIGINT; a second one ends it at once. Raises CannotStartError with one clear line.

    `load` reads the configuration: now, and again at a SIGHUP. It raises ConfigError. `only_couriers`: events are received
    and delivered here, and nothing is answered on a public port.
    """
    settings = load()
    logs.configure(settings.logging.level)
    _raise_descriptors()
    server = settings.server
    data_dir = server.data_dir.absolute()
    # Without workers nobody listens on the port: it only is a name for the instance.
    host, port = ("127.0.0.1", 0) if only_couriers else (server.host, server.port)
    # Whoever signals in these seconds is heard when there is somebody to act upon it: a first child is begun at once.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP, *_IGNORED, signal.SIGHUP})
    try:
        with (
            instance_lock.claimed(data_dir) as claim,
            listening(host, port, what="the port", option="--port") as public,
            listening(
                server.admin_host, server.admin_port, what="the admin port", option="GATEWAY_ADMIN_PORT"
            ) as private,
            _ingesting(settings) as ingest,
            sandbox.begun(settings, data_dir) as box,
        ):
            logs.name(instance_lock.instance_name(public.port))
            preloader.load(settings)
            launcher = Launcher(settings)
            launcher.fork()
            ports = Ports(public, private, ingest)
            asyncio.run(_run(load, settings, claim, ports, launcher, box, before, serving=not only_couriers))
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    logs.event("stopped")


async def _run(
    load: Callable[[], Settings],
    settings: Settings,
    claim: Claim,
    ports: Ports,
    launcher: Launcher,
    box: Begun | None,
    mask: Iterable[int],
    *,
    serving: bool,
) -> None:
    # Loaded by now; what refuses a start must not wait for it.
    from gateway.process.startup import Startup

    async with AsyncExitStack() as stack:
        launcher.open()
        workers, couriers = _warmed_up(settings, claim.data_dir, ports, launcher, stack, serving=serving)
        reloads = Reloads(load, settings, claim.data_dir)

        def kill() -> None:
            workers.kill()
            couriers.kill()

        try:
            stop = _Stop(kill, reloads.ask)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            startup = Startup(reloads, claim, ports, workers, couriers, launcher, box, stack)
            starting = asyncio.create_task(startup.start())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            following = None
            if starting.done():
                starting.result()
                following = asyncio.create_task(reloads.follow(startup.take))
                await stopping
            for task in filter(None, (starting, stopping, following)):
                await given_up(task)
            logs.event("stopping")
            # Requests are answered before everything is started: couriers are asked for afterwards.
            await workers.drain(reloads.settings.server.shutdown_delay if workers.answering else 0)
        finally:
            await launcher.aclose()


@contextmanager
def _ingesting(settings: Settings) -> Iterator[Listener | None]:
    """The port that events are received on; None where there are no couriers."""
    if not settings.webhooks.couriers:
        yield None
        return
    ingest = settings.webhooks.ingest
    option = "GATEWAY_WEBHOOKS__INGEST__PORT"
    with listening(ingest.host, ingest.port, what="the ingest port", option=option) as listener:
        yield listener


def _warmed_up(
    settings: Settings, data_dir: Path, ports: Ports, launcher: Launcher, stack: AsyncExitStack, *, serving: bool
) -> tuple[Workers, Couriers]:
    environment = {COUNTS: str(_emptied(data_dir / "metrics")), COURIERS: secrets.token_hex(8)}
    server = settings.server
    workers = Workers(server.workers if serving else 0, ports.public, launcher, environment, server.shutdown_grace)
    count = settings.webhooks.couriers if ports.ingest is not None else 0
    receiving = ports.ingest or ports.public
    couriers = Couriers(
        count,
        receiving,
        launcher,
        environment,
        server.shutdown_grace,
        # Requests are answered before there is one, and whatever keeps it from coming up is no reason to stop answering.
        needed=not serving,
    )
    for each in (couriers, workers):
        stack.push_async_callback(each.stop)
    workers.warm_up()
    return workers, couriers


class _Stop:
    """The first signal asks for a stop, the second calls `kill`. SIGHUP calls `reload`."""

    def __init__(self, kill: Callable[[], None], reload: Callable[[], None]) -> None:
        self._asked = asyncio.Event()
        self._kill = kill
        self._reload = reload
        self._terminal = _at_terminal()
        loop = asyncio.get_running_loop()
        for number in _STOP:
            loop.add_signal_handler(number, self._signalled)
        for number in _IGNORED:
            loop.add_signal_handler(number, _ignore, number)
        loop.add_signal_handler(signal.SIGHUP, self._hung_up)

    async def wait(self) -> None:
        await self._asked.wait()

    def _signalled(self) -> None:
        if self._asked.is_set():
            self._kill()
        self._asked.set()

    def _hung_up(self) -> None:
        # The terminal that it was started in sends this as well when it goes, and then nobody is there to stop it.
        if self._terminal and not _at_terminal():
            self._signalled()
        elif self._asked.is_set():
            logs.event("signal ignored", signal=signal.SIGHUP.name, reason="stopping")
        else:
            self._reload()


def _at_terminal() -> bool:
    """Whether somebody can be there: a terminal that has gone answers no question about itself."""
    try:
        return sys.stdin is not None and os.isatty(sys.stdin.fileno()) and bool(termios.tcgetattr(sys.stdin.fileno()))
    except (OSError, ValueError, termios.error):
        return False


def _raise_descriptors() -> None:
    """Take as many descriptors as the system allows: each connection is one, and the usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))


def _ignore(number: signal.Signals) -> None:
    logs.event("signal ignored", signal=number.name)


def _emptied(directory: Path) -> Path:
    # Counters of an earlier run are of processes that Prometheus has seen end.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    return directory
