"""What `gateway serve` starts around its workers, in order.

Valkey, migrations and the folder of documents side by side, with the sandbox that was begun before → settings to the workers → admin
port → banner → couriers → documents
"""

import asyncio
import gc
import pickle
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from adapters.core.compile.catalogue import Catalogue
from gateway import deployment, factories
from gateway.brands import Brands
from gateway.config import EMBEDDED, SANDBOX, ConfigError, Fault, Runtime, Settings, fingerprint, reveal, watched
from gateway.deployment import Offer
from gateway.keys.keyring import KeyringInvalid
from gateway.observe import logs
from gateway.process import documents, first_start, preloader, runtime_facts
from gateway.process.admin_port import AdminPort, Asked
from gateway.process.couriers import Couriers, concerned
from gateway.process.embedded import keeper, sandbox
from gateway.process.embedded.sandbox import Begun, Sandbox, SandboxFailed
from gateway.process.embedded.valkey import ValkeyFailed
from gateway.process.instance_lock import CannotStartError, Claim
from gateway.process.launcher import Launcher
from gateway.process.publication import Publication, Sources
from gateway.process.reloading import Reloads, beside
from gateway.process.sockets import Ports
from gateway.process.workers import Workers
from gateway.stores import redis_url
from gateway.stores.errors import StoreUnavailable
from gateway.stores.sql import Sql
from gateway.stores.sql.migrate import migrate

_AS_BEFORE: Final = "What ran before goes on."


