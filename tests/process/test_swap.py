"""What a swap takes from those who are answered meanwhile: how long it holds the loop, and what it leaves in memory."""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from gateway import deployment, factories
from gateway.app import App, create
from gateway.config import Runtime, Settings, load
from gateway.deployment import Offer
from gateway.keys import keyring_file
from gateway.process import preloader, swap
from gateway.process.embedded import keeper
from gateway.process.swap import Answering
from gateway.stores.sql import Sql, tenants, tokens
from gateway.stores.sql.migrate import migrate
from tests.stores.records import TENANT, TOKEN

NOWHERE = "http://127.0.0.1:9"
LONGEST = 0.060  # seconds of CPU at a stretch; measured are 0.003 to 0.006
LEFT = 400  # objects of each application that nothing collects; measured are 250, nearly all of them SQLAlchemy's


@dataclass
class Worker:
    """What a worker is but for its port: an application that follows the words of a supervisor."""

    feed: Callable[[bytes], None]
    said: asyncio.Queue[bytes]
    settings: Callable[[int], Settings]
    facts: Runtime
    app: Callable[[], App]

    async def reload(self, turn: int) -> None:
        self.feed(swap.frame(swap.PREPARE, pickle.dumps((self.settings(turn), self.facts))))
        assert await self.said.get() == swap.BUILT
        self.feed(swap.frame(swap.COMMIT))
        assert await self.said.get() == swap.SWAPPED


@pytest.fixture(scope="module")
def offer(tmp_path_factory: pytest.TempPathFactory) -> Offer:
    for module in preloader._LATE:
        __import__(module)
    file = tmp_path_factory.mktemp("offer") / "config.yaml"
    file.write_text("{}")
    return deployment.checked(load(file, {}, {}))


@asynccontextmanager
async def following(home: Path, offer: Offer) -> AsyncIterator[Worker]:
    def settings(turn: int) -> Settings:
        written = {"server": {"data_dir": str(home / "data")}, "cursors": {"lifetime": f"{turn + 1}h"}}
        (home / "config.yaml").write_text(yaml.safe_dump(written))
        return load(home / "config.yaml", {}, {})

    first, data_dir = settings(0), home / "data"
    data_dir.mkdir()
    keyring_file.create(data_dir / "keyring.json")
    url = factories.sql_url(first)
    migrate(url)
    reading, writing = os.pipe()
    async with keeper.embedded_valkey(data_dir) as store:
        names = first.services
        facts = Runtime(store, url, dict.fromkeys(names, NOWHERE), dict.fromkeys(names, "k" * 40), 8080, 1, data_dir)
        said: asyncio.Queue[bytes] = asyncio.Queue()

        def feed(words: bytes) -> None:
            os.write(writing, words)

        app = create(first, facts, offer)
        await app.start()
        answering = Answering(app, create, lambda _: None)
        task = asyncio.create_task(answering.follow(reading, said.put_nowait, ()))
        try:
            del app
            yield Worker(feed, said, settings, facts, lambda: answering._app)
        finally:
            os.close(writing)
            await task
            await answering._end()
            os.close(reading)


async def _retired() -> None:
    async with asyncio.timeout(20):
        while any("_retired" in str(each.get_coro()) for each in asyncio.all_tasks()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_swap_never_holds_the_loop_for_long_and_looks_for_no_garbage(tmp_path: Path, offer: Offer) -> None:
    stretches: list[float] = []
    looked: list[dict[str, int]] = []

    async def beat() -> None:
        last = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            stretches.append(now - last)
            last = now

    def collected(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            looked.append(info)

    async with following(tmp_path, offer) as worker:
        await worker.reload(1)
        beating = asyncio.create_task(beat())
        gc.callbacks.append(collected)
        try:
            for turn in range(2, 5):
                await worker.reload(turn)
                await _retired()
        finally:
            gc.callbacks.remove(collected)
            beating.cancel()
    assert max(stretches) < LONGEST
    assert looked == []


async def test_what_ran_before_goes_by_itself_but_for_little(tmp_path: Path, offer: Offer) -> None:
    def living() -> int:
        return len(gc.get_objects()) + gc.get_freeze_count()

    async with following(tmp_path, offer) as worker:
        for turn in (1, 2):
            await worker.reload(turn)
            await _retired()
        before = living()
        for turn in range(3, 8):
            await worker.reload(turn)
            await _retired()
        assert living() - before < 5 * LEFT


async def test_who_calls_is_known_across_swaps(tmp_path: Path, offer: Offer) -> None:
    """Reading them anew would take a worker with two hundred tokens half a second, in the very moment of a swap."""
    secret, now = b"any text that was given out", datetime.now(UTC)
    async with following(tmp_path, offer) as worker:
        keyring, sql = factories.keyring(worker.settings(0)), Sql(worker.facts.sql_url)
        of_it = {"hash": keyring.hash(secret), "hash_key_id": keyring.hashing_id, "expires_at": now + timedelta(days=1)}
        with sql.session() as session:
            tenants.add(session, replace(TENANT, api_key_sealed=None))
            tokens.insert(session, replace(TOKEN, **of_it))  # type: ignore[arg-type]
        sql.close()
        known = [await worker.app().parts.callers.find(secret)]
        for turn in (1, 2):
            await worker.reload(turn)
            known.append(worker.app().parts.callers.known(secret))
    assert {each and each.token_id for each in known} == {TOKEN.id}
