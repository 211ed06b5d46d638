"""A service that answers as the sandbox has answered before: what it was asked is known to the last request.

While it learns, what it is asked goes on to the sandbox; from then on it answers from memory, what it has not heard of like a
record that is not there. So a gateway before it does all of its own work, and a request costs no more than that.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_CHUNKED = re.compile(rb"(?i)\r\ntransfer-encoding: *chunked")
_HEADERS = ("content-type", "location", "link", "x-total-count")


Known = dict[str, tuple[int, bytes]]
"""By what is asked, the status and the whole answer."""


@dataclass(frozen=True)
class Call:
    """One request to the service, and the status it was answered with."""

    method: str
    target: str
    status: int

    @property
    def wrote(self) -> bool:
        """Whether something would have been changed by it."""
        return self.method != "GET" and "/search" not in self.target and self.status < 400


class Service:
    """`calls`: those since they were last looked at, without the questions who a user is."""

    def __init__(self, sandbox: str, known: Known | None) -> None:
        self.calls: list[Call] = []
        self.known: Known = {} if known is None else known
        self.url = ""
        self.learns = known is None  # what it is asked goes on to the sandbox
        self._sandbox = sandbox
        self._client = httpx.AsyncClient(timeout=30)

    async def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
        path = target.partition("?")[0]
        names = [f"{method} {target}", f"{method} {path}", f"{method} {_shape(path)}"]
        if self.learns:
            heard = await self._client.request(method, self._sandbox + target, headers=headers, content=body)
            told = "".join(f"{name}: {heard.headers[name]}\r\n" for name in _HEADERS if name in heard.headers)
            start = f"HTTP/1.1 {heard.status_code} Said\r\n{told}content-length: {len(heard.content)}\r\n\r\n"
            found = heard.status_code, start.encode() + heard.content
            for name in names:
                # What worked is what is repeated.
                if heard.status_code < 400 or name not in self.known:
                    self.known[name] = found
        else:
            found = next((self.known[name] for name in names if name in self.known), _MISSING)
        if not target.startswith("/api/auth/"):
            self.calls.append(Call(method, target, found[0]))
        return found[1]

    async def aclose(self) -> None:
        await self._client.aclose()


class _Connection(asyncio.Protocol):
    def __init__(self, service: Service) -> None:
        self._service = service
        self._data = b""
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, end, body = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        if _CHUNKED.search(head):
            if not body.endswith(b"0\r\n\r\n"):
                return
            body = _joined(body)
        elif (length := _LENGTH.search(head)) and len(body) < int(length[1]):
            return
        self._data = b""
        # The pool sends one request after the other.
        task = asyncio.get_running_loop().create_task(self._answer(head, body))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, head: bytes, body: bytes) -> None:
        line, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        sent = {}
        if self._service.learns:
            framing = ("host", "content-length", "transfer-encoding", "connection", "accept-encoding")
            pairs = (each.partition(":") for each in lines)
            sent = {name: value.strip() for name, _, value in pairs if name.lower() not in framing}
        self._transport.write(await self._service.answer(method, target, sent, body))


@asynccontextmanager
async def listening(sandbox: str, known: Known | None = None) -> AsyncIterator[Service]:
    """One that listens. known: what it answers from; it learns from the sandbox where it knows nothing."""
    service = Service(sandbox, known)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(service), "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield service
    finally:
        server.close()
        await service.aclose()


_ABSENT = b'{"error":{"code":"NOT_FOUND","message":"No such record."},"success":false,"message":"No such record."}'
_MISSING = (
    404,
    b"HTTP/1.1 404 Said\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    % (
        len(_ABSENT),
        _ABSENT,
    ),
)


def _shape(path: str) -> str:
    """The path, its ids left out."""
    return "/".join("*" if any(map(str.isdigit, step)) else step for step in path.split("/"))


def _joined(chunked: bytes) -> bytes:
    found, rest = b"", chunked
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        found, rest = found + rest[:length], rest[length + 2 :]
    return found
