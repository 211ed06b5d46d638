"""`gateway serve`: the process that owns the data directory, the embedded parts, the sockets and the workers.

claim the data directory → bind both ports → Valkey, migrations and sandbox side by side → tenants of the sandbox
→ workers → admin port → banner → wait for a signal → workers finish → the rest stops in reverse
"""

import asyncio
import pickle
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import uvicorn

from gateway import bootstrap, instance, parts, tether
from gateway.config import EMBEDDED, Runtime, Settings, reveal
from gateway.embedded import sandbox
from gateway.embedded.sandbox import Sandbox, SandboxFailed
from gateway.embedded.valkey import ValkeyFailed
from gateway.fleet import Fleet
from gateway.instance import CannotStartError, Claim
from gateway.keyring import KeyringInvalid
from gateway.listening import Listener, listening
from gateway.observe import admin, logs, metrics
from gateway.stores.address import Address
from gateway.stores.errors import StoreUnavailable
from gateway.stores.line import Line
from gateway.stores.sql.migrate import is_current, migrate

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP; a second one ends it at once. Raises CannotStartError with one clear line."""
    logs.configure(settings.logging.level)
    server = settings.server
    data_dir = server.data_dir.absolute()
    with (
        instance.claimed(data_dir) as claim,
        listening(server.host, server.port, count=server.workers, what="the port", option="--port") as public,
        listening(
            server.admin_host, server.admin_port, count=1, what="the admin port", option="GATEWAY_ADMIN_PORT"
        ) as private,
    ):
        async with AsyncExitStack() as stack:
            house = _House(settings, claim, public, private, stack)
            stop = _Stop(house.kill)
            starting = asyncio.create_task(house.start())
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await stopping
            starting.cancel()
            stopping.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            logs.event("stopping")
            # From here on a new connection is refused instead of waiting in a queue that nobody reads.
            public.close()
    logs.event("stopped")


class _House:
    """What is started, in order, each part leaving its own end on `stack`."""

    def __init__(
        self,
        settings: Settings,
        claim: Claim,
        public: Listener,
        private: Listener,
        stack: AsyncExitStack,
    ) -> None:
        self._settings = settings
        self._claim = claim
        self._public = public
        self._private = private
        self._stack = stack
        self._fleet: Fleet | None = None

    def kill(self) -> None:
        if self._fleet is not None:
            self._fleet.kill()

    async def start(self) -> None:
        self._fleet = fleet = self._warmed_up()
        try:
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._redis())
                box = group.create_task(self._sandbox())
                group.create_task(self._migrated())
        except* (CannotStartError, ValkeyFailed, SandboxFailed, StoreUnavailable) as errors:
            error = _first(errors)
            raise error if isinstance(error, CannotStartError) else CannotStartError(str(error)) from None
        # Once more, because what was started last is stopped first: workers finish while all they need is there.
        self._stack.push_async_callback(fleet.stop)
        facts = parts.runtime(self._settings, redis.result(), box.result(), self._public.port)
        try:
            parts.keyring(self._settings)
        except (KeyringInvalid, OSError) as error:
            raise CannotStartError(f"the keyring cannot be used: {error}", code=2) from error
        introduced = asyncio.create_task(bootstrap.introduce(self._settings, facts))
        await fleet.start(pickle.dumps((self._settings, facts)))
        token = await introduced
        await self._admin(facts, fleet)
        self._claim.publish(facts)
        admin_port = self._private.port
        logs.event("started", port=facts.public_port, admin_port=admin_port, workers=self._settings.server.workers)
        bootstrap.greet(self._settings, facts, admin_port, token, sys.stderr)

    async def _redis(self) -> str:
        url = reveal(self._settings.stores.redis)
        if url == EMBEDDED:
            return await self._stack.enter_async_context(parts.embedded_valkey(self._claim.data_dir))
        try:
            Address.parse(url)
        except ValueError as error:
            raise CannotStartError(f"stores.redis: {error}", code=2) from error
        return url

    async def _migrated(self) -> None:
        try:
            await asyncio.to_thread(migrate, parts.sql_url(self._settings))
        except ValueError as error:
            raise CannotStartError(f"stores.sql: {error}", code=2) from error

    async def _sandbox(self) -> Sandbox | None:
        if not parts.needs_sandbox(self._settings):
            return None
        return await self._stack.enter_async_context(sandbox.running(self._claim.data_dir))

    def _warmed_up(self) -> Fleet:
        counts = _emptied(self._claim.data_dir / "metrics")
        server = self._settings.server
        fleet = Fleet(
            server.workers,
            self._public,
            tether.environment(PROMETHEUS_MULTIPROC_DIR=str(counts)),
            server.shutdown_grace,
        )
        self._stack.push_async_callback(fleet.stop)
        fleet.warm_up()
        return fleet

    async def _admin(self, facts: Runtime, fleet: Fleet) -> None:
        line = await Line.open(facts.redis_url)
        self._stack.push_async_callback(line.aclose)

        def exposition() -> bytes:
            return metrics.exposition(self._claim.data_dir / "metrics", fleet)

        app = admin.create(exposition, _checks(line, facts, fleet))
        config = uvicorn.Config(
            app, http="httptools", ws="none", lifespan="off", log_config=None, access_log=False, server_header=False
        )
        serving = _Admin(config)
        task = asyncio.create_task(serving.serve(sockets=[self._private.take(0)]))

        async def end() -> None:
            serving.should_exit = serving.force_exit = True
            await task

        self._stack.push_async_callback(end)


class _Admin(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Signals are the supervisor's, who ends this server last but one.
        yield


class _Stop:
    """The first signal asks for a stop, the second calls `kill`."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self._asked = asyncio.Event()
        self._kill = kill
        for number in _SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._signalled)

    async def wait(self) -> None:
        await self._asked.wait()

    def _signalled(self) -> None:
        if self._asked.is_set():
            self._kill()
        self._asked.set()


def _checks(line: Line, facts: Runtime, fleet: Fleet) -> Mapping[str, admin.Check]:
    async def workers() -> bool:
        return fleet.complete

    async def redis() -> bool:
        await line.command("PING")
        return True

    async def migrations() -> bool:
        return await asyncio.to_thread(is_current, facts.sql_url)

    return {"workers": workers, "redis": redis, "sql": migrations}


def _emptied(directory: Path) -> Path:
    # Counters of an earlier run are of processes that Prometheus has seen end.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    return directory


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
