"""A guarded service that answers by a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from gateway.upstream import Breaking, Guard, Response
from tests.upstream.service import OK, Peer

FAILED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno"
NEVER = Breaking(share=1.0, least=10**9)

MakeGuard = Callable[..., Guard]


async def read(guard: Guard, **how: Any) -> Response:
    return await guard.request(b"GET", b"/x", b"", writes=False, **how)


async def write(guard: Guard, **how: Any) -> Response:
    return await guard.request(b"POST", b"/x", b"", b"{}", writes=True, **how)


class Scripted:
    """Answers by turns: what `say` gives for the number of a request; None is cut off, a number are seconds of silence."""

    def __init__(self, say: Callable[[int], bytes | float | None]) -> None:
        self.count = 0
        self.say = say
        self.under_way = self.peak = 0

    async def __call__(self, peer: Peer) -> None:
        while True:
            await peer.read()
            self.count += 1
            self.under_way += 1
            self.peak = max(self.peak, self.under_way)
            said = self.say(self.count)
            try:
                if isinstance(said, float):
                    await asyncio.sleep(said)
                    said = OK
                if said is None:
                    return
                await peer.send(said)
            finally:
                self.under_way -= 1
