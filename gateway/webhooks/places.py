"""How much a courier has in flight at once: over all, to one tenant, to one host, and in bytes."""

import asyncio
from collections import Counter, deque
from typing import Final

MOST: Final = 256
MOST_OF_HOST: Final = 32
BYTES: Final = 32 * 1024 * 1024


class Places:
    """Places for attempts. A tenant has half of them at most while others are there, a host few: it may have many names."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._taken = 0
        self._tenants: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()

    @property
    def full(self) -> bool:
        """Whether none is free, for whomever."""
        return self._taken >= self._most

    def free(self, tenant: str, host: str, *, alone: bool) -> bool:
        """Whether there is one. `alone`: no other tenant has anything to send."""
        of_tenant = self._most if alone else self._most // 2
        return not self.full and self._tenants[tenant] < of_tenant and self._hosts[host] < MOST_OF_HOST

    def take(self, tenant: str, host: str) -> None:
        """One is taken."""
        self._taken += 1
        self._tenants[tenant] += 1
        self._hosts[host] += 1

    def give_back(self, tenant: str, host: str) -> None:
        """One is free again."""
        self._taken -= 1
        for counter, key in ((self._tenants, tenant), (self._hosts, host)):
            counter[key] -= 1
            if not counter[key]:
                del counter[key]


class ByteBudget:
    """How many bytes of bodies are held at once; who comes when they are used up waits in line."""

    def __init__(self, most: int = BYTES) -> None:
        self._free = most
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def take(self, size: int) -> None:
        """Returns when there is room for `size`, which is given back with `give_back`."""
        if not self._waiting and size <= self._free:
            self._free -= size
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.give_back(size)
            raise

    def give_back(self, size: int) -> None:
        """The body is gone."""
        self._free += size
        while self._waiting:
            wanted, waiter = self._waiting[0]
            if not waiter.done():
                if wanted > self._free:
                    return
                self._free -= wanted
                waiter.set_result(None)
            self._waiting.popleft()
