"""The parts that couriers render with, from a deployment's settings."""

from __future__ import annotations

from contextlib import AsyncExitStack

from adapters.core.compile.catalogue import Catalogue
from gateway import factories
from gateway.api.internal_calls import Internal
from gateway.api.rate_limits import groups
from gateway.auth.scopes import Permissions
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.deployment import operations
from gateway.keys.keyring import Keyring
from gateway.stores.limits import Limiter
from gateway.stores.sql import Sql
from gateway.webhooks.hydrating import Hydrator
from gateway.webhooks.judging import Judge
from gateway.webhooks.rendering import Renderings


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


def renderer(
    settings: Settings,
    known: Catalogue,
    runtime: Runtime,
    sql: Sql,
    keyring: Keyring,
    limiter: Limiter,
    stack: AsyncExitStack,
) -> Renderings:
    """What judges and renders what there is. What needs closing is left with `stack`."""
    identity = factories.identity(settings, runtime)
    stack.push_async_callback(identity.aclose)
    internal = Internal(
        {name: factories.guard(settings, runtime, name) for name in settings.services},
        {name: service.timeouts.upload for name, service in settings.services.items()},
        limiter,
    )
    stack.push_async_callback(internal.aclose)
    listed = frozenset(
        name
        for service in settings.services.values()
        for name, declared in service.operations.items()
        if declared.via == "list"
    )
    hydrator = Hydrator(
        operations(settings, known), listed, internal, limiter, groups(settings), service_keys(settings, runtime)
    )
    judge = Judge(sql, keyring, identity, Permissions(known.scopes, settings.roles))
    return Renderings(known.events(settings.ids), settings, keyring, judge, hydrator)
