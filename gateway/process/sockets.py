"""Ports that are ours: bound before anything else starts, with one clear line when they cannot be had."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

from gateway.process.instance_lock import CannotStartError


class Listener:
    """One address that is ours, on which nobody listens before the process does that answers.

    Each process accepts from a socket of its own (SO_REUSEPORT), among which the kernel spreads new connections evenly. On
    one shared socket an event loop takes all that is there when it wakes, and a single worker ends up with every connection.
    The process itself begins to listen, when it can answer; until then, and as soon as it has died, connections are refused
    instead of waiting in a queue that nobody reads, so that whoever balances asks elsewhere.
    """

    def __init__(self, family: int, address: Any) -> None:
        # A socket without SO_REUSEPORT first: it is refused when anybody at all has the port, a second gateway included.
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            self._address = probe.getsockname()
        self._family = family
        # Keeps the port while no process listens.
        self._guard = self._bound()

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        port: int = self._address[1]
        return port

    def open(self) -> socket.socket:
        """A socket for one process, to be closed here once that process has it: with the process its queue ends."""
        opened = self._bound()
        # What is accepted inherits this, and may then not keep the next start from the port (TIME-WAIT).
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return opened

    def close(self) -> None:
        """Give the port up."""
        self._guard.close()

    def _bound(self) -> socket.socket:
        opened = socket.socket(self._family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(self._address)
        opened.setblocking(False)
        # Two sockets may share an address by this option for as long as neither listens: the probe of another gateway
        # must not succeed while ours are only bound.
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 0)
        return opened


class Ports(NamedTuple):
    """The ports of one gateway; `ingest` is None where no events are received."""

    public: Listener
    private: Listener
    ingest: Listener | None


@contextmanager
def listening(host: str, port: int, *, what: str, option: str) -> Iterator[Listener]:
    """Have a port. CannotStartError names `what` is busy and the `option` that chooses another."""
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise CannotStartError(
                f"cannot listen on {host}: {error.strerror}. Name an address of this machine.", code=2
            ) from error
        family, _, _, _, address = found[0]
        try:
            listener = Listener(family, address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise CannotStartError(
                    f"{what} {port} on {host} is in use. Stop what listens there, or choose another with {option}."
                ) from error
            raise CannotStartError(
                f"cannot listen on {host}, {what} {port}: {error.strerror}. Choose another address or port ({option}).",
                code=2,
            ) from error
        stack.callback(listener.close)
        yield listener
