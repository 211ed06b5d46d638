"""One multiplexed connection to Valkey or Redis, shared by everything a worker does.

Commands of one turn of the event loop leave in one write and their answers come back in order, so that a
command costs a few µs instead of a connection of its own (docs/decisions/0004-one-store-line.md). Answers are matched by position
alone: after any doubt (a late answer, a parser's complaint) the connection is dropped, never reused.
While the store is away commands fail at once, and the line keeps trying to come back by itself.
"""

import asyncio
import random
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, cast

import hiredis

from gateway.observe.outage import HELD, Outage
from gateway.stores.address import WRITES, Address
from gateway.stores.errors import StoreUnavailable

Part = bytes | str | int | float

_SCRIPTS: Final = Path(__file__).with_name("scripts")
_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 1.0
_INCOMPLETE: Final = object()
_REFUSES_WRITES: Final = ("READONLY", "OOM", "NOREPLICAS", "MISCONF")


class Script:
    """A Lua script, called by its SHA-1 and loaded into the store when it is not known there."""

    __slots__ = ("load", "sha")

    def __init__(self, source: str) -> None:
        self.sha = sha1(source.encode(), usedforsecurity=False).hexdigest()
        self.load = pack("SCRIPT", "LOAD", source)

    @classmethod
    def named(cls, name: str) -> "Script":
        """The script in ``gateway/stores/scripts/<name>.lua``."""
        return cls((_SCRIPTS / f"{name}.lua").read_text())

    def pack(self, keys: Sequence[Part], args: Sequence[Part]) -> bytes:
        """The call in the wire's form, for callers who send the same call many times."""
        return pack("EVALSHA", self.sha, len(keys), *keys, *args)


def pack(*parts: Part) -> bytes:
    """A command in the wire's form (RESP)."""
    return cast("bytes", hiredis.pack_command(parts))  # type: ignore[arg-type] # its stub asks for a tuple of one


