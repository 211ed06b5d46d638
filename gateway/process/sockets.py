"""Ports that are ours: bound before anything else starts, with one clear line when they cannot be had."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from gateway.process.instance_lock import CannotStartError

BACKLOG: Final = 2048


class Listener:
    """One address, and a listening socket on it for each of `count` processes.

    Each process accepts from a socket of its own (SO_REUSEPORT), among which the kernel spreads new connections evenly. On
    one shared socket an event loop takes all that is there when it wakes, and a single worker ends up with every connection.
    """

    def __init__(self, family: int, address: Any, count: int) -> None:
        # A socket without SO_REUSEPORT first: it is refused when anybody at all has the port, a second gateway included.
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
            self._address = probe.getsockname()
        self._family = family
        self._sockets: list[socket.socket | None] = [self._open() for _ in range(count)]

    @property
    def port(self) -> int:
        """The port, also when 0 was asked for."""
        port: int = self._address[1]
        return port

    def take(self, place: int) -> socket.socket:
        """The socket of process number `place`, opened again if it was given up."""
        found = self._sockets[place]
        if found is None:
            found = self._sockets[place] = self._open()
        return found

    def give_up(self, place: int) -> None:
        """Close that socket while nobody accepts from it, so that new connections go to the others; the last one stays."""
        found = self._sockets[place]
        if found is not None and sum(each is not None for each in self._sockets) > 1:
            found.close()
            self._sockets[place] = None

    def close(self) -> None:
        """Close all: from now on a new connection is refused."""
        for each in self._sockets:
            if each is not None:
                each.close()

    def _open(self) -> socket.socket:
        opened = socket.socket(self._family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        opened.bind(self._address)
        opened.listen(BACKLOG)
        opened.setblocking(False)
        return opened


@contextmanager
def listening(host: str, port: int, *, count: int, what: str, option: str) -> Iterator[Listener]:
    """Listen for `count` processes. CannotStartError names `what` is busy and the `option` that chooses another."""
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise CannotStartError(
                f"cannot listen on {host}: {error.strerror}. Name an address of this machine.", code=2
            ) from error
        family, _, _, _, address = found[0]
        try:
            listener = Listener(family, address, count)
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
