"""One multiplexed connection to Valkey or Redis, shared by everything a worker does.

Commands of one turn of the event loop leave in one write and their answers come back in order, so that a
command costs a few µs instead of a connection of its own (docs/decisions/0004-one-store-line.md). Answers are matched by position
alone: after any doubt (a late answer, a parser's complaint) the connection is dropped, never reused.
While the store is away commands fail at once, and the line keeps trying to come back by itself.
"""

import asyncio
import random
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, cast

import hiredis

from gateway.observe.outage import HELD, Outage
from gateway.stores.address import Address
from gateway.stores.cancelling import given_up
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_link import Link

Part = bytes | str | int | float

_SCRIPTS: Final = Path(__file__).with_name("scripts")
_SHORTEST_PAUSE: Final = 0.02
_LONGEST_PAUSE: Final = 0.5


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


class RedisConnection:
    """Opened by redis_url.py; every failure of a command is ``StoreUnavailable``."""

    def __init__(self, address: Address, *, timeout: float, max_pending: int, where: str = "") -> None:
        """`where`: what the store is called in the log, if it is not one node."""
        self._address = address
        self._timeout = timeout
        self._max_pending = max_pending
        self._tls = address.context()
        self._link: Link | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._outage = Outage("store", "redis", where or address.where)
        self._fault = "not connected yet"
        self._closed = False
        self.tried = False  # whether nobody uses it but to see whether it serves

    async def connect(self) -> None:
        """Connect for the first time. A store that is away is not an error."""
        try:
            self._link = await self._connect()
        except StoreUnavailable as fault:
            self._lost(str(fault))

    async def attempt(self) -> None:
        """The same once, for whoever only asks whether it serves: StoreUnavailable says why not, and nothing is logged."""
        self.tried = True
        self._link = await self._connect()
        await self.prove()

    async def resolve(self) -> Address:
        """Where the store is now. StoreUnavailable when nobody can tell."""
        return self._address

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
                await given_up(task)
        if self._link is not None:
            self._link.drop("the line was closed")
        self._fault = "the line was closed"

    async def _connect(self) -> Link:
        loop = asyncio.get_running_loop()
        link = Link(self, self._timeout, loop)
        try:
            async with asyncio.timeout(self._timeout * 4):
                address = await self.resolve()
                if address.path is not None:
                    await loop.create_unix_connection(lambda: link, address.path)
                else:
                    await loop.create_connection(lambda: link, address.host, address.port, ssl=self._tls)
                for reply in await asyncio.gather(*(link.ask(pack(*words)) for words in address.greeting())):
                    if isinstance(reply, hiredis.ReplyError):
                        raise StoreUnavailable(f"the store refused the connection: {reply}")
                if link.ended:
                    raise StoreUnavailable("the store hung up at once")
        except (OSError, TimeoutError, UnicodeError) as fault:  # the last of a name that can be no host's
            link.drop("connecting failed")
            raise StoreUnavailable(f"cannot connect to the store: {str(fault) or type(fault).__name__}") from fault
        except BaseException:  # raised again: a cancelled attempt must not leave its socket open
            link.drop("connecting failed")
            raise
        return link

    def hung_up(self, link: Link, fault: str) -> None:
        """Called by a link that ended, once."""
        if self._link is link:
            self._lost(fault)

    def failed(self, fault: str) -> None:
        """Called by a link that stays, whose store takes no writes at the moment."""
        if self._closed or self.tried:
            return
        self._outage.failed(fault)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Until the store has taken writes for a while: what is asked meanwhile cannot tell, it may be no write."""
        while not self._outage.over:
            await asyncio.sleep(HELD / 2)
            with suppress(StoreUnavailable):
                await self.prove()
                self._outage.worked()

    async def prove(self) -> None:
        """StoreUnavailable unless it serves."""
        await self.command(*self._address.proof)

    def _lost(self, fault: str) -> None:
        self._link = None
        self._fault = fault
        self.failed(fault)
        if not (self._closed or self.tried):
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
