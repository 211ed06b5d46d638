"""A running gateway, asked over connections of its own: what a real socket shows beside the answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from tests.attacks.fuzzing.asked import Request
from tests.attacks.fuzzing.deployed import apart
from tests.attacks.fuzzing.inside import PATIENCE, Said, first

_QUIET = 0.02  # seconds after which nothing more is expected of who waits for more
_NONE = Said(0, b"", b"", whole=False)


class Sockets:
    """The public port. After each request `fault` says how its framing was broken; empty when it was not."""

    def __init__(self, port: int) -> None:
        self.fault = ""
        self.connections = 0
        self._port = port
        self._kept: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def answers(self, request: Request) -> list[Said]:
        """All that is answered to it."""
        self.fault = ""
        try:
            if request.wild:
                return await self._poured(request)
            return [await self._asked(request)]
        except ConnectionError as error:
            self.fault = f"the connection broke: {error!r}"
        except TimeoutError:
            self.fault = "neither an answer nor an end"
        await self.aclose()
        return []

    async def aclose(self) -> None:
        """Hang up."""
        if self._kept is not None:
            await _ended(self._kept[1])
        self._kept = None

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self.connections += 1
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _asked(self, request: Request) -> Said:
        """A request that is one, on a connection that goes on until the gateway says that it does not."""
        if self._kept is None:
            self._kept = await self._open()
        reader, writer = self._kept
        # Not waited for: some are answered before all is sent.
        writer.write(request.pieces[0])
        said, rest = await asyncio.wait_for(_one(reader, request.method.encode()), PATIENCE)
        if said.header(b"connection") == b"close":
            if await asyncio.wait_for(reader.read(), PATIENCE):
                self.fault = "more than the last answer"
            await self.aclose()
        elif rest or reader.at_eof():
            self.fault = "closed without a word" if reader.at_eof() else f"more than the answer: {rest!r}"
            await self.aclose()
        return said

    async def _poured(self, request: Request) -> list[Said]:
        """Whatever bytes: what ends them is the gateway's to say, or the client's end."""
        reader, writer = await self._open()
        try:
            for piece in request.pieces:
                writer.write(piece)
                await asyncio.sleep(0)
            received = await _until_quiet(reader)
            said = list(apart(received, request.method.encode()))
            last = said[-1].header(b"connection") == b"close" if said else False
            if reader.at_eof():
                # A body that turns out to be none when its request is answered ends the connection; nothing is left to be said.
                return said
            if not last:
                with suppress(OSError):
                    writer.write_eof()
            received += await asyncio.wait_for(reader.read(), PATIENCE)
            said = list(apart(received, request.method.encode()))
            if any(each.header(b"connection") == b"close" for each in said[:-1]):
                self.fault = "answered after the last answer"
            return said
        finally:
            await _ended(writer)


async def _one(reader: asyncio.StreamReader, method: bytes) -> tuple[Said, bytes]:
    """An answer, and what was received beyond it."""
    received = bytearray()
    while (found := first(received, method, closed=reader.at_eof())) is None:
        if reader.at_eof():
            return _NONE, bytes(received)
        received += await reader.read(65_536)
    said, size = found
    return said, bytes(received[size:])


async def _until_quiet(reader: asyncio.StreamReader) -> bytes:
    received = bytearray()
    with suppress(TimeoutError):
        while chunk := await asyncio.wait_for(reader.read(65_536), _QUIET):
            received += chunk
    return bytes(received)


async def _ended(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
