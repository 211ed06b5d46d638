"""The parts of test mode, from a deployment's settings."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack

from adapters.core.compile.scopes import Scopes
from gateway import factories
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Accepted
from gateway.api.injection.remembering import Remembering
from gateway.api.injection.testing import Testing
from gateway.config.runtime import Runtime
from gateway.config.settings import Settings
from gateway.keys.keyring import Keyring
from gateway.sandboxes.control import Control
from gateway.sandboxes.data import Data
from gateway.sandboxes.emitting import Emitting
from gateway.sandboxes.endpoints import Endpoints
from gateway.sandboxes.faults import Faults
from gateway.sandboxes.injections import INJECTIONS
from gateway.sandboxes.keeping import Announce, Sandboxes
from gateway.sandboxes.looking import Looking
from gateway.sandboxes.timekeeping import Timekeeping
from gateway.stores.call_log import CallLog
from gateway.stores.redis_connection import RedisConnection
from gateway.stores.sql import Sql
from gateway.stores.standing_faults import StandingFaults
from gateway.webhooks import assembling


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


def testing(line: RedisConnection) -> Testing:
    """What calls from inside a sandbox may meet, and what is remembered of them."""
    return Testing(INJECTIONS, StandingFaults(line), Remembering(CallLog(line)))


def provoking(testing: Testing | None, parts: Dependencies, sql: Sql) -> Mapping[str, Accepted]:
    """What answers the operations that make a call fail, tell of calls and have something happen, by name."""
    if testing is None:
        return {}
    types = parts.catalogue.events(parts.settings.ids)
    offered = assembling.offered(parts.settings, parts.catalogue)
    return {
        **Faults(testing.standing, testing.known).handlers(),
        **Looking(testing.remembering.log).handlers(),
        **Emitting(sql, types, offered, parts.operations, parts.internal, parts.permissions).handlers(),
    }


def handlers(kept: Sandboxes | None, settings: Settings, sql: Sql) -> Mapping[str, Accepted]:
    """What answers the operations of test mode, by name."""
    if kept is None:
        return {}
    timekeeping = Timekeeping(sql, kept.announce, settings.idempotency.lifetime)
    return {**Endpoints(kept, sql, settings.test).handlers(), **Data(kept, timekeeping).handlers()}
