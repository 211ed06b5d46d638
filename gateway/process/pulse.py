"""The pipe by which a child process says that it lives."""

import asyncio
import os
from contextlib import suppress
from typing import Final

from gateway.process import child, swap

_ANSWERS: Final = (swap.BUILT, swap.BROKEN, swap.SWAPPED)


class Pulse:
    """What a worker says through its pipe: a byte when it serves, and more for as long as its loop turns."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._ended = False
        self.full = False
        self._heard = asyncio.Event()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        asyncio.get_running_loop().add_reader(pipe, self._hear)

    async def beat(self) -> bool:
        """Wait for the next; False when the worker has ended instead."""
        await self._heard.wait()
        self._heard.clear()
        return not self._ended

    async def answer(self, seconds: float) -> bytes | None:
        """What it says to one of the words of gateway/process/swap.py; empty when it has ended, None when it says nothing."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                return await self._answers.get()
        return None

    def close(self) -> None:
        self._answers.put_nowait(b"")
        asyncio.get_running_loop().remove_reader(self._pipe)
        os.close(self._pipe)

    def _hear(self) -> None:
        said = os.read(self._pipe, 4096)
        for word in (said[at : at + 1] for at in range(len(said))):
            if word in _ANSWERS:
                self._answers.put_nowait(word)
        self._ended, self.full = said == b"", child.FULL in said
        self._heard.set()
        if self._ended:
            asyncio.get_running_loop().remove_reader(self._pipe)
