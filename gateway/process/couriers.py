"""Couriers as the supervisor keeps them: each takes another configuration by being followed by another process, without a gap.

successor forked, listening on the same socket → it serves → the former one stops accepting, settles, gives its lanes back, ends

Of several none leaves before the successors of all serve: either all change or none, as with workers.
"""

import asyncio
import socket
import time
from collections.abc import Iterable
from functools import cached_property
from typing import Final

from gateway.config import Settings
from gateway.config.watched import Contents
from gateway.observe import logs
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

    module = "gateway.process.courier"
    seats = 2

    @cached_property
    def _listening(self) -> dict[int, socket.socket]:
        """What each accepts from, kept for its successor, as long as it lives: a queue that nobody reads must not be."""
        return {}

    async def follow(self, handover: bytes) -> bool:
        """Have each followed by one with this, one after the other: whether all successors serve.

        They serve beside the former ones, from the same queues of connections, until `hand_over`: nobody who posts an event is
        refused meanwhile. Where one does not come up, all that were started for this leave, and the former ones go on.
        """
        serving: list[int] = []
        for place in [place for place, courier in enumerate(self._workers) if courier is not None]:
            if place in self._leaving or self._stopping.is_set():
                continue
            successor = self._other(place)
            if not await self._followed(place, successor, handover):
                self._leave(serving)
                return False
            serving.append(successor)
        return True

    def hand_over(self, handover: bytes) -> None:
        """Those whose successors were given this leave, and whoever is started from now on is given it too."""
        self._leave([place for place in range(len(self._workers)) if self._handovers[self._other(place)] is handover])
        self._give(handover)

    async def stop(self) -> None:
        self._close()
        await super().stop()

    def kill(self) -> None:
        self._close()
        super().kill()

    def _other(self, place: int) -> int:
        return (place + self._wanted) % len(self._workers)

    async def _followed(self, place: int, successor: int, handover: bytes) -> bool:
        await self._left(successor)
        if successor in self._leaving:
            logs.event("courier could not be renewed", "error", courier=place, reason="its predecessor has not ended")
            return False
        self._handovers[successor] = handover
        up = asyncio.get_running_loop().create_future()
        keeper = asyncio.create_task(self._keep(successor, up, vital=True))
        self._keepers = [*(each for each in self._keepers if not each.done()), keeper]
        stopped = asyncio.create_task(self._stopping.wait())
        await asyncio.wait((up, stopped), timeout=WHOLE, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if self._stopping.is_set():
            return False
        if up.done() and up.result():
            return True
        reason = "its successor ended" if up.done() else f"its successor did not serve within {WHOLE:g} s"
        logs.event("courier could not be renewed", "error", courier=place, reason=reason)
        if not keeper.done():
            self._leaving.add(successor)
            if (courier := self._workers[successor]) is not None:
                courier.kill()  # it serves nobody yet, and may be past listening
        return False

    def _leave(self, places: Iterable[int]) -> None:
        for place in places:
            self._leaving.add(place)
            if (courier := self._workers[place]) is not None:
                courier.terminate()

    async def _left(self, place: int) -> None:
        """Whoever had the seat before may still be at what it had begun."""
        until = time.monotonic() + WHOLE + self.grace
        while place in self._leaving and time.monotonic() < until and not self._stopping.is_set():  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(PAUSES[0])

    def _socket(self, place: int) -> socket.socket:
        followed = self._listening.get(self._other(place))
        return super()._socket(place) if followed is None else followed.dup()

    def _launched(self, place: int, listening: socket.socket) -> None:
        self._listening[place] = listening
        if self._stopping.is_set():
            self._close()

    def _ended(self, place: int) -> None:
        if (listening := self._listening.pop(place, None)) is not None:
            listening.close()

    def _close(self) -> None:
        while self._listening:
            self._listening.popitem()[1].close()
