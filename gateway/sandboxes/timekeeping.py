"""The clock of a sandbox is part of who calls: workers read it with the token, and read it anew when it was set."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.sandboxes.keeping import Announce
from gateway.stores.sql import Session, Sql, sandboxes, tokens
from gateway.stores.sql.grants import Revoked


class Timekeeping:
    """remembered: how long idempotency keys are, in seconds."""

    def __init__(self, sql: Sql, announce: Announce, remembered: float) -> None:
        self._sql = sql
        self._announce = announce
        self._remembered = remembered

    async def moved(self, tenant_id: str, ahead_ms: int, *, anew: bool = False) -> None:
        """Make known how far ahead the clock is. anew: the data is another, for which no idempotency key was used yet."""
        renewed = await self._sql.run(_moved, tenant_id, ahead_ms, round(self._remembered * 1000), anew)
        await self._announce(Revoked(tenant_id, token_id, generation) for token_id, generation in renewed)


def _moved(
    session: Session, tenant_id: str, ahead_ms: int, remembered_ms: int, anew: bool
) -> tuple[tuple[str, int], ...]:
    sandboxes.set_clock(session, tenant_id, ahead_ms, remembered_ms, anew=anew)
    return tokens.renew(session, tenant_id, datetime.now(UTC))
