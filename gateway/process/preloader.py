"""The preloader: a process that has loaded the code once and forks the others from it, workers and couriers.

`gateway serve` forks it when everything is loaded and before there is a thread, an event loop or a connection
(gateway/process/launcher.py), so that a fork finds no lock held by somebody who is not there. It keeps no descriptor but its line to
the supervisor. A request on that line names a module, whose `main(arguments)` a new process then runs; the answer is its number.

A process is forked twice, so that it is the supervisor's child and not ours (PR_SET_CHILD_SUBREAPER): it is waited for
there, and outlives the preloader. `python -m gateway.process.preloader SUPERVISOR LINE`, with the settings pickled on stdin, is
one that takes the place of one that was killed.
"""

from __future__ import annotations

import errno
import fcntl
import gc
import os
import pickle
import signal
import socket
import sys
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final, NoReturn

from gateway.process import child

if TYPE_CHECKING:
    from gateway.config import Settings
    from gateway.deployment import Offer

LONGEST: Final = 65536  # bytes of a request
MOST_DESCRIPTORS: Final = 8
_STANDARD: Final = (0, 1, 2)
_PROGRAMS: Final = ("gateway.process.startup", "gateway.process.worker")
_LATE: Final = ("httpcore", "anyio.streams.tls", "anyio._backends._asyncio")
"""What the client of the auth service would load when it is made or first used, for 0.1 s in which nobody is answered."""
_WITH_COURIERS: Final = ("gateway.process.courier", "uvicorn.protocols.http.httptools_impl", "uvicorn.lifespan.off")
_WITH_ISSUERS: Final = ("gateway.auth.issuers.external",)
_DEAF: Final = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGQUIT,
    signal.SIGALRM,
)


@dataclass(frozen=True, slots=True)
class Program:
    """What a new process runs: `module.main(arguments)`, with `environment` beside what it inherits.

    `places`: the numbers at which it finds the descriptors that come along, in their order.
    """

    module: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    places: Sequence[int]


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is forked from now on is to begin with what other settings offer: they lie pickled in the file that comes along."""


class _Made:
    """What was compiled before the fork."""

    offer: Offer | None = None


def load(settings: Settings) -> None:
    """Load what the processes of these settings run, and compile what they offer, unless that was done before this process was
    forked. ConfigError as `deployment.checked` raises it.

    Not what writes documents: a deployment does that once, and nobody waits for it.
    """
    couriers, issuers = settings.webhooks.couriers, settings.issuers
    for module in _PROGRAMS + _LATE + (_WITH_COURIERS if couriers else ()) + (_WITH_ISSUERS if issuers else ()):
        import_module(module)
    from gateway import deployment, factories, trust
    from gateway.stores.sql.engine import load_driver

    # For all who are forked.
    trust.context(None, trust.HTTP)
    load_driver(factories.sql_url(settings))
    _Made.offer = deployment.checked(settings, _Made.offer)
    _Made.offer.catalogue.events(settings.ids)


def loaded(settings: Settings) -> Offer | None:
    """What these settings offer, if it is what was compiled of those that were loaded with."""
    return _Made.offer if _Made.offer is not None and _Made.offer.fits(settings) else None


def serve(line: socket.socket, supervisor: int) -> NoReturn:
    """Fork what is asked for on `line`, until it ends; then this process ends. `supervisor`: the pid whose children they become."""
    child.hold(supervisor)
    child.rename("gateway.process.preloader")
    child.keep_only((*_STANDARD, line.fileno()))
    # A signal to the whole group or to every process of a service is the supervisor's to act upon.
    for number in _DEAF:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    # Nothing of it goes, and looking at it would write into each page that is shared with those who are forked.
    gc.disable()
    gc.freeze()
    while True:
        request, descriptors, _, _ = socket.recv_fds(line, LONGEST, MOST_DESCRIPTORS)
        if not request:
            os._exit(0)
        asked = pickle.loads(request)  # noqa: S301 - from our own supervisor
        line.send(_renewed(*descriptors) if isinstance(asked, Renewal) else _forked(asked, descriptors, supervisor))
        for descriptor in descriptors:
            os.close(descriptor)


def _renewed(file: int) -> bytes:
    """1 when it is done, and an error's number, negative, when it cannot be: whoever is forked then compiles for itself."""
    from gateway import deployment

    try:
        with open(file, "rb", closefd=False) as settings:
            _Made.offer = deployment.checked(pickle.load(settings))  # noqa: S301 - from our own supervisor
    except Exception:  # noqa: BLE001 - whatever it is, there must be a preloader
        traceback.print_exc()
        return b"-%d" % errno.EINVAL
    gc.freeze()
    return b"1"


def _forked(program: Program, descriptors: Sequence[int], supervisor: int) -> bytes:
    """The number of the new process in decimal digits, or that of the error, negative, that there is none for."""
    hearing, telling = os.pipe()
    waiting, releasing = os.pipe()
    try:
        between = os.fork()
    except OSError as error:
        for descriptor in (hearing, telling, waiting, releasing):
            os.close(descriptor)
        return b"-%d" % (error.errno or 1)
    if between == 0:
        try:
            forked = os.fork()
        except OSError as error:
            forked = -(error.errno or 1)
        if forked:
            os.write(telling, b"%d" % forked)
            os._exit(0)
        os.close(releasing)
        _become(program, descriptors, waiting, supervisor)
    os.waitpid(between, 0)
    # Now it is the supervisor's child, and may ask for the end of its parent to be its own.
    os.close(releasing)
    told = os.read(hearing, 32)
    for descriptor in (hearing, telling, waiting):
        os.close(descriptor)
    return told


def _become(program: Program, descriptors: Sequence[int], waiting: int, supervisor: int) -> NoReturn:
    status = 1
    try:
        os.read(waiting, 1)
        child.hold(supervisor)
        # Ctrl-C in a terminal reaches the whole group, but it is the supervisor who says when to stop.
        os.setsid()
        for number in _DEAF:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        _place(descriptors, program.places)
        os.environ.update(program.environment)
        child.rename(" ".join([program.module, *program.arguments]))
        # What was loaded stays frozen; what comes and goes from here on would else never go.
        gc.enable()
        status = import_module(program.module).main(list(program.arguments)) or 0
    except SystemExit as ending:
        status = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
        if isinstance(ending.code, str):
            sys.stderr.write(f"{ending.code}\n")
    except BaseException:  # noqa: BLE001 - the end of a process: there is nobody to raise it to
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        # Whatever would be closed on the way out is the supervisor's, whose copy this process began as.
        os._exit(status)


def _place(descriptors: Sequence[int], places: Sequence[int]) -> None:
    """Give each descriptor the number that is expected, and close all others behind stderr."""
    # Beyond all places first: one of them may be where another is now.
    beyond = [fcntl.fcntl(each, fcntl.F_DUPFD, max(places) + 1) for each in descriptors]
    for each, place in zip(beyond, places, strict=True):
        os.dup2(each, place)
    child.keep_only((*_STANDARD, *places))


def main(arguments: Sequence[str]) -> NoReturn:
    """Load by the settings on stdin, and serve."""
    supervisor, line = map(int, arguments)
    child.hold(supervisor)
    load(pickle.load(sys.stdin.buffer))  # noqa: S301 - written by our own supervisor
    serve(socket.socket(fileno=line), supervisor)


if __name__ == "__main__":
    # What is forked asks the module of that name what was loaded.
    import_module("gateway.process.preloader").main(sys.argv[1:])
