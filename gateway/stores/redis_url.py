"""From a URL to the line: to the one node that it names, or to whichever of several is the right one."""

from gateway.stores import topology
from gateway.stores.address import Address
from gateway.stores.redis_connection import RedisConnection


async def connect(url: str, *, timeout: float = 0.25, max_pending: int = 10_000) -> RedisConnection:
    """A line to the store at ``url``, connected when the store answers within a few ``timeout`` (seconds, per command).

    A store that is away is not an error: the line comes back by itself. A malformed URL is (``ValueError``).
    """
    line = _line(url, timeout, max_pending)
    await line.connect()
    return line


async def check(url: str, *, timeout: float) -> None:
    """StoreUnavailable when the store at ``url`` does not serve now; ``timeout`` in seconds, per command."""
    line = _line(url, timeout, 1_000)
    try:
        await line.attempt()
    finally:
        await line.aclose()


def _line(url: str, timeout: float, max_pending: int) -> RedisConnection:
    if topology.is_several(url):
        # Late: hardly anybody has several nodes, and the client that knows them is large.
        from gateway.stores.redis_nodes import connection_of

        return connection_of(topology.Nodes.parse(url), timeout=timeout, max_pending=max_pending)
    return RedisConnection(Address.parse(url), timeout=timeout, max_pending=max_pending)
