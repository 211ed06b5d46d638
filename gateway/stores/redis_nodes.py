"""Lines to several nodes: the primary that Sentinel names, and the nodes of a cluster, each with a line of its own.

Who is who is found out by redis-py, whose work that is, and only when something has changed; commands go over our own lines
(docs/decisions/0025-several-nodes.md). Every key has a hash tag, which decides on its slot and so on its node.
"""

from __future__ import annotations

import asyncio
from binascii import crc_hqx
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import hiredis
from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException, RedisError

from gateway.stores.address import WRITES, Address
from gateway.stores.cancelling import given_up
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import RedisConnection, Script, pack
from gateway.stores.topology import Nodes

_SLOTS: Final = 16_384
_ASKING: Final = pack("ASKING")
_MOVES: Final = 5  # how often a command follows its key to another node
_SOON: Final = 0.02  # seconds until a key that is just being moved is asked for again
_PAUSE: Final = 0.25  # seconds between two looks at the cluster while something is wrong


def connection_of(nodes: Nodes, *, timeout: float, max_pending: int) -> RedisConnection:
    """The line to what the URL names, not connected yet."""
    kind = ClusterConnection if nodes.service is None else SentinelConnection
    return kind(nodes, timeout=timeout, max_pending=max_pending)


class SentinelConnection(RedisConnection):
    """A line to whatever is the primary: each new connection asks the sentinels first."""

    def __init__(self, nodes: Nodes, *, timeout: float, max_pending: int) -> None:
        super().__init__(nodes.node, timeout=timeout, max_pending=max_pending, where=nodes.where)
        self._nodes = nodes
        options: dict[str, Any] = {
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "retry": Retry(NoBackoff(), 0),
            "username": nodes.sentinel_user,
            "password": nodes.sentinel_password,
            **({"ssl": True, "ssl_ca_certs": nodes.node.ca_file} if nodes.sentinel_tls else {}),
        }
        self._sentinels = [(f"{host}:{port}", Redis(host=host, port=port, **options)) for host, port in nodes.asked]

    async def resolve(self) -> Address:
        doubts = []
        for each in [*self._sentinels]:
            # Of several that are silent each takes its time, and there may be none left for the others: those come first then.
            self._sentinels.remove(each)
            self._sentinels.append(each)
            place, sentinel = each
            try:
                host, port = await self._named(sentinel)
            except StoreUnavailable as doubt:
                doubts.append(f"{place} {doubt}")
            else:
                # Who answered is asked first the next time.
                self._sentinels.remove(each)
                self._sentinels.insert(0, each)
                return self._nodes.at(host, port)
        raise StoreUnavailable(f"no sentinel names a primary: {'; '.join(doubts)}")

    async def opinions(self) -> Mapping[str, tuple[str, int] | StoreUnavailable]:
        """By sentinel, in the order of the URL, which primary it names, or why it names none."""
        known = dict(self._sentinels)
        places = [f"{host}:{port}" for host, port in self._nodes.asked]
        answers = await asyncio.gather(*(self._named(known[place]) for place in places), return_exceptions=True)
        told: dict[str, tuple[str, int] | StoreUnavailable] = {}
        for place, answer in zip(places, answers, strict=True):
            if isinstance(answer, BaseException) and not isinstance(answer, StoreUnavailable):
                raise answer
            told[place] = answer
        return told

    async def aclose(self) -> None:
        await super().aclose()
        for _, each in self._sentinels:
            with suppress(RedisError, OSError):
                await each.aclose()

    async def _named(self, sentinel: Redis) -> tuple[str, int]:
        """The primary that this one names; StoreUnavailable says why it names none."""
        service = self._nodes.service or ""
        try:
            known: Any = await sentinel.sentinel_masters()
        except (RedisError, OSError) as fault:
            raise StoreUnavailable(f"cannot be asked: {_reason(fault, self._nodes.sentinel_user)}") from fault
        state = known.get(service)
        if state is None:
            raise StoreUnavailable(f"watches {', '.join(sorted(known)) or 'nothing'}, and no {service}")
        if not state["is_master"] or state["is_sdown"] or state["is_odown"]:
            raise StoreUnavailable(f"holds the primary of {service}, {state['ip']}:{state['port']}, for down")
        return str(state["ip"]), int(state["port"])


