"""What the commands about tokens and tenants work with, whether a gateway is running on the data directory or not."""

from __future__ import annotations

import dataclasses
import getpass
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from gateway.cli import naming
from gateway.cli.failures import NOT_FOUND, REFUSED, UNAVAILABLE, Failure

if TYPE_CHECKING:
    from gateway.auth.users import Identity
    from gateway.config import Runtime, Settings
    from gateway.keys.keyring import Keyring
    from gateway.stores.sql import Sql
    from gateway.stores.sql.tenants import Tenant

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class CliContext:
    """The settings, the keys, the database, and the running gateway's facts (None when none runs)."""

    settings: Settings
    keys: Keyring
    sql: Sql
    live: Runtime | None

    @property
    def actor(self) -> str:
        """Who the audit names for what this command does."""
        return f"cli:{getpass.getuser()}"

    async def tenant(self, named: str) -> Tenant:
        """The tenant of this internal id, public id (`biz_…`) or exact name; Failure for none, or for several of one name."""
        from gateway.stores.sql import tenants

        known = {each.id: each for each in await self.sql.read(tenants.list)}
        return known[naming.named(named, [(each.id, each.name) for each in known.values()])]

    @asynccontextmanager
    async def facts(self, *services: str) -> AsyncIterator[Runtime]:
        """Where these services are: as configured, in the running gateway's sandbox, or in one started for the moment."""
        from gateway.config import SANDBOX
        from gateway.process import first_start, runtime_facts
        from gateway.process.embedded import sandbox

        wanted = {name: service for name, service in self.settings.services.items() if name in services}
        boxed: list[str] = [name for name, service in wanted.items() if service.base_url == SANDBOX]
        if self.live is not None:
            configured = runtime_facts.runtime(self.settings, "", None, 0)
            urls = {name: url for name, url in self.live.service_urls.items() if name in boxed}
            keys = {name: key for name, key in self.live.service_keys.items() if name in boxed}
            yield dataclasses.replace(
                configured,
                service_urls=dict(configured.service_urls) | urls,
                service_keys=dict(configured.service_keys) | keys,
            )
        elif boxed:
            data_dir = self.settings.server.data_dir.absolute()
            async with sandbox.running(data_dir, documented_only=self.settings.sandbox.documented_only) as box:
                if self.settings.services["auth"].base_url == SANDBOX:
                    await self.sql.run(first_start.register_seeded, self.keys, box.seeded)
                yield runtime_facts.runtime(self.settings, "", box, 0)
        else:
            yield runtime_facts.runtime(self.settings, "", None, 0)

    @asynccontextmanager
    async def testing(self) -> AsyncIterator[Runtime]:
        """The same for the sandbox program of test mode. Failure where there is no test mode."""
        from gateway.process import runtime_facts
        from gateway.process.embedded import sandbox

        if not self.settings.test.enabled:
            raise Failure("there is no test mode: the configuration says `test: off`", REFUSED)
        if not sandbox.beside(self.settings.test):
            yield runtime_facts.runtime(self.settings, "", None, 0)
        elif self.live is None:
            data_dir = self.settings.server.data_dir.absolute()
            async with sandbox.running(data_dir, documented_only=self.settings.sandbox.documented_only) as box:
                yield runtime_facts.runtime(self.settings, "", box, 0)
        elif self.live.test_url:
            yield self.live
        else:
            raise Failure("the gateway that runs here was started without test mode: restart it", UNAVAILABLE)

    @asynccontextmanager
    async def identity(self) -> AsyncIterator[Identity]:
        """The client of the auth service."""
        from gateway import factories

        async with self.facts("auth") as facts:
            client = factories.identity(self.settings, factories.live(facts))
            try:
                yield client
            finally:
                await client.aclose()

    async def announce(self, tenant_id: str, token_id: str, generation: int) -> None:
        """Tell every worker that the token changed. Without a running gateway and with the embedded store nobody listens."""
        from gateway.config import EMBEDDED, reveal
        from gateway.stores import redis_url
        from gateway.stores.errors import StoreUnavailable
        from gateway.stores.token_generations import Liveness

        url = (self.live and self.live.redis_url) or reveal(self.settings.stores.redis)
        if url == EMBEDDED:
            return
        line = await redis_url.connect(url, timeout=self.settings.stores.redis_timeout)
        try:
            await Liveness(line).announce(tenant_id, token_id, generation)
        except StoreUnavailable as error:
            raise Failure(
                f"the change is stored, but workers could not be told ({error}): they notice within five minutes. "
                "Run the command again when the store is back.",
                UNAVAILABLE,
            ) from error
        finally:
            await line.aclose()


def running(settings: Settings) -> Runtime | None:
    """The facts of the gateway that runs on the data directory; None when none runs.

    Failure where there is none to speak of: what a command wrote there would be another deployment, which nobody serves.
    """
    from gateway import factories
    from gateway.config import EMBEDDED
    from gateway.process import instance_lock

    data_dir = settings.server.data_dir.absolute()
    live = instance_lock.running(data_dir)
    marks = factories.embedded_files(settings)
    if live is None and marks and not any(path.exists() for path in marks):
        if settings.stores.sql == EMBEDDED:
            way = "or let `gateway serve` make one there first"
        else:
            # `serve` makes a keyring for an empty database only.
            way = "or point secrets.keyring at the keyring that the database was written with"
        raise Failure(
            f"there is no gateway's data in {data_dir}: name its data directory with --data-dir, {way}", NOT_FOUND
        )
    return live


def with_context(settings: Settings, work: Callable[[CliContext], Awaitable[Result]]) -> Result:
    """Run `work` to its end and return what it returns."""
    # Late, as all that only work needs.
    import asyncio

    from gateway import factories
    from gateway.observe import logs
    from gateway.process import first_start, instance_lock
    from gateway.stores.sql import Sql
    from gateway.stores.sql.migrate import migrate

    async def seated() -> Result:
        data_dir = settings.server.data_dir.absolute()
        live = await asyncio.to_thread(running, settings)
        instance_lock.prepare(data_dir)
        url = (live and live.sql_url) or factories.sql_url(settings)
        if live is None:
            await asyncio.to_thread(migrate, url)
        sql = Sql(url, pool_size=1, timeout=settings.stores.sql_timeout)
        try:
            await first_start.make_keyring(settings, sql)
            return await work(CliContext(settings, factories.keyring(settings), sql, live))
        finally:
            sql.close()

    instance_lock.keep_private()
    # stdout belongs to the command's result.
    logs.configure("error", sys.stderr.buffer)
    return asyncio.run(seated())
