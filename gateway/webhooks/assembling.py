"""The parts that couriers render with, from a deployment's settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack

from adapters.core.compile.catalogue import Catalogue
from adapters.core.operation import Operation
from gateway import factories
from gateway.api.exchange import Accepted
from gateway.api.internal_calls import Internal
from gateway.api.rate_limits import by_plan
from gateway.auth.identities import Identities
from gateway.auth.scopes import Permissions
from gateway.config.policies import Lifecycle
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.deployment import Offer
from gateway.egress.resolving import Resolver
from gateway.keys.keyring import Keyring
from gateway.keys.token_format import Mode
from gateway.stores.limits import Limiter
from gateway.stores.sql import Sql
from gateway.webhooks.checking import Checks
from gateway.webhooks.deliveries import Deliveries
from gateway.webhooks.endpoints import Subscriptions
from gateway.webhooks.hydrating import Hydrator
from gateway.webhooks.judging import Judge
from gateway.webhooks.log import Log
from gateway.webhooks.previewing import Previews
from gateway.webhooks.reading import Reader
from gateway.webhooks.reconciling import Reconciler
from gateway.webhooks.registering import Registrar, Service
from gateway.webhooks.rendering import Renderings
from gateway.webhooks.subscribers import Parts


def offered(settings: Settings, known: Catalogue) -> frozenset[str]:
    """The types whose service this deployment has."""
    named = known.events(settings.ids).named
    return frozenset(name for name, kind in named.items() if kind.service in settings.services)


def service_keys(settings: Settings, runtime: Runtime) -> dict[str, str | None]:
    """By service, its service key, or None where it takes the tenant's own."""
    return {
        name: runtime.service_keys.get(name, "") if service.credentials == "service_key" else None
        for name, service in settings.services.items()
    }


def registrar(
    settings: Settings, known: Catalogue, runtime: Runtime, sql: Sql, keyring: Keyring, stack: AsyncExitStack
) -> Registrar:
    """What keeps our subscriptions with the settings service. What needs closing is left with `stack`."""
    services: dict[Mode, Service] = {}
    if "settings" in settings.services:
        pool = factories.pool(settings, factories.live(runtime), "settings")
        stack.push_async_callback(pool.aclose)
        services["live"] = Service(pool, service_keys(settings, runtime)["settings"])
        if (tested := factories.test(settings, runtime)) is not None:
            apart = factories.pool(settings, tested, "settings")
            stack.push_async_callback(apart.aclose)
            services["test"] = Service(apart, None)
    base = (runtime.ingest_url or settings.webhooks.ingest.url or "").rstrip("/")
    return Registrar(sql, keyring, services, base, known.events(settings.ids).internal)


def parts(
    settings: Settings, known: Catalogue, runtime: Runtime, sql: Sql, keyring: Keyring, stack: AsyncExitStack
) -> Parts:
    """What subscriptions are looked after with. What needs closing is left with `stack`."""
    types, resolver = known.events(settings.ids), Resolver()
    stack.callback(resolver.close)
    dates = [contract.date for contract in known.contracts]
    checks = Checks(
        types, offered(settings, known), factories.egress_rules(settings), resolver, dates, cycles(settings)
    )
    keeping = registrar(settings, known, runtime, sql, keyring, stack)
    return Parts(sql, keyring, types, checks, keeping, known.scopes, settings.console.administrators)


def handlers(parts: Parts) -> Mapping[str, Accepted]:
    """What answers the operations of webhooks, by name."""
    return {**Subscriptions(parts).handlers(), **Deliveries(parts).handlers(), **Log(parts).handlers()}


def cycles(settings: Settings) -> dict[str, Lifecycle]:
    """What becomes of contracts, by date."""
    return {date.isoformat(): cycle for date, cycle in settings.versions.items()}


def delivering(
    settings: Settings,
    offer: Offer,
    runtime: Runtime,
    sql: Sql,
    keyring: Keyring,
    limiter: Limiter,
    stack: AsyncExitStack,
) -> tuple[Renderings, Reconciler]:
    """What judges and renders what there is, and what finds out what was missed. What needs closing is left with `stack`."""
    identities = factories.identities(settings, runtime)
    stack.push_async_callback(identities.aclose)
    internal = Internal(
        factories.upstreams(settings, runtime),
        {name: service.timeouts.upload for name, service in settings.services.items()},
        limiter,
    )
    stack.push_async_callback(internal.aclose)
    reader = Reader(internal, limiter, by_plan(settings), service_keys(settings, runtime))
    compiled, known = offer.operations, offer.catalogue
    judge = Judge(sql, keyring, identities, Permissions(known.scopes, settings.roles), cycles(settings))
    types = known.events(settings.ids)
    return (
        rendering(settings, known, compiled, keyring, judge, reader),
        Reconciler(sql, types, compiled, reader, judge, known.newest),
    )


def rendering(
    settings: Settings,
    known: Catalogue,
    operations: Iterable[Operation],
    keyring: Keyring,
    judge: Judge,
    reader: Reader,
) -> Renderings:
    """What judges and renders. operations: as compiled for the deployment."""
    listed = frozenset(
        name
        for service in settings.services.values()
        for name, declared in service.operations.items()
        if declared.via == "list"
    )
    return Renderings(known.events(settings.ids), settings, keyring, judge, Hydrator(operations, listed, reader))


def previews(
    settings: Settings,
    known: Catalogue,
    operations: Iterable[Operation],
    sql: Sql,
    keyring: Keyring,
    identities: Identities,
    reader: Reader,
) -> Previews:
    """What shows owners what would be sent, with the parts of a worker."""
    judge = Judge(sql, keyring, identities, Permissions(known.scopes, settings.roles), cycles(settings))
    renderings = rendering(settings, known, operations, keyring, judge, reader)
    return Previews(keyring, renderings, factories.agent(settings))
