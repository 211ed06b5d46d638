"""One connection to Valkey or Redis: commands of one turn of the loop leave in one write, their answers come back in order."""

import asyncio
from collections import deque
from typing import Any, Final, Protocol, cast

import hiredis

from gateway.stores.errors import StoreUnavailable

_INCOMPLETE: Final = object()
_REFUSES_WRITES: Final = ("READONLY", "OOM", "NOREPLICAS", "MISCONF")


class Owner(Protocol):
    """Is told what becomes of a connection."""

    def hung_up(self, link: "Link", fault: str) -> None:
        """It has ended, once."""

    def failed(self, fault: str) -> None:
        """It stays, and its store takes no writes at the moment."""


class Link(asyncio.Protocol):
    """One connection: what was asked, in order, and the parser of what comes back."""

    __slots__ = (
        "_doubted",
        "_line",
        "_loop",
        "_out",
        "_reader",
        "_timeout",
        "_timer",
        "_transport",
        "ended",
        "pending",
    )

    def __init__(self, line: Owner, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self.pending: deque[tuple[asyncio.Future[Any], float]] = deque()
        self.ended = False
        self._doubted: asyncio.Future[Any] | None = None
        self._line = line
        self._loop = loop
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        loop = self._loop
        future = loop.create_future()
        now = loop.time()
        self.pending.append((future, now))
        if not self._out:
            loop.call_soon(self._flush)
            if self._timer is None:
                self._timer = loop.call_at(now + self._timeout, self._check)
        self._out.append(packed)
        return future

    def drop(self, fault: str) -> None:
        """Ends the connection at once; everything asked and unanswered fails."""
        if self._transport is not None:
            self._transport.abort()
        self._end(fault)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"the store hung up{f': {exc}' if exc else ''}")

    def data_received(self, data: bytes) -> None:
        reader, pending = self._reader, self.pending
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not _INCOMPLETE:
                future, _ = pending.popleft()
                if not future.done():
                    future.set_result(reply)
                if isinstance(reply, hiredis.ReplyError) and str(reply).startswith(_REFUSES_WRITES):
                    # A former primary stays connected but refuses writes: another connection may find the new one.
                    if str(reply).startswith("READONLY"):
                        self.drop("the store has become read-only")
                        return
                    self._line.failed(f"the store refused: {reply}")
        except (hiredis.ProtocolError, IndexError) as fault:
            self.drop(f"the store does not speak its protocol: {fault}")

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def _check(self) -> None:
        self._timer = None
        # One timer for the oldest command does for all: they are answered in order, so none can be later than it.
        if not self.pending:
            return
        future, asked = self.pending[0]
        due = asked + self._timeout
        if due <= self._loop.time():
            if future is self._doubted:
                self.drop("the store did not answer in time")
                return
            # Perhaps this process was held up and the answer waits in the socket: uvloop runs timers before reads.
            self._doubted = future
            due = self._loop.time() + self._timeout / 10
        self._timer = self._loop.call_at(due, self._check)

    def _end(self, fault: str) -> None:
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._line.hung_up(self, fault)
        waiting, self.pending = self.pending, deque()
        for future, _ in waiting:
            if not future.done():
                future.set_exception(StoreUnavailable(fault))
