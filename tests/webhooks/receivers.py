"""A real receiver of webhooks, which answers as a test wants it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request, as it came."""

    headers: dict[str, str]
    body: bytes
    at: float
    connection: int

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


def answer(status: int = 204, *lines: str, body: bytes = b"") -> bytes:
    head = [f"HTTP/1.1 {status} X", *lines]
    if status != 204:
        head.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


Behaviour = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def says(*answers: bytes) -> Behaviour:
    """These in turn, and the last one from then on."""
    left = list(answers)

    async def behave(_: Received, writer: asyncio.StreamWriter) -> None:
        writer.write(left.pop(0) if len(left) > 1 else left[0])

    return behave


async def until(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    """What a condition is about is told by nobody, so it is asked again and again."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@dataclass
class Receiver:
    """What came, and how to answer; `most`: how many were at work at once."""

    behave: Behaviour = field(default_factory=lambda: says(answer()))
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    busy: int = 0
    most: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    async def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> None:
        await until(condition, seconds)

    async def has(self, count: int, seconds: float = 20.0) -> None:
        """At least so many have come."""
        await self.until(lambda: len(self.received) >= count, seconds)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin-1").split("\r\n")[1:-2]
                headers = {name.lower(): value for name, value in (each.split(": ", 1) for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                got = Received(headers, body, asyncio.get_running_loop().time(), number)
                self.received.append(got)
                self.busy += 1
                self.most = max(self.most, self.busy)
                try:
                    await self.behave(got, writer)
                    await writer.drain()
                finally:
                    self.busy -= 1
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            with suppress(ConnectionError):
                writer.close()


@asynccontextmanager
async def receiving(behave: Behaviour | None = None) -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver() if behave is None else Receiver(behave)
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, backlog=1024)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
