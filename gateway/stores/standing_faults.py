"""Standing faults: what calls of a sandbox meet without asking for it, counted down exactly once over all workers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from gateway.stores.redis_connection import RedisConnection, Script

KEPT: Final = 86_400  # seconds after they were set
ANY: Final = "*"

_TAKE: Final = Script.named("take_fault")


@dataclass(frozen=True, slots=True)
class StandingFault:
    """`fault` for calls of this `method` (`ANY`: each) and `path`, or template of a path; None: every time.

    times: how many calls were to meet it; left: how many still will.
    """

    method: str
    path: str
    fault: str
    times: int | None
    left: int | None


class StandingFaults:
    """Every method raises StoreUnavailable when the store cannot be asked."""

    def __init__(self, line: RedisConnection) -> None:
        self._line = line

    async def put(self, tenant: str, faults: Sequence[StandingFault]) -> None:
        """These are the sandbox's faults now, and no others."""
        if not faults:
            await self._line.command("DEL", _place(tenant))
            return
        rows = [
            {name: value for name in StandingFault.__slots__ if (value := getattr(each, name)) is not None}
            for each in faults
        ]
        await self._line.command("SET", _place(tenant), orjson.dumps(rows), "EX", KEPT)

    async def all(self, tenant: str) -> list[StandingFault]:
        """The sandbox's faults as they are now, those that were met as often as they may be included."""
        kept = await self._line.command("GET", _place(tenant))
        # The store's own JSON writes an array without entries as an object.
        return [
            StandingFault(each["method"], each["path"], each["fault"], each.get("times"), each.get("left"))
            for each in (orjson.loads(kept) if kept is not None else ())
        ]

    async def take(self, tenant: str, method: str, path: str, route: str) -> str | None:
        """What this call meets; of two calls at once, only one meets the last."""
        found: bytes | None = await self._line.run(_TAKE, (_place(tenant),), (method, path, route))
        return None if found is None else found.decode("utf-8")


def _place(tenant: str) -> str:
    return f"gw:{{{tenant}}}:faults"
