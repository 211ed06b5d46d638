"""A PostgreSQL of several hosts, or of a name that stands for several: one that is gone without a word must not be waited for each time."""

from typing import Any, Final

from sqlalchemy import Engine, event

from gateway.stores.sql import urls

_SHORTEST: Final = 2  # seconds; the driver takes no less
_OF_DEADLINE: Final = 0.8


def patience(count: int, timeout: float) -> int:
    """Seconds that each of `count` hosts may take to let a connection in, so that a call of `timeout` seconds reaches another one.

    A single name may stand for two addresses.
    """
    return max(_SHORTEST, int(timeout * _OF_DEADLINE / max(2, count)))


def remember(engine: Engine) -> None:
    """Try the host first that was taken last, then the others in the order of the URL."""
    hosts = urls.hosts(engine.url)
    if len(hosts) < 2:
        return
    taken = hosts[0]

    @event.listens_for(engine, "do_connect")
    def _connected(dialect: Any, _record: object, arguments: list[Any], options: dict[str, Any]) -> Any:
        nonlocal taken
        tried = sorted(hosts, key=lambda each: each != taken)
        named = {"host": ",".join(host for host, _ in tried), "port": ",".join(port for _, port in tried)}
        connection = dialect.connect(*arguments, **options | named)
        taken = (connection.info.host, str(connection.info.port))
        return connection
