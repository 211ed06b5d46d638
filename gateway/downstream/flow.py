"""Back pressure in both directions: reading stops when nobody takes what was read, writing waits for the client to read."""

from __future__ import annotations

import asyncio
from typing import Final

HIGH_WATER: Final = 64 * 1024
"""Bytes of a body that wait for the application before reading stops."""


class Flow:
    """Of one connection. `stalled`: whether it was given up because the client reads nothing."""

    __slots__ = ("_transport", "_writable", "read_paused", "stalled", "write_paused")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._writable: asyncio.Event | None = None  # made only for those who wait for it
        self.read_paused = False
        self.write_paused = False
        self.stalled = False

    async def drain(self) -> None:
        """Wait until more may be written."""
        if self.write_paused:
            if self._writable is None:
                self._writable = asyncio.Event()
            await self._writable.wait()

    def pause_reading(self) -> None:
        """Read nothing more for now."""
        if not self.read_paused and not self._transport.is_closing():
            self.read_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self.read_paused:
            self.read_paused = False
            if not self._transport.is_closing():
                self._transport.resume_reading()

    def pause_writing(self) -> None:
        """Too much is waiting to be read by the client."""
        self.write_paused = True

    def resume_writing(self) -> None:
        """Little enough is waiting, or the client is gone."""
        self.write_paused = False
        if self._writable is not None:
            self._writable.set()
            self._writable = None
