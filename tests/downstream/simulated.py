"""A connection without a network and without waiting: time that passes at once, and the other end of a wire."""

from __future__ import annotations

import asyncio
import selectors
from typing import Any

from gateway.downstream.connection import Connection


class Clock(asyncio.SelectorEventLoop):
    """A loop whose time passes only when nothing else is left to do, and then at once."""

    class Still(selectors.DefaultSelector):
        clock: Clock

        def select(self, timeout: float | None = None) -> list[Any]:
            found = super().select(0)
            if not found and timeout:
                self.clock.now += timeout
            return found

    def __init__(self) -> None:
        self.now = 0.0
        still = Clock.Still()
        still.clock = self
        super().__init__(still)

    def time(self) -> float:
        return self.now


class Wire(asyncio.Transport):
    """The other end: `unread` says that it takes nothing of what is written. `lost` is the moment the connection was gone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__({"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)})
        self.loop = loop
        self.protocol: Connection
        self.written = b""
        self.kept = 0
        self.unread = self.paused = self.closing = self.ended = False
        self.lost: float | None = None

    def write(self, data: Any) -> None:
        assert not self.ended, "written after the end"
        if self.closing:
            return
        self.written += data
        if self.unread:
            self.kept += len(data)
            if self.kept > 65536 and not self.protocol.flow.write_paused:
                self.protocol.pause_writing()

    def is_closing(self) -> bool:
        return self.closing

    def get_write_buffer_size(self) -> int:
        return self.kept

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self.ended = True

    def pause_reading(self) -> None:
        assert not self.paused
        self.paused = True

    def resume_reading(self) -> None:
        assert self.paused
        self.paused = False

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            if self.kept == 0:
                self.loop.call_soon(self.gone)

    def abort(self) -> None:
        self.closing = True
        self.loop.call_soon(self.gone)

    def gone(self) -> None:
        if self.lost is None:
            self.lost = self.loop.time()
            self.protocol.connection_lost(None)
