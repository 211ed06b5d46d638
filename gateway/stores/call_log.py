"""The last calls of each sandbox, for whoever wants to see what became of them: bounded in number and in bytes."""

from typing import Any, Final, NamedTuple

import orjson

from gateway.stores.redis_connection import RedisConnection, Script

MOST: Final = 200  # calls
MOST_BYTES: Final = 2_000_000
KEPT: Final = 86_400  # seconds after the last call

_NOTE: Final = Script.named("note_call")


class Noted(NamedTuple):
    """One call: its number, which grows from call to call of the sandbox, and what is remembered of it."""

    number: int
    call: dict[str, Any]


class CallLog:
    """Every method raises StoreUnavailable when the store cannot be asked."""

    def __init__(self, line: RedisConnection) -> None:
        self._line = line

    async def note(self, tenant: str, call: dict[str, Any]) -> None:
        """Remember a call, and forget the oldest that there is no room for."""
        await self._line.run(_NOTE, _places(tenant), (orjson.dumps(call), MOST, MOST_BYTES, KEPT * 1000))

    async def newest(self, tenant: str, limit: int, before: int | None = None) -> list[Noted]:
        """The newest calls, the newest first; `before`: of those with a lower number."""
        found = await self._line.command("LRANGE", _places(tenant)[0], 0, -1)
        entries = (each.partition(b":") for each in found)
        return [
            Noted(number, orjson.loads(call))
            for number, call in ((int(number), call) for number, _, call in entries)
            if before is None or number < before
        ][:limit]


def _places(tenant: str) -> tuple[str, str]:
    return f"gw:{{{tenant}}}:calls", f"gw:{{{tenant}}}:called"
