"""A network that can be cut: servers of this machine, reached over a link to a network namespace of its own."""

from __future__ import annotations

import functools
import itertools
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final, Literal

from bench.needs import from_debian
from tests.stores.nodes import until

Cut = Literal["both ways", "answers only"]
_links: Final = itertools.count()
# Kept for tests between networks (RFC 2544), so that it is no address of the machine's own.
_TESTING: Final = IPv4Network("198.18.0.0/15")


class Cable:
    """`address`: of what is at its other end. Nothing of a cut reaches either side: a connection that was there stays, silent."""

    def __init__(self, name: str, near: str, address: str) -> None:
        self.address = address
        self._name, self._near = name, near

    def cut(self, how: Cut) -> None:
        """`answers only`: what is asked is still done at the other end."""
        if how == "both ways":
            # The other end's: of its own the system would tell whoever connects at once.
            self._there("link", "set", "there", "down")
        else:
            self._there("route", "add", "blackhole", f"{self._near}/32")

    def mend(self, how: Cut) -> None:
        """As it was."""
        if how == "both ways":
            self._there("link", "set", "there", "up")
        else:
            self._there("route", "del", "blackhole", f"{self._near}/32")

    def _there(self, *words: str) -> None:
        _ip("-netns", self._name, *words)


@contextmanager
def cable(sockets: Mapping[int, Path]) -> Iterator[Cable]:
    """`sockets`: of servers here, by the port at which they are to be had over the cable."""
    from_debian("ip", "iproute2")
    from_debian("socat", "socat")
    number = next(_links)
    name, here = f"cut-{os.getpid()}-{number}", f"c{os.getpid()}-{number}"
    near, far = map(str, _pair(_TESTING, os.getpid() * 64 + number).hosts())
    with ExitStack() as stack:
        _ip("netns", "add", name)
        stack.callback(_ip, "netns", "del", name)
        _ip("link", "add", here, "type", "veth", "peer", "name", "there", "netns", name)
        for where, link, address in (((), here, near), (("-netns", name), "there", far)):
            _ip(*where, "address", "add", f"{address}/30", "dev", link)
            _ip(*where, "link", "set", link, "up")
        for port, path in sockets.items():
            listening = f"TCP-LISTEN:{port},bind={far},fork,reuseaddr"
            line = ["ip", "netns", "exec", name, "socat", listening, f"UNIX-CONNECT:{path}"]
            # It complains of every connection that a cut ends.
            process = subprocess.Popen(line, start_new_session=True, stderr=subprocess.DEVNULL)
            stack.callback(_ended, process)
            until(functools.partial(_listens, far, port))
        yield Cable(name, near, far)


def _pair(network: IPv4Network, number: int) -> IPv4Network:
    """A part of it for two: of so many as there are, the one of that number."""
    return IPv4Network((int(network.network_address) + 4 * number % network.num_addresses, 30))


def _ended(process: subprocess.Popen[bytes]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.wait(20)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


def _listens(host: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((host, port), 1):
        return True
    return False
