"""A registrar in a process of its own, which ends by SIGKILL at a point that a test names. Nothing of this is in the product."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Literal

from gateway.keys.keyring import Keyring
from gateway.observe import logs
from gateway.stores.sql import Sql, webhook_registrations
from gateway.upstream import Pool, Target
from gateway.webhooks import registering
from gateway.webhooks.registering import Registrar, Service
from tests.webhooks.mortal import SERVER, after, before

BASE: Final = "http://127.0.0.1:3"


@dataclass(frozen=True)
class Errand:
    """What a registrar is about when it dies. service: the settings service's URL."""

    url: str
    keyring: str
    service: str
    tenant: str
    point: str


@dataclass(frozen=True)
class Point:
    """`before`: how things stand (see the test); `work`: what is done; `arrange`: where it dies."""

    before: Literal["nothing", "lost", "standing", "unwanted", "replaced"]
    work: Literal["ensure", "check", "rotate"]
    arrange: Callable[[int], None]


POINTS: Final[dict[str, Point]] = {
    "the row is written and not committed": Point("nothing", "ensure", after(webhook_registrations, "add")),
    "the row is committed and nothing posted": Point("nothing", "ensure", before(Registrar, "_register")),
    "it stands there and not here": Point("nothing", "ensure", before(registering, "_stands")),
    "it stands here and that is not committed": Point("nothing", "ensure", after(registering, "_stands")),
    "the loss is written and not committed": Point("lost", "check", after(registering, "_lost")),
    "the loss is committed and nothing made anew": Point("lost", "check", before(Registrar, "ensure")),
    "a second row is committed and nothing posted": Point("standing", "rotate", before(Registrar, "_register")),
    "the second stands there and not here": Point("standing", "rotate", before(registering, "_stands")),
    "the old one is deleted there and not here": Point("replaced", "check", before(webhook_registrations, "remove")),
    "the last one is deleted there and not here": Point("unwanted", "check", before(webhook_registrations, "remove")),
}


@asynccontextmanager
async def registrar(sql: Sql, keys: Keyring, service: str) -> AsyncIterator[Registrar]:
    """One for tenants with keys of their own."""
    target = Target(service, connect_timeout=5.0, total_timeout=20.0, max_connections=4, max_response_bytes=1 << 20)
    pool = Pool(target)
    try:
        yield Registrar(sql, keys, {"live": Service(pool, None)}, BASE, ("deal.won",))
    finally:
        await pool.aclose()


async def killed(errand: Errand) -> None:
    """Returns when it is dead, by the point that it was to die at."""
    process = SERVER.Process(target=_live, args=(errand,), daemon=True)
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, f"it was not killed: {process.exitcode}"


def _live(errand: Errand) -> None:
    logs.configure("error")
    asyncio.run(_work(errand))


async def _work(errand: Errand) -> None:
    sql = Sql(errand.url)
    point = POINTS[errand.point]
    async with registrar(sql, Keyring.load(errand.keyring), errand.service) as made:
        point.arrange(1)
        await getattr(made, point.work)(errand.tenant)
