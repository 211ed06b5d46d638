"""What a connection costs for one request, without network, stages and services: the fast path alone, the parser, a page.

    python -m bench.connection

µs of processor time, the least of 15 runs of 2,000 requests each on one kept connection.
"""

from __future__ import annotations

import asyncio
import gc
import time
from typing import Any

import uvicorn
import uvloop
from uvicorn.server import ServerState

from gateway.downstream.connection import protocol
from gateway.downstream.direct import Turn

HEAD = (
    b"GET /%b/contacts/con_000000000000000000000000 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nVersion: 2026-09-01\r\n"
    b"Authorization: Bearer gw_pat_000000000000000000000000000000000000\r\nAccept: */*\r\nUser-Agent: bench\r\n\r\n"
)
LINES = b"vary: Authorization, Version\r\ncache-control: no-store\r\nx-request-id: req_000000000000000000000000\r\n"
BODY = b"x" * 500
DATE = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")]


class Wire(asyncio.Transport):
    """The client's end: whatever is written is an answer, and the next request follows."""

    def __init__(self, answered: Any) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self._answered = answered

    def write(self, data: Any) -> None:
        self._answered()

    def is_closing(self) -> bool:
        return False


async def serve(turn: Turn) -> None:
    await turn.answer(200, LINES, BODY, b"application/json")


async def page(_scope: Any, _receive: Any, send: Any) -> None:
    headers = [(b"content-length", b"%d" % len(BODY)), (b"content-type", b"text/html"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": BODY})


async def measured(data: bytes, *, fast_path: bool, count: int = 2000) -> float:
    speaking = protocol(lambda *_: ((), b""), serve, fast_path=fast_path)
    config = uvicorn.Config(page, http=speaking, log_config=None, lifespan="off")
    config.load()
    state, loop = ServerState(), asyncio.get_running_loop()
    state.default_headers = DATE
    connection, done, left = speaking(config, state, {}), loop.create_future(), count

    def answered() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)
        else:
            loop.call_soon(connection.data_received, data)

    connection.connection_made(Wire(answered))
    before = time.process_time()
    loop.call_soon(connection.data_received, data)
    await done
    return (time.process_time() - before) / count * 1e6


def main() -> None:
    gc.disable()
    for name, first, fast_path in (("fast path", b"v1", True), ("parser", b"v1", False), ("page", b"console", True)):
        least = min(uvloop.run(measured(HEAD % first, fast_path=fast_path)) for _ in range(15))
        print(f"{name:10} {least:6.1f} µs")


if __name__ == "__main__":
    main()
