"""How a worker takes another configuration without losing a request: the supervisor's words to it, and what it does at them.

PREPARE (settings and facts) → the application is built beside the one that answers → BUILT or BROKEN
COMMIT → it answers from the next request on, on whatever connection → SWAPPED; the former one ends when its last request has
ABORT → it is thrown away

The supervisor says COMMIT when all workers have said BUILT, so that either all change or none.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import struct
import sys
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gateway.observe import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Receive, Scope, Send

    from gateway.app import App

PREPARE: Final = b"P"
COMMIT: Final = b"C"
ABORT: Final = b"A"
BUILT: Final = b"b"
BROKEN: Final = b"x"
SWAPPED: Final = b"s"

_HEAD: Final = struct.Struct(">cI")
_TURN: Final = 0.0005  # seconds for which the thread that builds may hold up the one that answers


def frame(word: bytes, payload: bytes = b"") -> bytes:
    """One of the supervisor's words, as it goes through the pipe."""
    return _HEAD.pack(word, len(payload)) + payload


async def frames(pipe: int) -> AsyncIterator[tuple[bytes, bytes]]:
    """The words that come through the pipe, each with its payload, until it ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(pipe), "rb")
    )
    try:
        while True:
            word, length = _HEAD.unpack(await reader.readexactly(_HEAD.size))
            yield word, await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return


class Answering:
    """The ASGI application of a worker: one `App`, and after a COMMIT another in its place.

    `create`: makes one of settings and facts. `take`: tells whoever holds parts of the application that it is this one now.
    """

    def __init__(self, app: App, create: Callable[..., App], take: Callable[[App], None]) -> None:
        self._app = app
        self._create = create
        self._take = take
        self._next: App | None = None
        self._retiring: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        await receive()
        try:
            await self._app.start()
        except Exception as error:
            logs.event("worker could not start", "error", error=error)
            await send({"type": "lifespan.startup.failed", "message": "the gateway could not start"})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._end()
        await send({"type": "lifespan.shutdown.complete"})

    async def follow(self, pipe: int, say: Callable[[bytes], None], under_way: Collection[asyncio.Task[None]]) -> None:
        """Do what the supervisor says through `pipe`, and `say` what came of it. `under_way`: the requests being answered."""
        async for word, payload in frames(pipe):
            if word == PREPARE:
                say(BUILT if await self._built(payload) else BROKEN)
            elif word == COMMIT and self._next is not None:
                self._swap(self._next, tuple(under_way))
                say(SWAPPED)
            elif self._next is not None:
                await self._next.aclose()
                self._next = None

    def _swap(self, app: App, under_way: Collection[asyncio.Task[None]]) -> None:
        # Nobody may hold the former one beyond its end, this frame included.
        retiring = asyncio.create_task(_retired(self._app, under_way))
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        self._app, self._next = app, None
        self._take(app)

    async def _built(self, payload: bytes) -> bool:
        settings, runtime = pickle.loads(payload)  # noqa: S301 - written by our own supervisor
        app = self._create(settings, runtime, self._app.offer)
        try:
            with _in_small_turns(), _out_of_the_collectors_way():
                await app.start(self._app)
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker goes on as it was
            logs.event("the configuration could not be taken", "error", error=error)
            await app.aclose()
            return False
        self._next = app
        return True

    async def _end(self) -> None:
        for retiring in self._retiring:
            retiring.cancel()
        await asyncio.gather(*self._retiring, return_exceptions=True)
        if self._next is not None:
            await self._next.aclose()
        await self._app.aclose()


async def _retired(former: App, under_way: Collection[asyncio.Task[None]]) -> None:
    """End the former application when the requests that it was answering have ended, or when this is cancelled.

    It goes when nobody refers to it any more, in 3 ms. Looking for what of it is left would take 40, in which nobody is
    answered: so its parts do not refer to each other in circles (tests/process/test_swap.py counts what is left).
    """
    try:
        if under_way:
            await asyncio.wait(under_way)
    finally:
        await former.aclose()


@contextmanager
def _out_of_the_collectors_way() -> Iterator[None]:
    """What is made stays for long: the collector, which stops everybody, neither looks at it now nor later."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@contextmanager
def _in_small_turns() -> Iterator[None]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(_TURN)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
