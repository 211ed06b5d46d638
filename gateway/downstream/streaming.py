"""Answers that are sent while they are made. What goes wrong on the way cannot become a problem document any more: the
connection is cut before the last chunk, so that no client takes a part for the whole (RFC 9112 § 7.1, § 8).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from starlette.types import Receive

from adapters.core.calls import Answer
from gateway.downstream.direct import Turn

Finished = Callable[[int, "Exception | None"], None]


class ClientLeft(Exception):
    """The client closed the connection before the answer was complete."""


class ClientSlow(ClientLeft):
    """The client read less than it has to, so the connection was closed."""


class ShuttingDown(Exception):
    """The server stopped before the answer was complete."""


class Streamed(Answer):
    """An answer whose body follows in pieces.

    close: lets go of what the pieces come from; finished: called once at the end, with the bytes sent and what went wrong.
    """

    __slots__ = ("close", "finished", "pieces")

    finished: Finished

    def __init__(self, head: Answer, pieces: AsyncIterator[bytes], close: Callable[[], Awaitable[None]]) -> None:
        super().__init__(head.status, b"", head.headers, head.content_type)
        self.pieces = pieces
        self.close = close


async def stream(turn: Turn, answer: Streamed, lines: bytes) -> None:
    """Send the answer as fast as the client takes it. Returns without the last chunk when it cannot be completed."""
    sent = 0
    leaving: asyncio.Task[None] | None = None
    failure: Exception | None = None
    try:
        await turn.begin(answer.status, lines, answer.content_type)
        # Not before: a body that was cut off ends what has not begun to be answered, and this needs none.
        leaving = asyncio.create_task(_left(turn.receive))
        async for piece in answer.pieces:
            if turn.method == "HEAD":
                break  # nobody is told any of it
            await turn.piece(piece)
            if leaving.done() or turn.gone():
                raise ClientSlow if turn.flow.stalled else ClientLeft
            sent += len(piece)
    except asyncio.CancelledError:
        failure = ShuttingDown()
        raise
    except Exception as error:  # noqa: BLE001 - the head is out: all that is left is to cut the connection and say why
        failure = error
    finally:
        if leaving is not None:
            leaving.cancel()
        try:
            await answer.close()
        finally:
            answer.finished(sent, failure)
    if failure is None:
        await turn.piece(b"", more=False)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
