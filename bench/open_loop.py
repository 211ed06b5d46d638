"""Load at a constant rate, whatever the answers do: a request is late from the moment it was to be sent, not from when it was.

A client that waits for an answer before it asks again stops asking while a server pauses, and so hardly notices the pause.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: (\d+)")
_POLICY: Final = re.compile(rb"(?i)\r\nratelimit-policy: ([^\r]*)")
_END: Final = b"\r\n\r\n"


@dataclass(slots=True)
class Answered:
    """due: when it was to be sent (the monotonic clock); took: seconds from then to its last byte; policy: its RateLimit-Policy."""

    due: float
    took: float
    status: int
    policy: bytes


@dataclass(slots=True)
class Load:
    """What came of it. lost: connections that ended under a request, or that were ended between two."""

    answers: list[Answered] = field(default_factory=list)
    lost: int = 0


class Client:
    """Connections that ask one after the other in equal distances. `requests`: whole messages, taken in turns."""

    def __init__(self, port: int, requests: Sequence[bytes], connections: int) -> None:
        self._port = port
        self._requests = requests
        self._connections = connections
        self.load = Load()

    async def most(self, seconds: float) -> float:
        """Requests a second when each connection asks as soon as it is answered; what came of them is forgotten."""
        await self._run(0.0, seconds)
        count, self.load = len(self.load.answers), Load()
        return count / seconds

    async def run(self, rate: float, ended: asyncio.Event) -> None:
        """Ask `rate` times a second until `ended`."""
        await self._run(rate, None, ended)

    async def _run(self, rate: float, seconds: float | None, ended: asyncio.Event | None = None) -> None:
        begin = time.monotonic() + 0.1
        distance = self._connections / rate if rate else 0.0
        until = begin + seconds if seconds is not None else float("inf")
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda: _Asking(self.load), "127.0.0.1", self._port)
            for _ in range(self._connections)
        ]
        asking = [protocol for _, protocol in made]

        async def ask(nth: int) -> None:
            due, turn = begin + nth * distance / self._connections, nth
            while due < until and not (ended is not None and ended.is_set()):
                if (left := due - time.monotonic()) > 0:
                    await asyncio.sleep(left)
                if asking[nth].gone:
                    _, asking[nth] = await loop.create_connection(lambda: _Asking(self.load), "127.0.0.1", self._port)
                await asking[nth].ask(self._requests[turn % len(self._requests)], due)
                turn += self._connections
                due = due + distance if distance else time.monotonic()

        await asyncio.gather(*map(ask, range(self._connections)))
        for each in asking:
            each.close()


class _Asking(asyncio.Protocol):
    def __init__(self, load: Load) -> None:
        self.gone = False
        self._load = load
        self._left = b""
        self._due = 0.0
        self._answered: asyncio.Future[None] | None = None
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    async def ask(self, request: bytes, due: float) -> None:
        self._due, self._answered = due, asyncio.get_running_loop().create_future()
        self._transport.write(request)
        await self._answered

    def close(self) -> None:
        self._closing = True
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._left += data
        head, ended, body = self._left.partition(_END)
        if not ended:
            return
        length = _LENGTH.search(head)
        if length is None or len(body) < int(length[1]):
            return
        self._left = b""
        policy = _POLICY.search(head)
        took = time.monotonic() - self._due
        self._load.answers.append(Answered(self._due, took, int(head[9:12]), policy[1] if policy else b""))
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone = True
        if not self._closing:
            self._load.lost += 1
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(None)
