"""The documents of an instance, below its data directory: when they are written, and where."""

from __future__ import annotations

import asyncio
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
from gateway.reference import site
from gateway.reference.published import made_of, sound
from gateway.reference.publishing import publish

_QUIET: Final = 5.0
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
    """The folder of documents, and the writing of it, always when requests are answered already."""

    def __init__(self, data_dir: Path) -> None:
        self._place = data_dir / site.PLACE
        self._folder = ""
        self._dropped = asyncio.Event()
        self._writing: asyncio.Task[None] | None = None

    async def named(self, sources: Sources) -> str:
        """The folder that the documents are, or will be, in."""
        return await asyncio.to_thread(self._named, sources)

    async def begin(self, sources: Sources) -> None:
        """Write them soon, and what may still have been to be written never. Workers send from their folder by now."""
        await self.settle()
        self._dropped.clear()
        self._writing = asyncio.create_task(self._soon(sources))

    async def settle(self) -> None:
        """Returns when nothing is being written; what has not been begun is left."""
        self._dropped.set()
        if self._writing is not None:
            await self._writing

    def _named(self, sources: Sources) -> str:
        name = made_of(sources.settings, sources.brands, sources.operations, sources.contracts, sources.spec)
        if not sound(self._place / name):
            # Workers would take it for whole.
            shutil.rmtree(self._place / name, ignore_errors=True)
        return name

    async def _soon(self, sources: Sources) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET):
                while not (self._place / site.WANTED).exists():
                    if self._dropped.is_set():
                        return
                    await asyncio.sleep(_PAUSE)
        try:
            # What was sent from until now may still be asked for by who has not heard of the new.
            self._folder = await asyncio.to_thread(_published, self._place, sources, self._folder)
        except Exception as error:  # noqa: BLE001 - told, not raised: requests are answered without documents
            logs.event("documents not published", "error", error=error)


def _published(place: Path, sources: Sources, running: str) -> str:
    spec = sources.spec
    return publish(place, sources.settings, sources.brands, sources.operations, sources.contracts, running, spec)
