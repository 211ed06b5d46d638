"""A courier in a process of its own, which ends by SIGKILL at a point that a test names. Nothing of this is in the product."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, Final

from uvicorn.loops.uvloop import uvloop_loop_factory

from gateway.keys.keyring import Keyring
from gateway.observe import logs
from gateway.stores.sql import Sql, webhook_accepting, webhook_filling, webhook_lanes, webhook_queue
from gateway.webhooks import outcomes
from gateway.webhooks.courier import Courier
from gateway.webhooks.intake import Intake, Unavailable
from tests.stores.webhooks import event
from tests.webhooks.delivering import Post

# Forked from one process that has everything loaded and no threads.
SERVER: Final = multiprocessing.get_context("forkserver")
SERVER.set_forkserver_preload(["tests.webhooks.mortal"])


@dataclass(frozen=True)
class Life:
    """What a courier does until it dies.

    events   numbers of those that are posted to it; point: where it dies, None to live until SIGTERM; nth: at which time there
    fatal    objects whose events end it when their body is made
    """

    url: str
    keyring: str
    name: str
    events: Sequence[int] = ()
    point: str | None = None
    nth: int = 1
    fatal: Sequence[str] = ()


def born(life: Life) -> tuple[BaseProcess, Connection]:
    """The process, and where it says which events it has answered with 2xx."""
    ours, theirs = SERVER.Pipe(duplex=False)
    process = SERVER.Process(target=_live, args=(life, theirs), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def said(connection: Connection) -> set[int]:
    """Events that a process had answered before it ended."""
    found: set[int] = set()
    try:
        while True:
            found.add(connection.recv())
    except EOFError:
        return found


def _live(life: Life, answers: Connection) -> None:
    logs.configure("error")
    if life.point is not None:
        POINTS[life.point](life.nth)
    with asyncio.Runner(loop_factory=uvloop_loop_factory()) as runner:
        runner.run(_deliver(life, answers))


async def _deliver(life: Life, answers: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    sql = Sql(life.url)
    post = Post(sql, Keyring.load(life.keyring))
    post.renderer.fatal = frozenset(life.fatal)
    courier = post.courier(name=life.name)
    intake = Intake(sql, courier.wake)
    running = asyncio.create_task(courier.run())

    async def accept(number: int) -> None:
        with suppress(Unavailable):  # 503, and the sender repeats it
            await intake.accept(event(number))
            answers.send(number)

    await asyncio.gather(*map(accept, life.events))
    await stop.wait()
    await courier.stop(5.0)
    await running
    sql.close()


def die() -> None:
    """Nothing is tidied up: no handler runs, no buffer is written."""
    os.kill(os.getpid(), signal.SIGKILL)


def before(owner: Any, name: str, counts: Callable[..., Any] = lambda *_: True) -> Callable[[int], None]:
    """Dies instead of the nth call that counts."""

    def arranged(nth: int) -> None:
        original, left = getattr(owner, name), [nth]

        def dying(*given: Any, **named: Any) -> Any:
            left[0] -= bool(counts(*given))
            if not left[0]:
                die()
            return original(*given, **named)

        setattr(owner, name, dying)

    return arranged


def after(owner: Any, name: str, counts: Callable[..., Any] = lambda *_: True) -> Callable[[int], None]:
    """Dies when the nth call that counts has returned."""

    def arranged(nth: int) -> None:
        original, left = getattr(owner, name), [nth]

        def dying(*given: Any, **named: Any) -> Any:
            result = original(*given, **named)
            left[0] -= bool(counts(*given))
            if not left[0]:
                die()
            return result

        setattr(owner, name, dying)

    return arranged


POINTS: Final[dict[str, Callable[[int], None]]] = {
    "the event is written and not committed": after(webhook_accepting, "write"),
    "the event is committed and not answered": before(Intake, "_answer"),
    "the lane is leased and nothing sent": before(Courier, "_leased"),
    "the post is under way": lambda _: None,  # its receiver kills it
    "the answer is read and not settled": before(outcomes, "judged"),
    "the outcomes are written and not committed": after(webhook_queue, "settle", lambda _, settled, *__: settled),
    "the outcomes are committed and not known to be": before(Courier, "_said", lambda _, __, part, *___: part.outcomes),
    "the lane is given back and that not committed": after(webhook_lanes, "release", lambda _, ids, *__: ids),
    "rows are made from the log and not committed": after(webhook_filling, "fill"),
}
