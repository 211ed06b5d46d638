"""The parts of test mode, from a deployment's settings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from adapters.core.compile.scopes import Scopes
from gateway import factories
from gateway.api.exchange import Accepted
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.sandboxes.control import Control
from gateway.sandboxes.endpoints import Endpoints
from gateway.sandboxes.keeping import Announce, Sandboxes
from gateway.stores.sql import Sql


def parts(
    settings: Settings,
    scopes: Scopes,
    runtime: Runtime,
    sql: Sql,
    keyring: Keyring,
    announce: Announce,
    stack: AsyncExitStack,
) -> Sandboxes | None:
    """What makes and removes sandboxes; None where there is no test mode. What needs closing is left with `stack`."""
    if (places := factories.test(settings, runtime)) is None:
        return None
    control = Control(factories.pool(settings, places, "auth"), runtime.control_key)
    stack.push_async_callback(control.aclose)
    return Sandboxes(sql, keyring, settings, scopes, control, announce)


def handlers(kept: Sandboxes | None, settings: Settings, sql: Sql) -> Mapping[str, Accepted]:
    """What answers the operations of test mode, by name."""
    return {} if kept is None else Endpoints(kept, sql, settings.test).handlers()