class ClusterConnection(RedisConnection):
    """A line that has one to each primary of a cluster, and sends each command to the one that has its key."""

    def __init__(self, nodes: Nodes, *, timeout: float, max_pending: int) -> None:
        super().__init__(nodes.node, timeout=timeout, max_pending=max_pending, where=nodes.where)
        self._nodes = nodes
        self._lines: dict[tuple[str, int], RedisConnection] = {}
        self._opening: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._slots: list[tuple[str, int] | None] = [None] * _SLOTS
        self._looking: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        return any(line.connected for line in self._lines.values())

    async def connect(self) -> None:
        try:
            await self._look()
        except StoreUnavailable as fault:
            self.failed(str(fault))
            self._look_again()

    async def attempt(self) -> None:
        self.tried = True
        await self._look()
        await self.prove()

    def lacking(self) -> Sequence[str]:
        """What is wrong with the cluster as it was seen last: slots that nobody has, and primaries that are away."""
        unowned = self._slots.count(None)
        return [
            *([f"{unowned} of its {_SLOTS} slots are no node's"] if unowned else []),
            *(f"{host}:{port} is away" for (host, port), line in self._lines.items() if not line.connected),
        ]

    async def prove(self) -> None:
        if lacking := self.lacking():
            raise StoreUnavailable("; ".join(lacking))
        await self.command(*WRITES)

    async def settled(self, script: Script, packed: bytes, reply: Any) -> Any:
        if isinstance(reply, hiredis.ReplyError) and str(reply).startswith("NOSCRIPT"):
            reply = await self._asked(packed, script.load)
        if isinstance(reply, hiredis.ReplyError):
            raise StoreUnavailable(f"the store refused: {reply}") from reply
        return reply

    def ask(self, packed: bytes) -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_task(self._asked(packed))

    async def aclose(self) -> None:
        await super().aclose()
        if self._looking is not None:
            await given_up(self._looking)
        for place in (*self._lines,):
            await self._leave(place)

    async def _asked(self, packed: bytes, load: bytes | None = None) -> Any:
        """The answer of whichever node has the key; `load`: what gives a node the script that is asked for."""
        slot = _slot(packed)
        try:
            line = await self._line(slot)
            reply = await line.ask(packed)
            first: tuple[bytes, ...] = ()
            for _ in range(_MOVES):
                match str(reply).split() if isinstance(reply, hiredis.ReplyError) else ():
                    case ["MOVED", _, place]:
                        self._slots[slot] = _place(place)
                        self._look_again()
                        line, first = await self._line(slot), ()
                    case ["ASK", _, place]:
                        line, first = await self._line_at(_place(place)), (_ASKING,)
                    case ["NOSCRIPT", *_] if load is not None:
                        # A node has the scripts that it was given itself, so the one that a slot moves to may have none.
                        first = (load, *first)
                    case ["TRYAGAIN", *_]:
                        await asyncio.sleep(_SOON)
                        line, first = await self._line(slot), ()
                    case ["CLUSTERDOWN" | "LOADING" | "READONLY" | "MASTERDOWN", *_]:
                        raise StoreUnavailable(f"the store refused: {reply}")
                    case _:
                        return reply
                # One behind the other on one connection: ASKING is for the next command alone.
                *_, reply = await asyncio.gather(*(line.ask(each) for each in (*first, packed)))
        except StoreUnavailable as fault:
            self.failed(str(fault))
            self._look_again()
            raise
        return reply

    async def _line(self, slot: int) -> RedisConnection:
        place = self._slots[slot]
        if place is None:
            raise StoreUnavailable("no node of the cluster has this key")
        return await self._line_at(place)

    async def _line_at(self, place: tuple[str, int]) -> RedisConnection:
        line = self._lines.get(place)
        if line is None and self._closed:
            raise StoreUnavailable("the line was closed")
        if line is None:
            self._open(place)
            line = self._lines[place]
        if (opening := self._opening.get(place)) is not None:
            # New to us: it is waited for, as long as for an answer.
            await asyncio.wait({opening}, timeout=self._timeout)
        return line

    def _open(self, place: tuple[str, int]) -> asyncio.Task[None]:
        """Have a line to a node that is new to us → its first attempt to connect."""
        line = RedisConnection(self._nodes.at(*place), timeout=self._timeout, max_pending=self._max_pending)
        line.tried = self.tried
        opening = asyncio.get_running_loop().create_task(line.connect())
        self._lines[place], self._opening[place] = line, opening
        opening.add_done_callback(lambda _: self._opening.pop(place, None))
        return opening

    async def _leave(self, place: tuple[str, int]) -> None:
        if (opening := self._opening.get(place)) is not None:
            await given_up(opening)
        await self._lines.pop(place).aclose()

    def _look_again(self) -> None:
        if not self._closed and (self._looking is None or self._looking.done()):
            self._looking = asyncio.get_running_loop().create_task(self._look_until_whole())

    async def _look_until_whole(self) -> None:
        """Look at the cluster until every part of it has a primary that we are connected to."""
        while True:
            await asyncio.sleep(_PAUSE)
            with suppress(StoreUnavailable):
                await self._look()
                if all(line.connected for line in self._lines.values()) and None not in self._slots:
                    return

    async def _look(self) -> None:
        """Find out which node has which slots, and have a line to each. StoreUnavailable when none can tell."""
        node = self._nodes.node
        known = [*self._nodes.asked, *self._lines]
        client = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in known],
            username=node.username,
            password=node.password,
            ssl=node.tls,
            ssl_ca_certs=node.ca_file,
            socket_timeout=self._timeout,
            socket_connect_timeout=self._timeout,
            require_full_coverage=False,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            async with asyncio.timeout(self._timeout * 8):
                await client.initialize()
            found = client.nodes_manager.slots_cache
        except (RedisError, RedisClusterException, OSError) as fault:
            raise StoreUnavailable(f"no node tells of the cluster: {_reason(fault, node.username)}") from fault
        finally:
            with suppress(RedisError, RedisClusterException, OSError):
                await client.aclose()
        slots: list[tuple[str, int] | None] = [None] * _SLOTS
        for slot, owners in found.items():
            slots[slot] = (str(owners[0].host), int(owners[0].port))
        places = {place for place in slots if place is not None}
        if opening := [self._open(place) for place in places if place not in self._lines]:
            await asyncio.wait(opening)
        self._slots = slots
        for place in [place for place in self._lines if place not in places]:
            await self._leave(place)


def _slot(packed: bytes) -> int:
    """The slot of a command's first key, by its hash tag, as the cluster computes it."""
    begin = packed.index(b"{") + 1
    return crc_hqx(packed[begin : packed.index(b"}", begin)], 0) % _SLOTS


def _place(written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    return host, int(port)


def _reason(fault: BaseException, user: str | None) -> str:
    """What a client says of a failure, in one line and without the name of the user."""
    said = next(iter(str(fault).splitlines()), "") or type(fault).__name__
    return said.replace(user, "***") if user else said
