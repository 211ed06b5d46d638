"""Connections to the very addresses that were judged. TLS is checked against the name; there is no switch to leave that out.

The environment's proxies are not looked at. A proxy that the operator names is spoken to with CONNECT, our own TLS inside.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from gateway import trust
from gateway.egress.errors import Undialled, of_tls
from gateway.egress.resolving import Resolver, vetted
from gateway.egress.rules import Address, Rules
from gateway.egress.urls import Destination

CONNECT: Final = 5.0  # seconds
TLS: Final = 5.0
_STAGGER: Final = 0.25  # RFC 8305 §5
_HEAD: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy of the operator's. `resolves`: it is given names, and judges what they lead to itself."""

    host: str
    port: int
    resolves: bool = False


class Dialler:
    """Opens connections within the rules.

    ca_file          PEM, trusted beside the system's authorities
    source_address   to call from
    """

    def __init__(
        self,
        rules: Rules,
        resolver: Resolver,
        *,
        ca_file: str | None = None,
        source_address: str | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        """Raises ValueError when the CA file cannot be read."""
        self.rules = rules
        self._resolver = resolver
        self._source = source_address
        self._proxy = proxy
        self._tls = _trust(ca_file)

    async def dial(self, destination: Destination, protocol: Callable[[], asyncio.Protocol]) -> str:
        """Connects `protocol` and returns the address that it is connected to. Undialled when that cannot be."""
        connected, address = await self._connected(destination)
        loop = asyncio.get_running_loop()
        try:
            if not destination.secure:
                await loop.create_connection(protocol, sock=connected)
            else:
                await loop.create_connection(
                    protocol, sock=connected, ssl=self._tls, server_hostname=destination.host, ssl_handshake_timeout=TLS
                )
        except ssl.SSLError as error:
            raise Undialled(of_tls(error), "TLS could not be agreed", address) from error
        except (TimeoutError, ConnectionError) as error:
            # Where a handshake takes too long the loop says ConnectionAbortedError.
            late = isinstance(error, TimeoutError | ConnectionAbortedError)
            kind = ("tls_timeout" if late else "tls_failed") if destination.secure else "connect"
            raise Undialled(kind, "the connection ended before it was ready", address) from error
        except BaseException:  # raised again: a cancelled attempt leaves no connection open
            connected.close()
            raise
        return address

    async def _connected(self, destination: Destination) -> tuple[socket.socket, str]:
        proxy = self._proxy
        if proxy is not None and proxy.resolves:
            return await self._tunnel(proxy, f"{destination.host}:{destination.port}"), destination.host
        found = await vetted(destination, self.rules, self._resolver)
        if proxy is not None:
            place = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
            return await self._tunnel(proxy, f"{place}:{destination.port}"), str(found[0])
        try:
            async with asyncio.timeout(CONNECT):
                return await self._race(found, destination.port)
        except TimeoutError:
            raise Undialled("timeout", "nobody answered in time", str(found[0])) from None
        except OSError as error:
            raise Undialled("connect", f"no connection: {type(error).__name__}", str(found[0])) from error

    async def _race(self, found: list[Address], port: int) -> tuple[socket.socket, str]:
        """The first that answers, begun one after the other, the families by turns."""
        waiting = _by_turns(found)
        running: dict[asyncio.Task[socket.socket], Address] = {}
        failure: OSError = OSError("no address")
        try:
            while waiting or running:
                if waiting:
                    address = waiting.pop(0)
                    running[asyncio.ensure_future(self._open(address, port))] = address
                done, _ = await asyncio.wait(
                    running, timeout=_STAGGER if waiting else None, return_when=asyncio.FIRST_COMPLETED
                )
                for task in done:
                    address = running.pop(task)
                    try:
                        return task.result(), str(address)
                    except OSError as error:
                        failure = error
            raise failure
        finally:
            for task in running:
                task.cancel()
            for loser in await asyncio.gather(*running, return_exceptions=True):
                if isinstance(loser, socket.socket):
                    loser.close()

    async def _open(self, address: Address, port: int) -> socket.socket:
        opened = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6, socket.SOCK_STREAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._source is not None:
                opened.bind((self._source, 0))
            await asyncio.get_running_loop().sock_connect(opened, (str(address), port))
            if opened.getpeername()[0].partition("%")[0] != str(address):
                raise OSError("connected to another address")
        except BaseException:  # raised again: a cancelled attempt leaves no socket open
            opened.close()
            raise
        return opened

    async def _tunnel(self, proxy: Proxy, place: str) -> socket.socket:
        """A connection to `place` through the proxy, whose own address is the operator's word (RFC 9110 §9.3.6)."""
        loop = asyncio.get_running_loop()
        connected: socket.socket | None = None
        try:
            async with asyncio.timeout(CONNECT):
                found = await self._resolver.addresses(proxy.host, proxy.port)
                connected, _ = await self._race(found, proxy.port)
                await loop.sock_sendall(connected, f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
                head = b""
                while not head.endswith(b"\r\n\r\n") and len(head) < _HEAD:
                    # A byte at a time: what follows the head belongs to whoever is behind the proxy.
                    more = await loop.sock_recv(connected, 1)
                    if not more:
                        break
                    head += more
            if not head.startswith((b"HTTP/1.1 2", b"HTTP/1.0 2")) or not head.endswith(b"\r\n\r\n"):
                raise Undialled("proxy", "the proxy refused the connection")
        except TimeoutError:
            _closed(connected)
            raise Undialled("proxy", "the proxy did not answer in time") from None
        except OSError as error:
            _closed(connected)
            raise Undialled("proxy", f"no connection to the proxy: {type(error).__name__}") from error
        except BaseException:  # raised again: a cancelled attempt leaves no socket open
            _closed(connected)
            raise
        return connected


def _closed(connected: socket.socket | None) -> None:
    if connected is not None:
        with suppress(OSError):
            connected.close()


def _by_turns(found: list[Address]) -> list[Address]:
    first = found[0].version
    preferred = [each for each in found if each.version == first]
    others = [each for each in found if each.version != first]
    turns: list[Address] = []
    while preferred or others:
        turns += preferred[:1] + others[:1]
        del preferred[:1], others[:1]
    return turns


def _trust(ca_file: str | None) -> ssl.SSLContext:
    if ca_file is None:
        return trust.context(None, trust.HTTP)
    try:
        context = trust.context(ca_file, trust.HTTP)
    except OSError as error:
        raise ValueError(f"ca_file is not a readable PEM file: {error}") from error
    context.load_default_certs()
    return context
