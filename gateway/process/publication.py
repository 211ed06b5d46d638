"""The documents of an instance, below its data directory: when they are written, and where."""

from __future__ import annotations

import asyncio
import pickle
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.core.declare.changes import Contract
from adapters.core.operation import Operation
from gateway.brands import Brand
from gateway.config import Settings
from gateway.observe import logs
from gateway.process.launcher import Launcher
from gateway.reference import site
from gateway.reference.published import made_of, sound

QUIET = 5.0
"""Seconds from a start until documents are written, if nobody wants them before: others have more to do then, and a gateway
that has ended by that time, or been told of another configuration, has never written any.
"""
_PAUSE: Final = 0.1


@dataclass(frozen=True, slots=True)
class Sources:
    """What documents are made of. spec: a deployment's own OpenAPI documents; None for the committed ones."""

    settings: Settings
    brands: Sequence[Brand]
    operations: Sequence[Operation]
    contracts: Sequence[Contract]
    spec: Path | None


class Publication:
    """The folder of documents, and the writing of it, always when requests are answered already, by a process of its own."""

    def __init__(self, data_dir: Path, launcher: Launcher) -> None:
        self._place = data_dir / site.PLACE
        self._launcher = launcher
        self._name = self._folder = ""
        self._dropped = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def named(self, sources: Sources) -> str:
        """The folder that the documents are, or will be, in."""
        self._name = await asyncio.to_thread(self._named, sources)
        return self._name

    async def begin(self, sources: Sources) -> None:
        """Write them soon, and what may still have been to be written never. Workers send from the folder last named by now."""
        await self.settle()
        self._dropped.clear()
        self._writing = asyncio.create_task(self._soon(sources, self._name))

    async def settle(self) -> None:
        """Returns when nothing is being written; what is not done is left."""
        self._dropped.set()
        if self._writing is not None:
            await self._writing

    def _named(self, sources: Sources) -> str:
        name = made_of(sources.settings, sources.brands, sources.operations, sources.contracts, sources.spec)
        if not sound(self._place / name):
            # Workers would take it for whole.
            shutil.rmtree(self._place / name, ignore_errors=True)
        return name

    async def _soon(self, sources: Sources, name: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(QUIET):
                while not (self._place / site.WANTED).exists():
                    if self._dropped.is_set():
                        return
                    await asyncio.sleep(_PAUSE)
        try:
            # What was sent from until now may still be asked for by who has not heard of the new.
            told = pickle.dumps((sources.settings, sources.brands, self._folder, sources.spec))
            publisher = await self._launcher.launch("gateway.process.publisher", (str(self._place),), {}, {})
        except OSError as error:
            logs.event("documents not published", "error", error=error)
            return
        publisher.feed(told)
        dropped = asyncio.create_task(self._dropped.wait())
        ended = asyncio.create_task(publisher.wait())
        await asyncio.wait({dropped, ended}, return_when=asyncio.FIRST_COMPLETED)
        dropped.cancel()
        publisher.kill()
        if await ended == 0:
            self._folder = name
