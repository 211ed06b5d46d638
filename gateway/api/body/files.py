"""Files on their way through the gateway: translated piece by piece, never held whole.

The translation is work for the processor, so it runs in a thread, a few milliseconds at a time and one piece at a time
in the whole worker: a file of 50 MB takes longer when others are under way, and other requests are hardly delayed.
"""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO, TypeVar

from adapters.core.calls import File, Translation
from adapters.core.faults import Fault
from gateway.api.body import reading
from gateway.api.body.multipart import CHARSETS, OneFile
from gateway.api.exchange import Exchange
from gateway.problems import Problem, UnsupportedMediaType
from gateway.stores.errors import StoreUnavailable

T = TypeVar("T")

_AT_ONCE = 16 * 1024
_IN_MEMORY = 1024 * 1024
_PIECE = 64 * 1024
_FRAME = 8 * 1024  # what multipart may add to a file


class SerialThread:
    """One piece of work at a time, in a thread, first come first served."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def take(self, work: Callable[[bytes], T], data: bytes) -> T:
        """`work(data)` when it is its turn."""
        async with self._lock:
            return await asyncio.to_thread(work, data)


@asynccontextmanager
async def received(
    exchange: Exchange, translation: Translation, thread: SerialThread, *, most: int, timeout: float, folder: Path
) -> AsyncIterator[File]:
    """The request's file, checked whole and translated, in a file without a name that is gone at the end.

    Raises the translation's Fault, and 400, 408, 413 or 415, and StoreUnavailable when the disk has no room for it. A wrong file
    is read to its end all the same: most clients look at the answer only after they have sent everything.
    """
    form = _form(exchange.headers.get(b"content-type", b""))
    digest = hashlib.sha256()
    wrong: Fault | Problem | StoreUnavailable | None = None
    with _spooled(folder) as spool:

        def take(data: bytes) -> None:
            rows = translation.feed(data if form is None else form.feed(data))
            digest.update(rows)
            with _roomy():
                spool.write(rows)

        def finish(_: bytes) -> int:
            if form is not None:
                form.close()
            rows = translation.close()
            digest.update(rows)
            with _roomy():
                spool.write(rows)
                length: int = spool.tell()
                spool.seek(0)
            return length

        async for chunk in reading.pieces(exchange, most + (_FRAME if form else 0), timeout):
            for piece in cut(chunk):
                if wrong is None:
                    try:
                        await thread.take(take, piece)
                    except (Fault, Problem, StoreUnavailable) as error:
                        wrong = error
        if wrong is not None:
            raise wrong
        length = await thread.take(finish, b"")

        async def content() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(spool.read, _PIECE):
                yield piece

        yield File(content, length, digest.hexdigest())


@contextmanager
def _spooled(folder: Path) -> Iterator[IO[bytes]]:
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(folder))  # noqa: SIM115 - its end may fail, and need not be heard
    try:
        yield spool
    finally:
        # What had no room when it was written has none now either.
        with suppress(OSError):
            spool.close()


@contextmanager
def _roomy() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(f"no room for a file on its way: {error.strerror}") from error


def _form(header: bytes) -> OneFile | None:
    """How to unwrap a body of this Content-Type: None for a bare text/csv; 415 for anything else."""
    kind, *parameters = [part.strip() for part in header.decode("latin-1").split(";")]
    options = {
        name.strip().lower(): value.strip().strip('"') for name, _, value in (p.partition("=") for p in parameters)
    }
    match kind.lower():
        case "text/csv" if options.get("charset", "utf-8").lower() in CHARSETS:
            return None
        case "multipart/form-data":
            return OneFile(options.get("boundary", "").encode("latin-1"))
    raise UnsupportedMediaType(
        "unsupported_media_type", "Send the file as text/csv in UTF-8, or as the part `file` of multipart/form-data."
    )


async def translated(
    incoming: AsyncIterator[bytes], translation: Translation, thread: SerialThread
) -> AsyncIterator[bytes]:
    """A service's file in the caller's contract; nothing is read ahead of what is taken."""
    async for chunk in incoming:
        for piece in cut(chunk):
            if out := await thread.take(translation.feed, piece):
                yield out
    yield await thread.take(lambda _: translation.close(), b"")


async def chained(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """`first`, then the rest."""
    yield first
    async for piece in rest:
        yield piece


def cut(chunk: bytes) -> Iterator[bytes]:
    """Pieces that take a few milliseconds each."""
    if len(chunk) <= _AT_ONCE:
        yield chunk
        return
    for start in range(0, len(chunk), _AT_ONCE):
        yield chunk[start : start + _AT_ONCE]
