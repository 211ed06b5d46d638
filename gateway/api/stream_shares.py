"""Answers that are streamed hold a connection to their service for as long as their reader takes: each tenant gets a share.

Without one, two hundred slow readers of one tenant leave no connection for anybody's search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from gateway.downstream.streaming import ClientSlow
from gateway.observe import metrics
from gateway.problems import throttled
from gateway.upstream.errors import Saturated

SLOWEST: Final = 64 * 1024
"""Bytes a second that a reader has to take, as a writer has to send (body/reading.py)."""


class StreamShares:
    """Of `connections` to a service, half may be streams, and a tenth those of one tenant; in each worker."""

    def __init__(self, connections: int) -> None:
        self._all = max(1, connections // 2)
        self._own = max(1, connections // 10)
        self._under_way: Counter[str] = Counter()

    @contextmanager
    def one(self, tenant_id: str) -> Iterator[None]:
        """One more stream of the tenant; RateLimited when it has its share, Saturated when all tenants have theirs."""
        if self._under_way[tenant_id] >= self._own:
            metrics.rate_limited("streams")
            detail = "Too many exports of your workspace are under way at once."
            raise throttled(1, ["streams"], detail, self._own)
        if self._under_way.total() >= self._all:
            raise Saturated("no connection left for one more stream")
        self._under_way[tenant_id] += 1
        try:
            yield
        finally:
            self._under_way[tenant_id] -= 1
            if not self._under_way[tenant_id]:
                del self._under_way[tenant_id]


async def paced(pieces: AsyncIterator[bytes], patience: float) -> AsyncIterator[bytes]:
    """The same pieces, for a reader that is waited for `patience` seconds in all, and longer while it takes SLOWEST or more.

    ClientSlow when it takes less. What the system's buffers hold counts as taken: a few megabytes of each connection.
    """
    sent, waited = 0, 0.0
    async for piece in pieces:
        began = monotonic()
        yield piece
        waited += monotonic() - began
        sent += len(piece)
        if waited > patience + sent / SLOWEST:
            raise ClientSlow
