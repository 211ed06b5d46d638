"""What `gateway serve` starts around its workers, in order.

Valkey, migrations, sandbox and documents side by side → tenants of the sandbox → settings to the workers → admin port
→ banner
"""

import asyncio
import pickle
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from typing import Final

import uvicorn

from gateway import deployment, factories
from gateway.brands import Brands
from gateway.config import EMBEDDED, ConfigError, Runtime, Settings, reveal
from gateway.keys.keyring import KeyringInvalid
from gateway.observe import admin, logs, metrics
from gateway.process import first_start, readiness, runtime_facts
from gateway.process.embedded import keeper, sandbox
from gateway.process.embedded.sandbox import Sandbox, SandboxFailed
from gateway.process.embedded.valkey import ValkeyFailed
from gateway.process.instance_lock import CannotStartError, Claim
from gateway.process.sockets import Listener
from gateway.process.workers import Fleet
from gateway.reference import site
from gateway.reference.publishing import publish
from gateway.stores.errors import StoreUnavailable
from gateway.stores.redis_connection import Line
from gateway.stores.sql import Sql
from gateway.stores.sql.migrate import migrate
from gateway.versions import CONTRACTS

_PATIENCE: Final = admin.CHECK_TIMEOUT * 0.9  # seconds, so that a check says why it fails


class House:
    """What is started, in order, each part leaving its own end on `stack`."""

    def __init__(
        self,
        settings: Settings,
        claim: Claim,
        public: Listener,
        private: Listener,
        fleet: Fleet,
        stack: AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._claim = claim
        self._public = public
        self._private = private
        self._stack = stack
        self._fleet = fleet

    async def start(self) -> None:
        """Returns when everything answers; raises CannotStartError with one clear line."""
        fleet = self._fleet
        try:
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._redis())
                box = group.create_task(self._sandbox())
                group.create_task(self._migrated())
                documents = group.create_task(asyncio.to_thread(self._published))
        except* (CannotStartError, ConfigError, OSError, ValkeyFailed, SandboxFailed, StoreUnavailable) as errors:
            error = _first(errors)
            told = isinstance(error, CannotStartError | ConfigError | OSError)
            raise error if told else CannotStartError(str(error)) from None
        # The admin port ends behind the workers: until then it says that they are stopping, and shows the last counts.
        admin_parts = await self._stack.enter_async_context(AsyncExitStack())
        # Once more, because what was started last is stopped first: workers finish while all they need is there.
        self._stack.push_async_callback(fleet.stop)
        facts = runtime_facts.runtime(self._settings, redis.result(), box.result(), self._public.port)
        facts = replace(facts, site=documents.result())
        await self._keyring(facts.sql_url)
        introduced = asyncio.create_task(first_start.introduce(self._settings, facts))
        await fleet.start(pickle.dumps((self._settings, facts)))
        demo = await introduced
        await self._admin(facts, fleet, admin_parts)
        admin_port = self._private.port
        self._claim.publish(runtime_facts.public(self._settings, facts), (self._settings.server.admin_host, admin_port))
        logs.event("started", port=facts.public_port, admin_port=admin_port, workers=self._settings.server.workers)
        first_start.greet(self._settings, facts, admin_port, demo, sys.stderr)

    def _published(self) -> str:
        """The folder of the documents, of settings that have been checked; ConfigError when they cannot be."""
        settings = self._settings
        deployment.check(settings)
        brands = Brands(settings.brands, self._public.port).all
        place = self._claim.data_dir / site.PLACE
        return publish(place, settings, brands, deployment.operations(settings), CONTRACTS)

    async def _redis(self) -> str:
        url = reveal(self._settings.stores.redis)
        if url == EMBEDDED:
            return await self._stack.enter_async_context(keeper.embedded_valkey(self._claim.data_dir))
        return url

    async def _migrated(self) -> None:
        timeout = self._settings.stores.sql_timeout
        await asyncio.to_thread(migrate, factories.sql_url(self._settings), timeout=timeout)

    async def _keyring(self, sql_url: str) -> None:
        sql = Sql(sql_url, pool_size=1, timeout=self._settings.stores.sql_timeout)
        try:
            await first_start.make_keyring(self._settings, sql)
            await first_start.check_keyring(factories.keyring(self._settings), sql)
        except KeyringInvalid as error:
            raise CannotStartError(f"the keyring cannot be used: {error}", code=2) from error
        finally:
            sql.close()

    async def _sandbox(self) -> Sandbox | None:
        if not runtime_facts.needs_sandbox(self._settings):
            return None
        options = self._settings.sandbox
        running = sandbox.running(self._claim.data_dir, documented_only=options.documented_only)
        return await self._stack.enter_async_context(running)

    async def _admin(self, facts: Runtime, fleet: Fleet, stack: AsyncExitStack) -> None:
        line = await Line.open(facts.redis_url, timeout=self._settings.stores.redis_timeout)
        stack.push_async_callback(line.aclose)
        sql = Sql(facts.sql_url, pool_size=1, timeout=min(_PATIENCE, self._settings.stores.sql_timeout))
        stack.callback(sql.close)

        def exposition() -> bytes:
            return metrics.exposition(self._claim.data_dir / "metrics", fleet)

        server = self._settings.server
        hosts = {server.admin_host, *server.admin_hosts}
        checks = readiness.checks(line, sql, factories.keyring(self._settings), fleet)
        app = admin.create(exposition, checks, hosts, {"connections": lambda: fleet.full})
        config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
        )
        serving = _Admin(config)
        task = asyncio.create_task(serving.serve(sockets=[self._private.open()]))

        async def end() -> None:
            serving.should_exit = serving.force_exit = True
            await task

        stack.push_async_callback(end)


class _Admin(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are the supervisor's, who ends this server last but one.
        yield


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
