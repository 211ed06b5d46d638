"""The receivers of all endpoints: `python -m bench.webhooks.receiver [PEM]` prints its port and, with a certificate, one for TLS.

They answer at once and keep the connection, unless the path says otherwise: `/close` closes it, `/after/MS` answers after so many
milliseconds, `/hang` after 19 s, `/down` with 503. `GET /count` says how many deliveries there were, `GET /seen` which and when
(milliseconds of the machine's monotonic clock) since it was asked last, `GET /release` ends the waits of those that hang.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
import time
from typing import Final, cast

from uvicorn.loops.uvloop import uvloop_loop_factory

HANGS: Final = 19.0
_BODY: Final = b"Date: Sat, 28 Nov 2026 07:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nOK"
_FINE: Final = b"HTTP/1.1 200 OK\r\n" + _BODY
_LAST: Final = b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + _BODY
_DOWN: Final = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Told:
    """What came in, over all connections."""

    def __init__(self) -> None:
        self.count = 0
        self.seen: list[tuple[str, str, float]] = []
        self.hanging: set[Receiver] = set()

    def answer(self, path: bytes) -> object:
        """What a GET is told."""
        if path == b"/count":
            return self.count
        if path == b"/release":
            for each in [*self.hanging]:
                each.say(_FINE)
            return len(self.seen)
        seen, self.seen = self.seen, []
        return seen


class Receiver(asyncio.Protocol):
    """One connection, on which one request at a time comes."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._left = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._told.hanging.discard(self)

    def data_received(self, data: bytes) -> None:
        self._left += data
        while (end := self._left.find(b"\r\n\r\n")) >= 0:
            head = self._left[:end].lower()
            at = head.find(b"content-length: ")
            length = int(head[at + 16 :].partition(b"\r")[0]) if at >= 0 else 0
            if len(self._left) < end + 4 + length:
                return
            self._left = self._left[end + 4 + length :]
            self._received(head)

    def _received(self, head: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if method == b"get":
            body = json.dumps(self._told.answer(path)).encode()
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
            return
        self._told.count += 1
        at = head.find(b"webhook-id: ")
        self._told.seen.append((head[at + 12 :].partition(b"\r")[0].decode(), path.decode(), time.monotonic() * 1000))
        loop = asyncio.get_running_loop()
        if path == b"/close":
            self._transport.write(_LAST)
            self._transport.close()
        elif path == b"/down":
            self.say(_DOWN)
        elif path == b"/hang":
            self._told.hanging.add(self)
            loop.call_later(HANGS, self.say, _FINE)
        elif path.startswith(b"/after/"):
            loop.call_later(int(path.rpartition(b"/")[2]) / 1000, self.say, _FINE)
        else:
            self._transport.write(_FINE)

    def say(self, answer: bytes) -> None:
        """Answer, if anybody still listens."""
        self._told.hanging.discard(self)
        if not self._transport.is_closing():
            self._transport.write(answer)


async def _serve(certificate: str | None) -> None:
    told, loop = Told(), asyncio.get_running_loop()
    # Every address of 127.0.0.0/8 is this machine's: each endpoint has one of its own, as it would elsewhere.
    plain = await loop.create_server(lambda: Receiver(told), "0.0.0.0", 0, backlog=4096)
    ports = [plain.sockets[0].getsockname()[1]]
    servers = [plain]
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(certificate)
        secure = await loop.create_server(lambda: Receiver(told), "0.0.0.0", 0, ssl=context, backlog=4096)
        ports.append(secure.sockets[0].getsockname()[1])
        servers.append(secure)
    print(json.dumps(ports), flush=True)
    await asyncio.gather(*(each.serve_forever() for each in servers))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
        runner.run(_serve(sys.argv[1] if len(sys.argv) > 1 else None))
