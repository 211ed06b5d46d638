"""Couriers as the supervisor keeps them: each takes another configuration by being followed by another process, without a gap.

successor forked, listening on the same socket → it serves → the former one stops accepting, settles, gives its lanes back, ends
"""

import asyncio
import socket
import time
from collections.abc import Mapping
from typing import Final

from gateway.config import Settings
from gateway.config.watched import Contents
from gateway.observe import logs
from gateway.process.launcher import Launcher
from gateway.process.sockets import Listener
from gateway.process.workers import PAUSES, WHOLE, Workers

_UNREAD: Final = ("cors", "cursors", "drift", "idempotency", "leaks", "mcp", "oauth", "sessions", "tokens")
"""The sections of the configuration that say nothing to a courier."""


def concerned(running: Settings, wanted: Settings, seen: Contents, now: Contents) -> bool:
    """Whether couriers have to take `wanted`. seen, now: the files that are watched, as they were and as they are."""
    if running == wanted or seen != now:
        # Whoever reloads what has not changed wants it taken, such as a file that nobody watches.
        return True
    return running.model_copy(update={name: getattr(wanted, name) for name in _UNREAD}) != wanted


class Couriers(Workers):
    """`count` couriers, each in one of two seats: while it is followed, its successor has the other.

    A seat is what couriers call themselves by: whoever has it next ends the leases of whoever had it before.
    """

    def __init__(
        self,
        count: int,
        public: Listener,
        launcher: Launcher,
        environment: Mapping[str, str],
        grace: float,
        module: str = "gateway.process.courier",
        *,
        needed: bool = True,
    ) -> None:
        super().__init__(count, public, launcher, environment, grace, module, needed=needed)
        self._workers = [None] * (2 * count)
        self._listening: dict[int, socket.socket] = {}
        self._inherited: dict[int, socket.socket] = {}

    async def renew(self, handover: bytes) -> None:
        """Let each be followed by one with this, one after the other.

        The next one serves, from the same queue of connections, before the former one is told to leave: nobody who posts an
        event is refused meanwhile. One that does not come up is given up, and the former one goes on.
        """
        self._handover = handover
        there = [place for place, courier in enumerate(self._workers) if courier is not None]
        for place in there:
            if place not in self._leaving and not self._stopping.is_set():
                await self._follow(place, (place + self._wanted) % (2 * self._wanted))

    async def stop(self) -> None:
        self._close()
        await super().stop()

    def kill(self) -> None:
        self._close()
        super().kill()

    async def _follow(self, place: int, successor: int) -> None:
        await self._left(successor)
        if (listening := self._listening.get(place)) is not None:
            self._inherited[successor] = listening.dup()
        up = asyncio.get_running_loop().create_future()
        keeper = asyncio.create_task(self._keep(successor, up))
        self._keepers = [*(each for each in self._keepers if not each.done()), keeper]
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((up, stopped), timeout=WHOLE, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not up.done():
            logs.event("courier could not be renewed", "error", worker=place)
        leaving = place if up.done() else successor
        self._leaving.add(leaving)
        if (courier := self._workers[leaving]) is not None:
            courier.terminate()

    async def _left(self, place: int) -> None:
        """Whoever had the seat before may still be at what it had begun."""
        until = time.monotonic() + WHOLE + self.grace
        while place in self._leaving and time.monotonic() < until and not self._stopping.is_set():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(PAUSES[0])

    def _socket(self, place: int) -> socket.socket:
        return self._inherited.pop(place, None) or super()._socket(place)

    def _launched(self, place: int, listening: socket.socket) -> None:
        # Kept for the next one, for as long as this one lives: a queue that nobody reads must not be.
        self._ended(place)
        self._listening[place] = listening
        if self._stopping.is_set():
            self._close()

    def _ended(self, place: int) -> None:
        if (listening := self._listening.pop(place, None)) is not None:
            listening.close()

    def _close(self) -> None:
        for sockets in (self._listening, self._inherited):
            while sockets:
                sockets.popitem()[1].close()
