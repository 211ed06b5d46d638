"""A far side of the wire that sends exactly the bytes a test tells it to."""

import asyncio
import contextlib
import re
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@dataclass
class Seen:
    """One request as it arrived."""

    head: bytes
    body: bytes
    connection: int

    @property
    def line(self) -> bytes:
        return self.head.split(b"\r\n", 1)[0]

    def header(self, name: bytes) -> list[bytes]:
        return re.findall(rb"(?im)^" + re.escape(name) + rb": (.*?)\r$", self.head)


@dataclass
class Peer:
    """One accepted connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    service: "Service"
    number: int
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def read(self) -> Seen:
        head = await self.reader.readuntil(b"\r\n\r\n")
        seen = Seen(head, b"", self.number)
        self.service.seen.append(seen)
        if seen.header(b"Transfer-Encoding") == [b"chunked"]:
            while size := int(await self.reader.readuntil(b"\r\n"), 16):
                seen.body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readline()
        elif lengths := seen.header(b"Content-Length"):
            seen.body = await self.reader.readexactly(int(lengths[0]))
        return seen

    async def send(self, data: bytes) -> None:
        if self.writer.transport.is_closing():  # uvloop would raise RuntimeError instead
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()
        self.service.bytes_sent += len(data)

    async def hold(self) -> None:
        """Returns when the client has closed or aborted."""
        while await self.reader.read(65536):
            pass

    def reset(self) -> None:
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


@dataclass
class Service:
    server: asyncio.Server
    url: str = ""
    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)
    bytes_sent: int = 0

    @property
    def connections(self) -> int:
        return len(self.peers)


def answers(*wires: bytes) -> Script:
    """Answers each request with the next wire, the last again and again, until the client closes."""

    async def script(peer: Peer) -> None:
        turn = 0
        while True:
            await peer.read()
            await peer.send(wires[min(turn, len(wires) - 1)])
            turn += 1

    return script


def then_closes(*wires: bytes) -> Script:
    """Answers one request a wire, then closes."""

    async def script(peer: Peer) -> None:
        for wire in wires:
            await peer.read()
            await peer.send(wire)

    return script


@contextlib.asynccontextmanager
async def serving(*scripts: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> AsyncIterator[Service]:
    """Runs `scripts` on loopback: one a connection, the last for all further ones."""
    running: set[asyncio.Task[None]] = set()

    async def run(peer: Peer) -> None:
        # A client that goes away is what many tests are about; anything else is a fault of the script.
        try:
            await scripts[min(peer.number, len(scripts) - 1)](peer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        except Exception as error:  # noqa: BLE001 - reported by the test, below
            service.failures.append(error)
        finally:
            peer.ended.set()
            peer.writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = Peer(reader, writer, service, len(service.peers))
        service.peers.append(peer)
        task = asyncio.ensure_future(run(peer))
        running.add(task)
        task.add_done_callback(running.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", port, ssl=tls)
    service = Service(server)
    service.port = server.sockets[0].getsockname()[1]
    service.url = f"http{'s' if tls else ''}://{'localhost' if tls else '127.0.0.1'}:{service.port}"
    try:
        yield service
    finally:
        server.close()
        for task in list(running):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    if service.failures:
        raise service.failures[0]