class Line:
    """Opened with ``await Line.open(url)``; every failure of a command is ``StoreUnavailable``."""

    def __init__(self, address: Address, *, timeout: float, max_pending: int) -> None:
        self._address = address
        self._timeout = timeout
        self._max_pending = max_pending
        self._tls = address.context()
        self._link: _Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._outage = Outage("store", "redis", address.where)
        self._fault = "not connected yet"
        self._closed = False

    @classmethod
    async def open(cls, url: str, *, timeout: float = 0.25, max_pending: int = 10_000) -> "Line":
        """A line to the store at ``url``, connected when the store answers within a few ``timeout`` (seconds, per command).

        A store that is away is not an error: the line comes back by itself. A malformed URL is (``ValueError``).
        """
        line = cls(Address.parse(url), timeout=timeout, max_pending=max_pending)
        try:
            line._link = await line._connect()
        except StoreUnavailable as fault:
            line._lost(str(fault))
        return line

    @property
    def connected(self) -> bool:
        """Whether commands are being sent at this moment."""
        return self._link is not None

    async def run(self, script: Script, keys: Sequence[Part], args: Sequence[Part]) -> Any:
        """What the script returned: int, bytes, None or a list of these."""
        return await self.send(script, script.pack(keys, args))

    async def send(self, script: Script, packed: bytes) -> Any:
        """``run`` for a call already packed by ``script.pack``."""
        return await self.settled(script, packed, await self.ask(packed))

    async def settled(self, script: Script, packed: bytes, reply: Any) -> Any:
        """What `script` returned, after the raw `reply` that `ask(packed)` got: a store without the script is given it."""
        if isinstance(reply, hiredis.ReplyError):
            if not str(reply).startswith("NOSCRIPT"):
                raise StoreUnavailable(f"the store refused: {reply}") from reply
            _, reply = await asyncio.gather(self.ask(script.load), self.ask(packed))
            if isinstance(reply, hiredis.ReplyError):
                raise StoreUnavailable(f"the store refused: {reply}") from reply
        return reply

    async def command(self, *parts: Part) -> Any:
        """What the store answered to one command: int, bytes, None or a list of these."""
        reply = await self.ask(pack(*parts))
        if isinstance(reply, hiredis.ReplyError):
            raise StoreUnavailable(f"the store refused: {reply}") from reply
        return reply

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        """The raw answer to come: as in ``command``, but the store's refusals are values (``hiredis.ReplyError``)."""
        link = self._link
        if link is None:
            raise StoreUnavailable(self._fault)
        if len(link.pending) >= self._max_pending:
            raise StoreUnavailable("too many commands are waiting for the store")
        return link.ask(packed)

    async def aclose(self) -> None:
        """Hangs up; commands still waiting fail."""
        self._closed = True
        for task in (self._keeper, self._watcher):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._link is not None:
            self._link.drop("the line was closed")
        self._fault = "the line was closed"

    async def _connect(self) -> "_Link":
        loop = asyncio.get_running_loop()
        link = _Link(self, self._timeout, loop)
        address = self._address
        try:
            async with asyncio.timeout(self._timeout * 4):
                if address.path is not None:
                    await loop.create_unix_connection(lambda: link, address.path)
                else:
                    await loop.create_connection(lambda: link, address.host, address.port, ssl=self._tls)
                for reply in await asyncio.gather(*(link.ask(pack(*words)) for words in address.greeting())):
                    if isinstance(reply, hiredis.ReplyError):
                        raise StoreUnavailable(f"the store refused the connection: {reply}")
                if link.ended:
                    raise StoreUnavailable("the store hung up at once")
        except (OSError, TimeoutError) as fault:
            link.drop("connecting failed")
            raise StoreUnavailable(f"cannot connect to the store: {str(fault) or type(fault).__name__}") from fault
        except BaseException:  # raised again: a cancelled attempt must not leave its socket open
            link.drop("connecting failed")
            raise
        return link

    def hung_up(self, link: "_Link", fault: str) -> None:
        """Called by a link that ended, once."""
        if self._link is link:
            self._lost(fault)

    def failed(self, fault: str) -> None:
        """Called by a link that stays, whose store takes no writes at the moment."""
        self._outage.failed(fault)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Until the store has taken writes for a while: what is asked meanwhile cannot tell, it may be no write."""
        while not self._outage.over:
            await asyncio.sleep(HELD / 2)
            with suppress(StoreUnavailable):
                await self.command(*WRITES)
                self._outage.worked()

    def _lost(self, fault: str) -> None:
        self._link = None
        self._fault = fault
        if not self._closed:
            self.failed(fault)
            self._keeper = asyncio.get_running_loop().create_task(self._come_back())

    async def _come_back(self) -> None:
        pause = _SHORTEST_PAUSE
        while True:
            try:
                self._link = await self._connect()
            except StoreUnavailable as fault:
                self._fault = str(fault)
                self._outage.failed(self._fault)
            else:
                return
            # Spread out, so that the workers of a fleet do not knock at a recovering store in step.
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret hangs on it
            pause = min(pause * 2, _LONGEST_PAUSE)


class _Link(asyncio.Protocol):
    """One connection: what was asked, in order, and the parser of what comes back."""

    __slots__ = (
        "_doubted",
        "_line",
        "_loop",
        "_out",
        "_reader",
        "_timeout",
        "_timer",
        "_transport",
        "ended",
        "pending",
    )

    def __init__(self, line: Line, timeout: float, loop: asyncio.AbstractEventLoop) -> None:
        self.pending: deque[tuple[asyncio.Future[Any], float]] = deque()
        self.ended = False
        self._doubted: asyncio.Future[Any] | None = None
        self._line = line
        self._loop = loop
        self._timeout = timeout
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._out: list[bytes] = []
        self._reader = hiredis.Reader(notEnoughData=_INCOMPLETE)

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        loop = self._loop
        future = loop.create_future()
        now = loop.time()
        self.pending.append((future, now))
        if not self._out:
            loop.call_soon(self._flush)
            if self._timer is None:
                self._timer = loop.call_at(now + self._timeout, self._check)
        self._out.append(packed)
        return future

    def drop(self, fault: str) -> None:
        """Ends the connection at once; everything asked and unanswered fails."""
        if self._transport is not None:
            self._transport.abort()
        self._end(fault)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(f"the store hung up{f': {exc}' if exc else ''}")

    def data_received(self, data: bytes) -> None:
        reader, pending = self._reader, self.pending
        try:
            reader.feed(data)
            while (reply := reader.gets()) is not _INCOMPLETE:
                future, _ = pending.popleft()
                if not future.done():
                    future.set_result(reply)
                if isinstance(reply, hiredis.ReplyError) and str(reply).startswith(_REFUSES_WRITES):
                    # A former primary stays connected but refuses writes: another connection may find the new one.
                    if str(reply).startswith("READONLY"):
                        self.drop("the store has become read-only")
                        return
                    self._line.failed(f"the store refused: {reply}")
        except (hiredis.ProtocolError, IndexError) as fault:
            self.drop(f"the store does not speak its protocol: {fault}")

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))

    def _check(self) -> None:
        self._timer = None
        # One timer for the oldest command does for all: they are answered in order, so none can be later than it.
        if not self.pending:
            return
        future, asked = self.pending[0]
        due = asked + self._timeout
        if due <= self._loop.time():
            if future is self._doubted:
                self.drop("the store did not answer in time")
                return
            # Perhaps this process was held up and the answer waits in the socket: uvloop runs timers before reads.
            self._doubted = future
            due = self._loop.time() + self._timeout / 10
        self._timer = self._loop.call_at(due, self._check)

    def _end(self, fault: str) -> None:
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._line.hung_up(self, fault)
        waiting, self.pending = self.pending, deque()
        for future, _ in waiting:
            if not future.done():
                future.set_exception(StoreUnavailable(fault))
