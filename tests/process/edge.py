"""An application behind the worker's HTTP parser that notes what reaches it, and a client that speaks raw bytes."""

import asyncio
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from typing import Any

import uvicorn

from gateway.downstream.connection import protocol
from gateway.downstream.direct import Turn
from gateway.downstream.states import Limits
from gateway.process.worker import malformed

HOST = b"Host: api.example.com\r\n"
PLAIN = b"GET /v1/me HTTP/1.1\r\n" + HOST + b"\r\n"


class Edge:
    """The served port, and the requests that came through to the application: those under /v1 without ASGI.

    below: the path that requests for `/` are sent to instead, so that each is tried on both ways.
    """

    def __init__(self, *, hasty: bool = False, below: bytes = b"/") -> None:
        self.seen: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.port = 0
        self.hasty = hasty
        self.below = below
        self.connections: Collection[Any] = ()

    async def serve(self, turn: Turn) -> None:
        self.seen.append({"headers": list(turn.headers.items())})
        await self.read(turn.receive)
        await turn.answer(200, b"", b"ok", b"text/plain")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.seen.append(scope)
        await self.read(receive)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"ok"})

    async def read(self, receive: Any) -> None:
        body, more = b"", not self.hasty
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.bodies.append(body)

    async def say(self, *pieces: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        with suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece.replace(b" / HTTP", b" %b HTTP" % self.below))
                await writer.drain()
                await asyncio.sleep(0.01)
        answer = b""
        # Cut off with input unread, the connection is reset.
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(0.2):
                while chunk := await reader.read(65536):
                    answer += chunk
        writer.close()
        return answer


@asynccontextmanager
async def serving(app: Edge, limits: Limits | None = None) -> AsyncIterator[Edge]:
    speaking = protocol(malformed("https://api.example.com/problems"), app.serve, limits=limits)
    config = uvicorn.Config(app, http=speaking, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    app.connections = server.server_state.connections
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        app.port = listening.getsockname()[1]
        running = asyncio.create_task(server._serve([listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag and no event
            await asyncio.sleep(0.005)
        yield app
        server.should_exit = server.force_exit = True
        await running