class Startup:
    """What is started, in order, each part leaving its own end on `stack`. `reloads` knows the settings.

    begun: the sandbox's process, where one is needed.
    """

    def __init__(
        self,
        reloads: Reloads,
        claim: Claim,
        ports: Ports,
        workers: Workers,
        couriers: Couriers,
        launcher: Launcher,
        begun: Begun | None,
        stack: AsyncExitStack,
    ) -> None:
        self._begun = begun
        self._couriers = couriers
        self._launcher = launcher
        self._ingest_port = ports.ingest.port if ports.ingest else 0
        self._settings = reloads.settings
        self._reloads = reloads
        self._claim = claim
        self._public = ports.public
        self._private = ports.private
        self._stack = stack
        self._workers = workers
        self._seen = watched.contents(watched.files(self._settings))
        self._box: Sandbox | None = None
        self._spec: Path | None = None
        self._publication = Publication(claim.data_dir, launcher)
        self._facts: Runtime
        self._offer: Offer
        self._port: AdminPort

    async def start(self) -> None:
        """Returns when everything answers; raises CannotStartError with one clear line."""
        workers, refused = self._workers, None
        try:
            async with asyncio.TaskGroup() as group:
                redis = group.create_task(self._redis())
                box = group.create_task(self._sandbox())
                group.create_task(_migrated(self._settings))
                described = group.create_task(self._described())
        except* (CannotStartError, ConfigError, OSError, ValkeyFailed, SandboxFailed, StoreUnavailable) as errors:
            refused = _first(errors)
        # Outside of it: before Python 3.11.4 what is raised there comes as a group.
        if refused is not None:
            told = isinstance(refused, CannotStartError | ConfigError | OSError)
            raise refused if told else CannotStartError(str(refused)) from None
        # The admin port ends behind the workers: until then it says that they are stopping, and shows the last counts.
        admin_parts = await self._stack.enter_async_context(AsyncExitStack())
        # Once more, because what was started last is stopped first: workers finish while all they need is there, then couriers.
        for each in (self._couriers, workers):
            self._stack.push_async_callback(each.stop)
        known, sources, folder = described.result()
        self._box = box.result()
        facts = runtime_facts.runtime(self._settings, redis.result(), self._box, self._public.port)
        self._facts = facts = replace(facts, site=folder, ingest_url=self._ingest_url(self._settings))
        await _agreed(self._settings, facts)
        introduced = asyncio.create_task(first_start.introduce(self._settings, facts, known, self._seeded()))
        handover = pickle.dumps((self._settings, facts))
        await workers.start(handover)
        demo = await introduced
        asked = await Asked.open(self._settings, facts, workers)
        self._port = AdminPort(
            asked,
            workers,
            (workers, self._couriers, self._launcher, self._reloads),
            self._reloads,
            self._claim.data_dir,
        )
        await self._port.open(self._private, admin_parts)
        self._publish()
        self._tell(known, demo)
        gc.freeze()
        gc.enable()
        await self._publication.begin(sources)
        self._stack.push_async_callback(self._publication.settle)
        # Couriers begin when requests are answered already, which is what whoever starts a gateway waits for.
        self._couriers.warm_up()
        receiving = asyncio.create_task(self._receiving(handover))
        if self._couriers.needed:
            await receiving
        else:
            self._stack.callback(receiving.cancel)

    def _tell(self, known: Catalogue, demo: first_start.Demo | None) -> None:
        """That it has started, to logs and people, and what it does."""
        facts, admin_port, server = self._facts, self._private.port, self._settings.server
        alone = self._couriers.needed
        answering = {"workers": 0} if alone else {"port": facts.public_port, "workers": server.workers}
        logs.event("started", **answering, admin_port=admin_port, config=fingerprint(self._settings))
        if alone:
            first_start.greet_couriers(self._settings, facts, admin_port, self._ingest_port, sys.stderr)
        else:
            first_start.greet(self._settings, facts, known, admin_port, demo, sys.stderr)

    async def _receiving(self, handover: bytes) -> None:
        await self._couriers.start(handover)
        if self._ingest_port:
            logs.event("couriers started", ingest_port=self._ingest_port, couriers=self._settings.webhooks.couriers)

    async def _described(self) -> tuple[Catalogue, Sources, str]:
        """What there is, what its documents are made of, and their folder."""
        offer = preloader.loaded(self._settings)
        assert offer is not None  # what is started is what was loaded
        self._spec = await documents.written(self._settings, self._claim.data_dir)
        self._offer = offer
        sources = self._sources(self._settings, offer)
        return offer.catalogue, sources, await self._publication.named(sources)

    def _sources(self, settings: Settings, offer: Offer) -> Sources:
        brands = Brands(settings.brands, self._public.port).all
        return Sources(settings, brands, offer.operations, offer.catalogue.contracts, self._spec)

    async def take(self, settings: Settings) -> None:
        """Answer by another configuration from now on, without losing a request. ConfigError when it cannot be taken."""
        offer = await beside(deployment.checked, settings, self._offer)
        sources = self._sources(settings, offer)
        folder = await self._publication.named(sources)
        url = reveal(settings.stores.redis)
        place = self._facts.redis_url if url == EMBEDDED else url
        facts = runtime_facts.runtime(settings, place, self._box, self._public.port)
        facts = replace(facts, site=folder, ingest_url=self._ingest_url(settings))
        try:
            if facts.sql_url != self._facts.sql_url:
                await _migrated(settings)
            if facts.sql_url != self._facts.sql_url or settings.secrets != self._settings.secrets:
                await _agreed(settings, facts)
        except (CannotStartError, OSError, StoreUnavailable) as error:
            raise ConfigError([Fault("stores.sql", str(error), _AS_BEFORE)]) from error
        if place != self._facts.redis_url:
            try:
                await redis_url.check(place, timeout=settings.stores.redis_timeout)
            except StoreUnavailable as error:
                raise ConfigError([Fault("stores.redis", str(error), _AS_BEFORE)]) from error
        asked = await Asked.open(settings, facts, self._workers)
        handover = pickle.dumps((settings, facts))
        seen = await asyncio.to_thread(watched.contents, watched.files(settings))
        follows = concerned(self._settings, settings, self._seen, seen)

        async def couriers() -> None:
            # Forked with what the operations are compiled to by then.
            if offer is not self._offer:
                await self._launcher.renew(settings)
            if follows and not await self._couriers.follow(handover):
                if offer is not self._offer:
                    await self._launcher.renew(self._settings)
                raise ConfigError(
                    [Fault("configuration", "a courier did not come up with it, as its log line says", _AS_BEFORE)]
                )

        try:
            if not await self._workers.swap(handover, couriers):
                raise ConfigError(
                    [Fault("configuration", "a worker could not take it, as its log line says", _AS_BEFORE)]
                )
        except BaseException:  # raised again: what was opened for it is nobody else's to close
            await asked.aclose()
            raise
        if follows:
            self._couriers.hand_over(handover)
        self._seen = seen
        self._settings, self._facts, self._offer = settings, facts, offer
        self._workers.grace = settings.server.shutdown_grace
        logs.configure(settings.logging.level)
        await self._port.replace(asked)
        self._publish()
        await self._publication.begin(sources)

    def _ingest_url(self, settings: Settings) -> str:
        ingest = settings.webhooks.ingest
        if not settings.webhooks.couriers:
            return ingest.url or ""
        host = f"[{ingest.host}]" if ":" in ingest.host else ingest.host
        scheme = "http" if ingest.tls is None else "https"
        return ingest.url or f"{scheme}://{host}:{self._ingest_port}"

    def _publish(self) -> None:
        """Let commands find this instance. A disk that is full is no reason not to serve."""
        address = self._settings.server.admin_host, self._private.port
        try:
            self._claim.publish(runtime_facts.public(self._settings, self._facts), address)
        except OSError as error:
            logs.event("the facts of this instance could not be written", "error", error=error)

    async def _redis(self) -> str:
        url = reveal(self._settings.stores.redis)
        if url == EMBEDDED:
            return await self._stack.enter_async_context(keeper.embedded_valkey(self._claim.data_dir))
        return url

    async def _sandbox(self) -> Sandbox | None:
        if self._begun is None:
            return None
        options = self._settings.sandbox
        running = sandbox.running(self._claim.data_dir, documented_only=options.documented_only, first=self._begun)
        return await self._stack.enter_async_context(running)

    def _seeded(self) -> Mapping[str, Any] | None:
        """The sandbox's tenants, where people sign in at it."""
        if self._box is None or self._settings.services["auth"].base_url != SANDBOX:
            return None
        return self._box.seeded


async def _migrated(settings: Settings) -> None:
    await asyncio.to_thread(migrate, factories.sql_url(settings), timeout=settings.stores.sql_timeout)


async def _agreed(settings: Settings, facts: Runtime) -> None:
    """CannotStartError when the database was written with another keyring."""
    sql = Sql(facts.sql_url, pool_size=1, timeout=settings.stores.sql_timeout)
    try:
        await first_start.make_keyring(settings, sql)
        await first_start.check_keyring(factories.keyring(settings), sql)
    except KeyringInvalid as error:
        raise CannotStartError(f"the keyring cannot be used: {error}", code=2) from error
    finally:
        sql.close()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    found: BaseException = errors
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found
