"""The admin port, and what it asks: it goes on while the configuration behind it changes."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway import factories
from gateway.config import Runtime, Settings
from gateway.keys.keyring import Keyring
from gateway.keys.keyring_file import KeptKeyring
from gateway.observe import admin, metrics
from gateway.process import readiness
from gateway.process.reloading import Reloads
from gateway.process.sockets import Listener
from gateway.process.workers import Workers
from gateway.stores import redis_url
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql

_KINDS: Final = ("hashing", "sealing")
_PATIENCE: Final = admin.CHECK_TIMEOUT * 0.9  # seconds, so that a check says why it fails


class Asked:
    """The stores and the keyring as one configuration has them, with connections of their own."""

    def __init__(
        self,
        checks: Mapping[str, admin.Check],
        hosts: frozenset[str],
        line: RedisConnection,
        sql: Sql,
        keys: Keyring,
    ) -> None:
        self.checks = checks
        self.keys = keys
        self.hosts = hosts
        self._line = line
        self._sql = sql

    @classmethod
    async def open(cls, settings: Settings, facts: Runtime, workers: Workers) -> "Asked":
        """Connect to what is configured. A store that is away is not an error."""
        line = await redis_url.connect(facts.redis_url, timeout=settings.stores.redis_timeout)
        sql = Sql(facts.sql_url, pool_size=1, timeout=min(_PATIENCE, settings.stores.sql_timeout))
        hosts = frozenset(host.lower() for host in (settings.server.admin_host, *settings.server.admin_hosts))
        keys = factories.keyring(settings)
        return cls(readiness.checks(line, sql, keys, workers), hosts, line, sql, keys)

    async def aclose(self) -> None:
        await self._line.aclose()
        self._sql.close()


class AdminPort:
    """`/metrics`, `/healthz` and `/readyz`. `asked` is what it asks now; another one may be put in its place."""

    def __init__(
        self, asked: Asked, workers: Workers, counting: Sequence[Collector], reloads: Reloads, data_dir: Path
    ) -> None:
        """`counting`: what shows metrics of its own beside those of the processes that count below `data_dir`."""
        self.asked = asked

        shown = (*counting, _Keys(lambda: self.asked.keys))

        def exposition(openmetrics: bool) -> bytes:
            return metrics.exposition(data_dir / "metrics", *shown, openmetrics=openmetrics)

        self._app = admin.create(
            exposition,
            lambda: self.asked.checks,
            lambda: self.asked.hosts,
            {"connections": lambda: workers.full, "keyring": self._astray},
            reloads.told,
        )

    def _astray(self) -> bool:
        keys = self.asked.keys
        if not isinstance(keys, KeptKeyring):
            return False
        keys.refresh()
        return keys.astray

    async def replace(self, asked: Asked) -> None:
        """Ask these from now on."""
        former, self.asked = self.asked, asked
        await former.aclose()

    async def _let_go(self) -> None:
        await self.asked.aclose()

    async def open(self, listener: Listener, stack: AsyncExitStack) -> None:
        """Begin to answer; the end is left on `stack`."""
        stack.push_async_callback(self._let_go)
        config = uvicorn.Config(
            self._app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
        )
        serving, own = _Server(config), listener.open()
        # Whoever is told of it has a connection at once, and is answered when the loop comes to it.
        own.listen(config.backlog)
        task = asyncio.create_task(serving.serve(sockets=[own]))

        async def end() -> None:
            serving.should_exit = serving.force_exit = True
            await task

        stack.push_async_callback(end)


class _Keys(Collector):
    """Which keys this instance makes new things with, by their ids: what others make, an instance without those cannot read."""

    def __init__(self, keys: Callable[[], Keyring]) -> None:
        self._keys = keys

    def collect(self) -> Iterator[Metric]:
        keys = self._keys()
        if isinstance(keys, KeptKeyring):
            keys.refresh()
        info = GaugeMetricFamily("gateway_keyring_info", "The keys in use.", labels=_KINDS)
        info.add_metric([keys.ids(kind)[0] for kind in _KINDS], 1)
        yield info


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are the supervisor's, who ends this server last but one.
        yield
