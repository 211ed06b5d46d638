"""Whether a cached token record is still the newest: its generation, kept in the store beside the token's limits.

Workers cache token records. Each admission returns the generation kept for the token; one that differs from the cached
record's, or is absent, sends the worker to SQL once. Whoever changes a token announces its new generation after the
commit. What is kept expires, so that even a lost announcement takes effect within an hour.
"""

from typing import Final

from gateway.stores.redis_connection import RedisConnection, Script

KEPT_SECONDS: Final = 3600
_RAISE: Final = Script.named("raise")


def live_key(tenant: str, token_id: str) -> str:
    """Where a token's generation is kept."""
    return f"gw:{{{tenant}}}:live:{token_id}"


class Liveness:
    """Generations only rise; every method may raise ``StoreUnavailable``."""

    def __init__(self, line: RedisConnection) -> None:
        self._line = line

    async def confirm(self, tenant: str, token_id: str, generation: int) -> int:
        """Keeps what SQL was just seen to say. Returns the generation in force: a higher one means SQL must be read again."""
        return await self._raise(tenant, token_id, generation)

    async def current(self, tenant: str, token_id: str) -> int | None:
        """The generation in force, None when none is kept: who asks changes nothing."""
        kept: bytes | None = await self._line.command("GET", live_key(tenant, token_id))
        return None if kept is None else int(kept)

    async def announce(self, tenant: str, token_id: str, generation: int) -> None:
        """Tells every worker that the token changed (revoked, rotated, narrowed), from its next request on."""
        await self._raise(tenant, token_id, generation)

    async def _raise(self, tenant: str, token_id: str, generation: int) -> int:
        kept: int = await self._line.run(_RAISE, (live_key(tenant, token_id),), (generation, KEPT_SECONDS))
        return kept
