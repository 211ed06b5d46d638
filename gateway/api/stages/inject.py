"""A call in test mode meets the fault that it asks for, or that stands for it, and is noted down. A live one that asks for a
fault is refused, never served without it.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Final

from adapters.core.calls import Answer
from adapters.core.operation import Operation
from gateway.api.dependencies import Dependencies
from gateway.api.exchange import Exchange, Identified
from gateway.api.injection.declared import Scene
from gateway.api.injection.header import HEADER, Asked, read, refused
from gateway.api.injection.remembering import watched
from gateway.api.stacked import Innermost
from gateway.auth.caller import Caller
from gateway.observe import metrics
from gateway.stores.errors import StoreUnavailable

_OF_TEST_MODE: Final = "test"


def inject(operation: Operation, dependencies: Dependencies, behind: Innermost[Identified]) -> Identified:
    """Hands the call on to the stages `behind`: as they are, or made anew around parts of which one fails. Raises 400."""
    proceed, testing = behind(operation, dependencies), dependencies.testing

    def injected(exchange: Exchange, caller: Caller) -> Awaitable[Answer]:
        if testing is not None and caller.mode == "test":
            # What sets faults and looks at calls is not one of them.
            own = operation.first == _OF_TEST_MODE
            answering = faulty(exchange, caller, own=own)
            return answering if own else testing.remembering.call(operation, dependencies, exchange, caller, answering)
        if HEADER in exchange.headers:
            raise refused()
        return proceed(exchange, caller)

    async def faulty(exchange: Exchange, caller: Caller, *, own: bool) -> Answer:
        asked = await met(exchange, caller, own=own)
        scene = Scene(operation, dependencies, exchange, caller)
        if asked is not None:
            scene = asked.applied(scene)
            exchange.fault = asked.injection.name
        # Above the fault, so that what becomes of a call is noted as it is told.
        parts = replace(scene.dependencies, internal=scene.dependencies.internal.through(watched))
        answer = await behind(scene.operation, parts)(exchange, scene.caller)
        return answer if asked is None else asked.injection.after(answer)

    async def met(exchange: Exchange, caller: Caller, *, own: bool) -> Asked | None:
        assert testing is not None
        given = exchange.headers.get(HEADER)
        if given is not None:
            return read(given.decode("latin-1"), testing.known)
        if own:
            return None
        try:
            standing = await testing.standing.take(caller.tenant_id, exchange.method, exchange.path, operation.route)
        except StoreUnavailable:
            metrics.fail_mode("standing_faults_ignored")
            return None
        return None if standing is None else read(standing, testing.known)

    return injected
